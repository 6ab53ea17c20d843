# SPDX-License-Identifier: Apache-2.0
"""The queue for replies is made for each transport by itself."""

from __future__ import annotations

import threading

import oslo_messaging

from trove.common.rpc._broker import replies
from trove.tests import base
from trove.tests.fixtures import waiting


class Driver:
    """A driver of oslo.messaging whose broker can be away."""

    def __init__(self, broker):
        self.broker = broker
        self.asked = 0
        self._reply_q = None
        self._reply_q_conn = None

    def _get_reply_q(self):
        self.asked += 1
        self.broker.wait(60)
        self._reply_q = 'reply_x'
        return self._reply_q


class RepliesTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.replies = replies.Replies()
        self.broker = threading.Event()
        self.addCleanup(self.broker.set)

    def given_one_that_waits(self):
        driver = Driver(self.broker)
        self.assertRaises(
            oslo_messaging.MessageDeliveryFailure,
            self.replies.prepare,
            driver,
            0.01,
        )
        return driver

    def test_one_thread_makes_it_while_the_broker_is_away(self):
        driver = self.given_one_that_waits()
        self.assertRaises(
            oslo_messaging.MessageDeliveryFailure,
            self.replies.prepare,
            driver,
            0.01,
        )

        self.broker.set()

        waiting.until(lambda: driver._reply_q, 'it is made')
        self.assertEqual(1, driver.asked)

    def test_a_transport_that_was_closed_keeps_no_other_from_it(self):
        """Given one that tried on, the next one had no queue for replies."""
        self.given_one_that_waits()
        there = threading.Event()
        there.set()
        other = Driver(there)

        self.replies.prepare(other, 60)

        self.assertEqual('reply_x', other._reply_q)
