# SPDX-License-Identifier: Apache-2.0
"""What old releases do otherwise on the broker, acted out with plain AMQP."""

from __future__ import annotations

import json
import threading
from typing import Any
import uuid

import amqp

from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.tests import base
from trove.tests.functional.interop import base as interop


class OldGuest(threading.Thread):
    """Answers calls as release 8 does: to an exchange of the caller's.

    The exchange has the name of the caller's reply queue, and is only used,
    never made, by the one who answers.
    """

    def __init__(self, broker: Any, instance_id: str) -> None:
        super().__init__(daemon=True)
        self._connection = amqp.Connection(
            f'127.0.0.1:{broker.port}',
            userid=broker.user,
            password=broker.password,
        )
        self._connection.connect()
        self._channel = self._connection.channel()
        topic = f'guestagent.{instance_id}'
        self._channel.exchange_declare(
            'openstack', 'topic', durable=False, auto_delete=False
        )
        self._channel.queue_declare(topic, durable=False, auto_delete=False)
        self._channel.queue_bind(topic, 'openstack', topic)
        self._channel.basic_consume(topic, callback=self._take, no_ack=True)
        self.done: list[str] = []
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._connection.drain_events(timeout=0.2)
            except TimeoutError:
                continue
        self._connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _take(self, message: Any) -> None:
        said = json.loads(json.loads(message.body)['oslo.message'])
        failure = None
        if said['version'] != '1.0':
            failure = 'UnsupportedVersion'
        elif said['method'] != 'list_users':
            failure = 'NoSuchMethod'
        else:
            self.done.append(said['method'])
        reply_to = said['_reply_q']
        self._channel.exchange_declare(reply_to, 'direct', passive=True)
        self._channel.basic_publish(
            self._reply(said['_msg_id'], failure),
            exchange=reply_to,
            routing_key=reply_to,
        )

    @staticmethod
    def _reply(message_id: str, failure: str | None) -> amqp.Message:
        if failure is not None:
            failure = json.dumps(
                {
                    'class': failure,
                    'module': 'oslo_messaging.rpc.dispatcher',
                    'message': 'no',
                    'tb': [],
                    'args': [],
                    'kwargs': {},
                }
            )
        body = {
            '_msg_id': message_id,
            '_unique_id': uuid.uuid4().hex,
            'result': None if failure else [['a user'], None],
            'failure': failure,
            'ending': True,
        }
        return amqp.Message(
            json.dumps(
                {'oslo.version': '2.0', 'oslo.message': json.dumps(body)}
            ),
            content_type='application/json',
            content_encoding='utf-8',
        )


class ReplyExchangeTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.instance = str(uuid.uuid4())
        self.guest = OldGuest(interop.broker(), self.instance)
        self.guest.start()
        self.addCleanup(self.guest.end)
        self.found: list[str | None] = []
        self.transport = rpc.Transport(
            self.conf,
            url=interop.broker().url,
            keep={'guestagent': lambda _peer, text: self.found.append(text)},
        )
        self.addCleanup(self.transport.close)
        self.api = guest_api.API(self.transport, self.instance, timeout=10)

    def test_release_8_answers_calls(self) -> None:
        for _ in range(2):
            page = self.api.list_users(trove_context.TroveContext())

            self.assertEqual([['a user'], None], page)

        # It has answered the probe as well.
        self.assertEqual(['1.0'], self.found)
        self.assertEqual(['list_users'] * 2, self.guest.done)
