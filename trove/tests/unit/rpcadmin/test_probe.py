# SPDX-License-Identifier: Apache-2.0
"""trove-rpc probe, of endpoints that are there."""

from __future__ import annotations

import inspect
from unittest import mock

import fixtures
from kombu import exceptions as kombu_exceptions

from trove.objects.guest import guest_versions
from trove.peers import versions
from trove.tests.unit.rpcadmin import base


class ProbeTest(base.TestCase):
    OPTIONS = base.TestCase.OPTIONS + 'probe_timeout = 0.5\n'

    def setUp(self):
        super().setUp()
        self.transport = self.memory_transport()

    def serve(self, interface, version, peer=None, host='here'):
        """Serve an interface as of a revision; nothing of it is run."""
        client = versions.CLIENTS[interface]
        manager = mock.Mock(spec_set=['interface', *client.interface.methods])
        manager.interface = client.interface
        for name, method in client.interface.methods.items():
            setattr(manager, name, _served(method))
        server = self.transport.server(
            manager, host=host, peer=peer, version=version
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def test_a_guest_that_announces_nothing(self):
        instance = self.ready().id
        self.beat(instance, version=None)
        self.serve('guestagent', '1.0/victoria', instance)

        found = self.json('probe', instance)

        self.assertEqual('1.0/victoria', found['answered'])
        self.assertEqual('victoria', found['releases'])
        self.assertTrue(found['kept'])
        self.assertIsNone(found['believed_before'])
        self.assertIn('get_diagnostics', found['blocks'])
        self.assertEqual(
            '1.0/victoria', guest_versions.guest_version(instance)
        )

    def test_a_guest_that_announces_itself(self):
        instance = self.ready().id
        self.beat(instance, version='1.4 27.0.0')
        self.serve('guestagent', '1.4', instance)

        found = self.json('probe', instance)

        self.assertEqual('1.4', found['answered'])
        self.assertEqual('1.4', found['believed_before'])
        self.assertFalse(found['kept'])

    def test_a_guest_that_was_rolled_back(self):
        instance = self.ready().id
        self.beat(instance, version='1.4 27.0.0')
        self.serve('guestagent', '1.1', instance)

        found = self.json('probe', instance)

        self.assertEqual('1.4', found['believed_before'])
        self.assertTrue(found['kept'])
        self.assertEqual('1.1', guest_versions.guest_version(instance))

    def test_a_guest_that_is_silent(self):
        instance = self.ready().id

        self.assertEqual(
            1, self.run_rpc('probe', instance, '--timeout', '0.2')
        )

        self.assertIn(f'instance {instance} did not answer', self.error)
        self.assertEqual('', self.out)

    def test_broker_that_is_away_is_a_sentence(self):
        instance = self.ready().id
        away = kombu_exceptions.OperationalError('[Errno 111] refused')
        self.useFixture(
            fixtures.MockPatchObject(
                self.transport.connection, 'reach', side_effect=away
            )
        )
        self.useFixture(
            fixtures.MockPatch(
                'trove.peers.transport', return_value=self.transport
            )
        )

        for whom in (
            [instance],
            ['--taskmanager'],
            ['--conductor', '--host', 'c1'],
        ):
            with self.subTest(whom):
                self.assertEqual(1, self.run_rpc('probe', *whom))
                self.assertIn('the message broker is unavailable', self.error)
                self.assertIn('[Errno 111] refused', self.error)
                self.assertIn('transport_url', self.error)
                self.assertNotIn('This is a bug', self.error)

    def test_a_bug_is_not_taken_for_the_broker(self):
        self.useFixture(
            fixtures.MockPatch('trove.common.rpc.probe', side_effect=KeyError)
        )

        self.assertEqual(1, self.run_rpc('probe', self.ready().id))

        self.assertIn('This is a bug', self.error)

    def test_an_instance_that_does_not_exist(self):
        self.assertEqual(1, self.run_rpc('probe', 'nonsense'))

        self.assertIn('nonsense', self.error)

    def test_the_services(self):
        self.serve('taskmanager', '1.0/train')

        found = self.json('probe', '--taskmanager')

        self.assertEqual('taskmanager', found['kind'])
        self.assertEqual('1.0/train', found['answered'])

    def test_one_of_the_services(self):
        self.serve('conductor', '1.1', host='c1')
        self.serve('conductor', '1.0/stein', host='c2')

        first = self.json('probe', '--conductor', '--host', 'c1')
        second = self.json('probe', '--conductor', '--host', 'c2')

        self.assertEqual('1.1', first['answered'])
        # Only a message that is carried out would tell 1.0/stein from it.
        self.assertEqual('1.0', second['answered'])

    def test_nobody_or_several_is_status_2(self):
        self.assertEqual(2, self.run_rpc('probe'))
        self.assertEqual(2, self.run_rpc('probe', '--conductor', 'x'))


def _served(method):
    def serve(context, *args, **kwargs):
        raise AssertionError(f'{method.name} was run')

    parameters = list(method.signature.parameters.values())
    serve.__signature__ = method.signature.replace(
        parameters=[_CONTEXT, *parameters]
    )
    return serve


_CONTEXT = inspect.Parameter(
    'context', inspect.Parameter.POSITIONAL_OR_KEYWORD
)
