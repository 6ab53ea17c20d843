# SPDX-License-Identifier: Apache-2.0
"""A new major version beside the old one, and guests that share a process."""

from __future__ import annotations

import dataclasses

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class SharingTest(base.MessageTestCase):
    """Several guests in one process have one connection, and no more."""

    def test_each_has_its_own_keys_and_caps(self):
        one, two = (
            self.transport.sharing(
                self.conf,
                {'guestagent': lambda peer, cap=cap: cap},
                keys=keys_fixture.Keys(None, key * 32),
            )
            for cap, key in (('1.1', 'a'), ('1.10', 'b'))
        )
        server = two.server(self.manager, host='h', peer=self.id())
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

        self.assertEqual('1.1', sample.API(one, self.id()).cap)
        error = self.assertRaises(
            exception.TroveError,
            sample.API(one, self.id()).scrape,
            self.context,
        )
        self.assertNotIsInstance(error, exception.PeerTimeout)
        one.close()
        reply = sample.API(two, self.id()).scrape(self.context)
        self.assertEqual('smooth', reply)


class MajorTest(base.MessageTestCase):
    """A new major version, served beside the old one."""

    class API2(
        rpc.Client,
        interface=rpc.Interface(
            name='guestagent',
            topic=sample.INTERFACE.topic,
            peer='sample server %s',
            remedy='Upgrade the sample server.',
            follows=True,
            history=(
                rpc.Revision('2.0', 'Colours are numbers.'),
                rpc.Revision('2.1', 'More.', releases=('fifth',)),
            ),
        ),
    ):
        @rpc.call('2.0')
        def paint(
            self, context: trove_context.TroveContext, colour: int
        ) -> int:
            """Paint something else altogether."""

        @rpc.call('2.1')
        def shine(self, context: trove_context.TroveContext) -> str:
            """Shine."""

    class Manager2:
        interface: rpc.Interface

        def paint(self, context, colour):
            return colour + 1

        def shine(self, context):
            return 'bright'

    Manager2.interface = API2.interface

    def both(self, *managers, announced):
        self.announced = announced
        server = self.transport.server(
            *managers, host='h', peer=self.id()
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return (
            sample.API(self.transport, self.id()),
            self.API2(self.transport, self.id()),
        )

    def test_clients_of_both_are_served(self):
        old, new = self.both(
            self.manager, self.Manager2(), announced='1.10,2.1'
        )

        self.assertEqual('door', old.paint(self.context, 'door')['what'])
        self.assertEqual(8, new.paint(self.context, 7))
        self.assertEqual('bright', new.shine(self.context))
        self.assertTrue(new.can_send_version('2.1'))

    def test_what_it_sends_is_sealed_and_nothing_less_is(self):
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.announced},
            keys=keys_fixture.Keys(None, 'k' * 32),
        )
        old, new = self.both(
            self.manager, self.Manager2(), announced='1.2,2.1'
        )

        new.paint(self.context, 7)
        old.paint(self.context, 'door')

        self.assertEqual(
            [('sealed', '2.0'), ('released', '1.0')],
            [
                (event.form, event.version)
                for event in self.events
                if event.outcome == 'sent'
            ],
        )

    def test_one_that_is_refused_is_not_sent_in_a_weaker_form(self):
        self.config(enable_secure_rpc_messaging=True)
        old, new = self.both(self.manager, announced='1.10,2.1')

        self.assertRaises(
            exception.PeerTooOld, new.paint, self.context, 7
        )

        self.assertNotIn('downgraded', [e.outcome for e in self.events])
        self.assertNotIn('no longer accepts sealed', self.logs.output)

    def test_a_new_client_sends_an_old_peer_nothing(self):
        for announced in ('1.10', None, 'nonsense'):
            old, new = self.both(self.manager, announced=announced)
            self.transport.refresh()

            self.assertFalse(new.can_send_version('2.0'))
            error = self.assertRaises(
                exception.PeerTooOld, new.paint, self.context, 7
            )
            self.assertEqual('2.0', error.needs)

    def test_an_old_client_sends_a_peer_that_dropped_its_major_nothing(self):
        old, new = self.both(self.Manager2(), announced='2.1')

        self.assertRaises(
            exception.PeerTooOld, old.paint, self.context, 'door'
        )
        self.assertEqual(8, new.paint(self.context, 7))

    def test_a_pin_on_the_old_major_holds_the_new_one_back(self):
        old, new = self.both(
            self.manager, self.Manager2(), announced='1.10,2.1'
        )
        self.config(guestagent='1.2', group='upgrade_levels')

        self.assertEqual('1.2', old.cap)
        self.assertFalse(new.can_send_version('2.0'))

    def test_one_interface_is_of_one_major(self):
        self.assertRaises(
            TypeError,
            dataclasses.replace,
            sample.INTERFACE,
            history=(rpc.Revision('1.0', ''), rpc.Revision('2.0', '')),
        )
