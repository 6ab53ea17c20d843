# SPDX-License-Identifier: Apache-2.0
"""Heartbeats: what they carry, and what a broken broker does to them."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import heartbeat
from trove.guestagent import monotonic_time
from trove.tests import base
from trove.tests.fixtures import conductors
from trove.tests.fixtures import waiting


class HeartbeatTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(guest_id='the guest', tenant_id='the project')
        self.sent: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.status = 'healthy'
        self.version: str | None = None
        self.follows: dict[str, Any] | None = None
        self.trouble = ''
        self.beats = heartbeat.Heartbeat(
            self.conf,
            mock.Mock(),
            '1.3',
            lambda: self.status,
            monotonic_time.MonotonicTime(None),
            lambda: self.version,
            lambda: self.follows,
            lambda: self.trouble,
        )
        self.beats._conductor = mock.Mock(heartbeat=self._cast)

    def _cast(self, context: Any, **arguments: Any) -> None:
        self.context = context
        if self.error is not None:
            raise self.error
        self.sent.append(arguments)

    def test_it_says_who_how_and_what_is_spoken(self) -> None:
        self.beats.beat()
        (sent,) = self.sent
        self.assertEqual('the guest', sent['instance_id'])
        self.assertEqual('healthy', sent['payload']['service_status'])
        self.assertEqual('1.3', sent['payload']['rpc_version'])
        self.assertTrue(sent['payload']['release'])
        self.assertIsInstance(sent['sent'], float)
        self.assertEqual('the project', self.context.project_id)
        self.assertFalse(self.context.is_admin)

    def test_what_comes_before_the_first_comes_once(self) -> None:
        order: list[str] = []
        beats = heartbeat.Heartbeat(
            self.conf,
            mock.Mock(),
            '1.3',
            lambda: order.append('status') or 'healthy',
            monotonic_time.MonotonicTime(None),
            first=lambda: order.append('first'),
        )
        beats._conductor = mock.Mock(heartbeat=self._cast)

        beats.beat()
        beats.beat()

        self.assertEqual(['first', 'status', 'status'], order)

    def test_it_says_how_a_replica_follows(self) -> None:
        self.beats.beat()
        self.follows = {'follows': True}
        self.beats.beat()

        first, second = (each['payload'] for each in self.sent)
        self.assertNotIn('replication', first)
        self.assertEqual(self.follows, second['replication'])

    def test_it_says_why_the_database_does_not_run(self) -> None:
        self.beats.beat()
        self.trouble = f'{"x" * 5000} Repair it.'
        self.beats.beat()

        first, second = (each['payload'] for each in self.sent)
        self.assertNotIn('trouble', first)
        self.assertEqual(1000, len(second['trouble']))
        self.assertTrue(second['trouble'].endswith('xxx Repair it.'))

    def test_it_says_which_server_runs_as_soon_as_that_is_known(self) -> None:
        self.beats.beat()
        self.version = '18.6'
        self.beats.beat()

        found = [each['payload'].get('server_version') for each in self.sent]
        self.assertEqual([None, '18.6'], found)
        self.assertNotIn('server_version', self.sent[0]['payload'])

    def test_a_change_is_told_at_once(self) -> None:
        # Given an interval that no test lives to see
        self.beats.start()
        self.addCleanup(self.beats.stop)
        waiting.until(lambda: self.sent, 'the first heartbeat')
        # When
        self.status = 'crashed'
        self.beats.wake()
        # Then
        waiting.until(
            lambda: self.sent[-1]['payload']['service_status'] == 'crashed',
            'the change is told',
        )

    def test_a_broker_that_is_away_is_logged_once(self) -> None:
        # When
        self.error = exception.ServiceUnavailable(what='The broker')
        for _ in range(3):
            self.beats.beat()
        self.error = None
        for _ in range(2):
            self.beats.beat()
        # Then
        self.assertEqual(2, len(self.sent))
        self.assertEqual(1, self.logs.output.count('Could not send'))
        self.assertIn('transport_url', self.logs.output)
        self.assertEqual(1, self.logs.output.count('are sent again'))


class OldConductor(conductors.Conductor):
    """As conductors of releases 8 to 12: they have no word for healthy."""

    knows = False

    def heartbeat(
        self,
        context: trove_context.TroveContext,
        instance_id: str,
        payload: dict[str, Any],
        sent: float | None = None,
    ) -> None:
        if payload['service_status'] == 'healthy' and not self.knows:
            raise ValueError('healthy is not a valid ServiceStatus.')
        super().heartbeat(context, instance_id, payload, sent)


class ReleasedConductorTest(base.TestCase):
    """What conductors of a release are told, of whichever it is."""

    def setUp(self) -> None:
        super().setUp()
        self.config(
            guest_id='the guest', conductor_queue=self.id(), probe_timeout=1
        )
        self.config(group='upgrade_levels', refresh_interval=10)
        self.now = 1000.0
        self.status = 'healthy'
        self.speaks = '1.0/stein'
        self.conductor = OldConductor()
        self.transport = self.memory_transport(
            discover={'conductor': lambda peer: self.speaks}
        )
        self.server = self.transport.server(self.conductor, host='here')
        self.server.start()
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.stop)
        self.beats = heartbeat.Heartbeat(
            self.conf,
            self.transport,
            '1.5',
            lambda: self.status,
            monotonic_time.MonotonicTime(None),
            clock=lambda: self.now,
        )

    def told(self, *words: str) -> None:
        """Send a heartbeat; see what has been taken in all."""
        self.beats.beat()
        waiting.until(
            lambda: len(self.conductor.payloads) >= len(words), 'it is taken'
        )
        self.assertEqual(
            list(words),
            [each['service_status'] for each in self.conductor.payloads],
        )

    def test_who_does_not_know_the_word_is_told_another(self) -> None:
        self.told('running')
        self.told('running', 'running')
        # Said once, and no failure of the heartbeat
        self.assertEqual(1, self.logs.output.count('release 12 or before'))
        self.assertNotIn('could not be sent', self.logs.output)

    def test_other_words_are_told_as_they_are(self) -> None:
        for count, word in enumerate(('new', 'building', 'crashed'), 1):
            self.status = word
            self.told(*('new', 'building', 'crashed')[:count])

    def test_who_knows_it_is_told_it(self) -> None:
        self.conductor.knows = True
        self.told('healthy')
        self.told('healthy', 'healthy')

    def test_it_is_tried_again_after_an_upgrade(self) -> None:
        self.told('running')
        self.conductor.knows = True
        self.now += 179
        self.told('running', 'running')
        # When it is not known any more that one failed
        self.now += 2
        # Then
        self.told('running', 'running', 'healthy')

    def test_our_conductors_get_it_at_once(self) -> None:
        self.told('running')
        self.conductor.knows = True
        self.speaks = '1.1'
        self.transport.refresh()
        self.told('running', 'healthy')

    def test_a_conductor_that_is_slow_gets_the_last_word(self) -> None:
        # Given one that took the word before
        self.conductor.knows = True
        self.told('healthy')
        # When it does not answer in time
        self.server.stop()
        self.server.wait()
        self.beats.beat()
        again = self.transport.server(self.conductor, host='here')
        again.start()
        self.addCleanup(again.wait)
        self.addCleanup(again.stop)
        # Then it finds the same word when it comes to it
        waiting.until(
            lambda: len(self.conductor.payloads) >= 2, 'it is taken'
        )
        self.assertEqual(
            {'healthy'},
            {each['service_status'] for each in self.conductor.payloads},
        )
