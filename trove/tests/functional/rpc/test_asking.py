# SPDX-License-Identifier: Apache-2.0
"""Hundreds of peers are asked side by side, by a real RabbitMQ."""

from __future__ import annotations

import json

import amqp
import oslo_messaging

from trove.common import rpc
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import base
from trove.tests.unit.common.rpc import sample

INTERFACE = sample.API.interface
EXCHANGE = 'openstack'


def envelope(message):
    return json.dumps(
        {'oslo.version': '2.0', 'oslo.message': json.dumps(message)}
    )


class AskingTest(base.BrokerTestCase):
    shared: rabbitmq.VirtualHost

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = rabbitmq.VirtualHost()
        cls.shared.setUp()
        cls.addClassCleanup(cls.shared.cleanUp)

    def make_broker(self):
        return self.shared

    def setUp(self):
        super().setUp()
        self.config(probe_timeout=1)
        self.asker = rpc.Transport(self.conf, url=self.broker.url)
        self.addCleanup(self.asker.close)
        self.admin = self.broker.admin()
        self.addCleanup(self.admin.close)
        self.channel = self.admin.channel()

    def given_queue(self, peer):
        """The queue of a guest that is away."""
        queue = INTERFACE.topic(self.conf, peer)
        self.channel.exchange_declare(
            EXCHANGE, 'topic', durable=False, auto_delete=False
        )
        self.channel.queue_declare(queue, auto_delete=False)
        self.channel.queue_bind(queue, EXCHANGE, queue)
        return queue

    def given_hostile(self, peer, reply):
        """A guest that answers whatever it likes."""
        queue = self.given_queue(peer)

        def answer(message):
            asked = json.loads(json.loads(message.body)['oslo.message'])
            for said in reply(asked):
                self.channel.basic_publish(
                    amqp.Message(
                        said,
                        content_type='application/json',
                        content_encoding='utf-8',
                    ),
                    routing_key=asked['_reply_q'],
                )

        self.channel.basic_consume(queue, no_ack=True, callback=answer)

    def ask(self, peers):
        """Ask, while the hostile ones have time to answer."""
        found = {}
        for peer, revision in self.asker.ask_many(INTERFACE, peers):
            found[peer] = revision and revision.name
            self.drain()
        return found

    def drain(self):
        try:
            while True:
                self.admin.drain_events(timeout=0.01)
        except TimeoutError:
            pass  # They have nothing to answer.

    def test_who_is_away_holds_nobody_up(self):
        self.serve(self.connected(), sample.Manager(), version='1.1')
        away = [f'away-{number}' for number in range(300)]
        queues = [self.given_queue(peer) for peer in away[:150]]

        rest = iter([*away, 'x'])
        found = dict(self.asker.ask_many(INTERFACE, rest))

        expected = {**dict.fromkeys(away), 'x': INTERFACE.revision('1.1')}
        self.assertEqual(expected, found)
        # Who was known first: those without a queue, and who answers.
        self.assertEqual(set(away[:150]), set(list(found)[-150:]))
        # What they were asked does not wait for them for ever.
        waiting.until(
            lambda: not any(
                self.channel.queue_declare(queue, passive=True).message_count
                for queue in queues
            ),
            'the questions are gone',
        )

    def test_calls_go_on_meanwhile(self):
        self.given_queue('away')
        manager = sample.Manager()
        self.serve(self.connected(), manager)
        asked = self.asker.ask_many(INTERFACE, ['x', 'away'])
        self.assertEqual(('x', INTERFACE.latest), next(asked))

        client = sample.API(self.connected(), 'x')
        reply = client.paint(self.context, 'door')

        self.assertEqual('door', reply['what'])
        self.assertEqual([('away', None)], list(asked))

    def test_whatever_comes_back_concerns_one_peer(self):
        def named(**said):
            def reply(asked):
                content = {'_msg_id': asked['_msg_id'], '_unique_id': 'u'}
                yield envelope({**content, **said})

            return reply

        hostile = {
            'no-json': lambda asked: ['{'],
            'nothing': named(),
            'a-list': named(failure=[1, 2]),
            'no-class': named(failure='{"class": 5}', ending=True),
            'a-result': named(result='x' * 1000, ending=True),
            'another': lambda asked: [envelope({'_msg_id': 'other'})],
            'twice': lambda asked: [*named()(asked), *named()(asked)],
        }
        for peer, reply in hostile.items():
            self.given_hostile(peer, reply)
        self.serve(self.connected(), sample.Manager(), version='1.1')
        self.config(probe_at_once=len(hostile) + 1)

        found = self.ask([*hostile, 'x'])

        self.assertEqual({**dict.fromkeys(hostile), 'x': '1.1'}, found)


class BrokerAwayTest(base.BrokerTestCase):
    def test_it_is_told(self):
        self.asker = rpc.Transport(self.conf, url=self.broker.url)
        self.addCleanup(self.asker.close)
        asked = self.asker.ask_many(
            INTERFACE, (str(number) for number in range(100_000))
        )
        next(asked)

        self.broker.stop()

        self.assertRaises(
            (
                oslo_messaging.MessageDeliveryFailure,
                OSError,
                amqp.AMQPError,
            ),
            list,
            asked,
        )
        self.assertEqual(
            {}, self.asker.connection.open()._driver._waiter.waiters._queues
        )
