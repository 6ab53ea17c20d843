# SPDX-License-Identifier: Apache-2.0
"""Strangers do not fill the log with lines of libraries."""

from __future__ import annotations

import inspect
import logging
import re
import sys
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
        for name in peer_logs.LINES:
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
        self.assertIn('find out who can publish', found[-1])

    def test_replies_that_nobody_waits_for(self):
        waiters = amqpdriver.ReplyWaiters()

        for number in range(200):
            waiters.put(f'{number}', {})
        self.now = peer_logs.WINDOW
        waiters.put('x', {})

        found = self.lines('No calling threads waiting')
        self.assertEqual(peer_logs.MOST + 1, len(found))
        self.assertIn('(180 such lines were suppressed', found[-1])

    def test_what_fails_here_is_told_each_time(self):
        """Given a cast that fails, the 21st was hidden for an hour."""
        dispatcher = mock.Mock()
        dispatcher.dispatch.side_effect = RuntimeError('a fault of ours')
        serving = server.RPCServer(mock.Mock(), mock.Mock(), dispatcher, None)

        for _ in range(2 * peer_logs.MOST):
            serving._process_incoming([mock.MagicMock()])

        self.assertEqual(
            2 * peer_logs.MOST, len(self.lines('RuntimeError: a fault'))
        )

    def test_the_library_says_it_in_these_words(self):
        for name, lines in peer_logs.LINES.items():
            source = inspect.getsource(sys.modules[name])
            # Texts that are written in parts.
            said = re.sub(r"""["']\n\s+["']""", '', source)
            for line in lines:
                self.assertIn(line, said)

    def test_each_process_has_it(self):
        peer_logs.install()

        for name in peer_logs.LINES:
            found = logging.getLogger(name).filters
            self.assertTrue(
                any(isinstance(each, peer_logs.Bound) for each in found)
            )
