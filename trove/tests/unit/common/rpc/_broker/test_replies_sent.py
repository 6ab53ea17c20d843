# SPDX-License-Identifier: Apache-2.0
"""Replies to queues that may not be there."""

import contextlib
import threading
import types

import oslo_messaging
from oslo_messaging._drivers import amqpdriver

from trove.common.rpc._broker import replies
from trove.tests import base
from trove.tests.fixtures import waiting


class Broker:
    """Stands for RabbitMQ and the connections to it."""

    def __init__(self, patience=60):
        self.missing_destination_retry_timeout = patience
        self.tries = []
        self.there = threading.Event()

    @contextlib.contextmanager
    def _get_connection(self, purpose):
        yield self

    def direct_send(self, queue, message):
        self.tries.append(queue)
        if not self.there.is_set():
            raise oslo_messaging.MessageUndeliverable(None, None, None, None)


class AnsweringTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.gone = amqpdriver.ObsoleteReplyQueuesCache()

    def incoming(self, broker, queue='reply_x', proven=True):
        listener = types.SimpleNamespace(driver=broker)
        made = replies.Incoming(
            listener, {}, {}, 'unique', 'asked', queue, None, self.gone, None
        )
        replies.is_proven(made, proven)
        return made

    def start(self, incoming):
        thread = threading.Thread(target=incoming.reply)
        thread.start()
        return thread

    def test_it_is_there(self):
        broker = Broker()
        broker.there.set()

        self.incoming(broker, proven=False).reply()

        self.assertEqual(['reply_x'], broker.tries)

    def test_who_has_proven_nothing_has_one_try(self):
        broker = Broker()

        self.incoming(broker, proven=False).reply()

        self.assertEqual(['reply_x'], broker.tries)
        self.assertIn('Dropped a reply', self.logs.output)
        # Or a stranger could keep replies from a peer that connects anew.
        self.assertTrue(self.gone.reply_q_valid('reply_x', 'other'))

    def test_who_connects_anew_gets_its_reply(self):
        broker = Broker()
        thread = self.start(self.incoming(broker))
        waiting.until(lambda: broker.tries, 'it was tried once')

        broker.there.set()

        thread.join()
        self.assertGreater(len(broker.tries), 1)
        self.assertNotIn('Dropped', self.logs.output)

    def test_who_does_not_come_back(self):
        broker = Broker(patience=0)

        self.incoming(broker).reply()

        self.assertIn('Dropped a reply', self.logs.output)
        self.assertFalse(self.gone.reply_q_valid('reply_x', 'other'))

    def test_some_wait_at_a_time(self):
        broker = Broker()
        waits = [
            self.start(self.incoming(broker, f'reply_{number}'))
            for number in range(replies._AT_ONCE)
        ]
        waiting.until(
            lambda: len(set(broker.tries)) == len(waits)
            and len(broker.tries) > len(waits),
            'all of them were tried',
        )
        waiting.until(
            lambda: all(
                broker.tries.count(f'reply_{number}') > 1
                for number in range(len(waits))
            ),
            'all of them wait',
        )

        self.incoming(broker, 'reply_more').reply()

        self.assertEqual(1, broker.tries.count('reply_more'))
        broker.there.set()
        for each in waits:
            each.join()
