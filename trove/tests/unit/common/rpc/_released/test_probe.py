# SPDX-License-Identifier: Apache-2.0
"""Probes of endpoints of every release, of our own, and of nobody."""

from __future__ import annotations

import dataclasses
from unittest import mock

import oslo_messaging

from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.tests import base
from trove.tests.unit.common.rpc import released
from trove.tests.unit.common.rpc import sample


class ReleasedProbeTest(base.TestCase):
    """Every release that was measured, with and without a key."""

    #: What nothing tells apart counts as the older: a conductor of the
    #: latter refuses nothing that one of the former takes.
    SAME = {'1.0/stein': '1.0'}

    def check(self, name, serializer=None):
        interface = versions.CLIENTS[name].interface
        for release, series in releases.SERIES.items():
            endpoint = released.Endpoint(name, release)
            transport = released.Direct(self.conf, endpoint, serializer)

            found = rpc.probe(transport, interface, peer='them')

            expected = interface.revision(series).name
            if name == 'conductor':
                expected = self.SAME.get(expected, expected)
            self.assertEqual(expected, str(found), (name, release))
            self.assertEqual([], endpoint.run, (name, release))
            self.assertLessEqual(transport.asked, 6, (name, release))

    def test_task_managers(self):
        self.check('taskmanager')

    def test_task_managers_with_a_key(self):
        self.check('taskmanager', released.Encrypting())

    def test_conductors(self):
        self.check('conductor')

    def test_guests(self):
        self.check('guestagent')

    def test_guests_with_a_key(self):
        self.check('guestagent', released.Encrypting())


class OwnProbeTest(base.TestCase):
    """Our endpoints, as of each revision of the sample interface."""

    interface = sample.API.interface

    def setUp(self):
        super().setUp()
        self.transport = self.memory_transport()
        self.questions = []
        ask = self.transport.ask

        def watched(topic, server, version, method, arguments, *args, **kw):
            self.questions.append((version, method, tuple(arguments)))
            return ask(topic, server, version, method, arguments, *args, **kw)

        self.transport.ask = watched

    def start(self, manager, peer, transport=None, **options):
        server = (transport or self.transport).server(
            manager, peer=peer, **{'host': 'x', **options}
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def test_each_revision_is_found(self):
        for revision in self.interface.history:
            manager = sample.Manager()
            peer = f'{self.id()}.{revision.index}'
            self.start(manager, peer, version=revision.name)

            found = rpc.probe(self.transport, self.interface, peer)

            self.assertEqual(revision, found, (revision, found))
            self.assertEqual([], manager.received)

    def test_a_peer_that_is_up_to_date_is_asked_once(self):
        self.start(sample.Manager(), self.id())

        found = rpc.probe(self.transport, self.interface, self.id())

        self.assertEqual(self.interface.latest, found)
        self.assertEqual([('1.10', 'trove_rpc_probe', ())], self.questions)

    def test_a_peer_with_a_key_is_asked_without_one(self):
        rejected = []
        there = self.memory_transport(
            keys=NoKeyFits(), rejected=rejected.append
        )
        self.start(sample.Manager(), self.id(), there, version='1.1')

        found = rpc.probe(self.transport, self.interface, self.id())

        # Nobody is told of a message that was refused, for none was.
        self.assertEqual('1.1', str(found))
        self.assertEqual([], rejected)

    def test_nobody_answers(self):
        found = rpc.probe(
            self.transport, self.interface, self.id(), timeout=0.1
        )

        self.assertIsNone(found)
        self.assertEqual(1, len(self.questions))

    def test_an_answer_that_says_nothing(self):
        answer = mock.Mock(type='OperationalError', text='no database')
        self.transport.ask = mock.Mock(return_value=answer)

        self.assertIsNone(rpc.probe(self.transport, self.interface, 'them'))

    def test_one_of_several_servers_is_asked(self):
        self.start(sample.Manager(), self.id(), host='new')
        self.start(sample.Manager(), self.id(), host='old', version='1.1')

        found = {
            host: str(
                rpc.probe(self.transport, self.interface, self.id(), host)
            )
            for host in ('new', 'old')
        }

        self.assertEqual({'new': '1.10', 'old': '1.1'}, found)

    def test_a_peer_of_another_major_version(self):
        endpoint = released.Endpoint('guestagent', 26)
        endpoint.target = oslo_messaging.Target(version='2.3')
        server = oslo_messaging.get_rpc_server(
            self.transport.connection.open(),
            oslo_messaging.Target(topic=f'sample.{self.id()}', server='x'),
            [endpoint],
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

        found = rpc.probe(self.transport, self.interface, self.id())

        self.assertIs(rpc.NOTHING, found)

    def test_what_would_be_run_is_not_asked(self):
        declared = dataclasses.replace(
            self.interface,
            history=(
                rpc.Revision('1.0', 'First.'),
                rpc.Revision(
                    '1.0/later', 'More.', probe=rpc.Probe('page', 'size')
                ),
            ),
            sealed_since=None,
            methods={},
        )

        class API(rpc.Client, interface=declared):
            @rpc.call('1.0', spans={'size': rpc.Span('1.0/later')})
            def page(self, context, number=1, size=None):
                """Turn to a page."""

        manager = sample.Manager()
        manager.interface = API.interface
        manager.page = lambda context, number=1, size=None: None
        self.start(manager, self.id())

        error = self.assertRaises(
            ValueError, rpc.probe, self.transport, API.interface, self.id()
        )

        self.assertIn('a probe would run it', str(error))


class NoKeyFits:
    """Keys that open nothing of what is sent here."""

    identity = None

    def sealing(self, interface, peer):
        return 'a key'

    def opening(self, interface, sender, fresh=False):
        return ['a key']

    def opened(self, interface, sender, key, sealed):
        raise AssertionError('nothing can be opened')

    def released_allowed(self, interface, peer, fresh=False, taken=False):
        return True

    def clear_allowed(self, interface, sender):
        return False
