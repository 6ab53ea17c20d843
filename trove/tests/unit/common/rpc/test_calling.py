# SPDX-License-Identifier: Apache-2.0
"""How a client's method takes its arguments, and the options it reads."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class CallingTest(base.MessageTestCase):
    def setUp(self):
        super().setUp()
        self.api = self.serve()

    def received(self):
        (_, arguments) = self.manager.received[-1]
        return arguments

    def test_arguments_by_place_and_by_name_say_the_same(self):
        self.api.paint(self.context, 'wall', 2, colour='red')
        by_place = self.received()
        self.api.paint(self.context, colour='red', times=2, what='wall')

        self.assertEqual(by_place, self.received())
        self.assertEqual('wall', by_place['what'])
        self.assertEqual(2, by_place['times'])

    def test_what_python_refuses_is_refused_before_it_is_sent(self):
        calls = (
            ((), {}),
            (('wall',), {'what': 'wall'}),
            (('wall',), {'whom': 'wall'}),
            ((), {'times': 2, 'whom': 'wall'}),
            (('wall', 1, None, None, False, False, 'more'), {}),
        )
        for args, kwargs in calls:
            self.assertRaises(
                TypeError, self.api.paint, self.context, *args, **kwargs
            )

        self.assertEqual([], self.sent())
        self.assertEqual([], self.manager.received)

    def test_open_fields_go_along(self):
        arguments = type(self.api).interface.methods['note'].bind(
            ('n',), {'size': 1}
        )

        self.assertEqual({'name': 'n', 'size': 1}, arguments)

    def test_an_option_that_is_changed_counts_after_a_refresh(self):
        self.config(rpc_max_message_bytes=65536)
        self.api.paint(self.context, 'wall')
        self.config(rpc_max_message_bytes=2 * 65536)
        self.transport.refresh()

        self.api.paint(self.context, 'w' * 65537)

        self.assertEqual('w' * 65537, self.received()['what'])

    def test_a_new_pin_counts_after_a_refresh(self):
        self.assertEqual('1.10', self.api.cap)

        self.config(guestagent='1.1', group='upgrade_levels')
        self.transport.refresh()

        self.assertEqual('1.1', self.api.cap)

    def test_the_transport_may_be_used_again_after_it_was_closed(self):
        transport = self.memory_transport()
        api = sample.API(transport, self.id())
        api.paint(self.context, 'wall')

        transport.close()
        api.paint(self.context, 'door')

        self.assertEqual('door', self.received()['what'])


class ConfirmedTest(base.MessageTestCase):
    """Casts whose sender waits until they are carried out."""

    def test_it_is_carried_out(self):
        api = self.serve()

        api.confirmed(self.context, 'drop', {'what': 'it'})

        self.assertEqual([('drop', {'what': 'it'})], self.manager.received)

    def test_who_fails_says_so(self):
        manager = sample.Manager()
        manager.drop = _fail
        api = self.serve(manager=manager)

        error = self.assertRaises(
            exception.PeerError,
            api.confirmed,
            self.context,
            'drop',
            {'what': 'it'},
        )

        self.assertEqual(
            ('ValueError', 'it is stuck'), (error.remote_type, error.reason)
        )

    def test_nobody_waits_for_a_cast(self):
        manager = sample.Manager()
        manager.drop = _fail

        self.serve(manager=manager).drop(self.context, 'it')

        self.assertEqual([('drop', '1.0')], self.sent())


def _fail(context, what):
    raise ValueError(f'{what} is stuck')
