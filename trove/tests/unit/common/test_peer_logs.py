# SPDX-License-Identifier: Apache-2.0
"""Strangers do not fill the log with lines of libraries."""

from __future__ import annotations

import logging
from unittest import mock

import fixtures
from oslo_messaging._drivers import amqp
from oslo_messaging._drivers import amqpdriver
from oslo_messaging.rpc import server

from trove.common import peer_logs
from trove.tests import base


class PeerLogsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.logs = self.useFixture(fixtures.FakeLogger(level=logging.INFO))
        bound = peer_logs.Bound(lambda: self.now)
        for name in peer_logs.NAMES:
            self.useFixture(
                fixtures.MockPatchObject(
                    logging.getLogger(name), 'filters', [bound]
                )
            )

    def lines(self, text):
        return [x for x in self.logs.output.splitlines() if text in x]

    def test_copies(self):
        listener = amqpdriver.AMQPListener(mock.Mock(), mock.Mock())
        listener.msg_id_cache.add('x')

        for _ in range(200):
            listener({'method': 'm', amqp.UNIQUE_ID: 'x'})

        found = self.lines('ignoring duplicate message')
        self.assertEqual(peer_logs.MOST, len(found))
        self.assertIn('find out who can write', found[-1])

    def test_replies_that_nobody_waits_for(self):
        waiters = amqpdriver.ReplyWaiters()

        for number in range(200):
            waiters.put(f'{number}', {})
        self.now = peer_logs.WINDOW
        waiters.put('x', {})

        found = self.lines('No calling threads waiting')
        self.assertEqual(peer_logs.MOST + 1, len(found))
        self.assertIn('(180 such lines were left out', found[-1])

    def test_other_lines_are_not_concerned(self):
        for number in range(100):
            server.LOG.warning('x %s', number)

        server.LOG.warning('another')

        self.assertEqual(1, len(self.lines('another')))

    def test_each_process_has_it(self):
        peer_logs.install()

        for name in peer_logs.NAMES:
            found = logging.getLogger(name).filters
            self.assertTrue(
                any(isinstance(each, peer_logs.Bound) for each in found)
            )
