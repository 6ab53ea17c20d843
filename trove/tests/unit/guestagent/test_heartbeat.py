# SPDX-License-Identifier: Apache-2.0
"""Heartbeats: what they carry, and what a broken broker does to them."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.common import exception
from trove.guestagent import heartbeat
from trove.tests import base
from trove.tests.fixtures import waiting


class HeartbeatTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(guest_id='the guest', tenant_id='the project')
        self.sent: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.status = 'healthy'
        self.beats = heartbeat.Heartbeat(
            self.conf, mock.Mock(), '1.3', lambda: self.status
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
        self.assertEqual(1, self.logs.output.count('could not be sent'))
        self.assertIn('transport_url', self.logs.output)
        self.assertEqual(1, self.logs.output.count('are sent again'))
