# SPDX-License-Identifier: Apache-2.0
"""Somebody consumes the queue of a guest, and answers in its place."""

from __future__ import annotations

import base64
from collections.abc import Callable
import contextlib
import json
import re
import secrets
import threading
from typing import Any

import amqp
from troveclient import exceptions as trove_exceptions

from trove.common import crypto
from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import test_faults

#: Requests of a user, of which about every other one meets the intruder.
_CALLS = 16
_GUESSES = 100
#: Of them that a guest tries to open.
_MOST = 5


class Intruder:
    """Has an account at the broker, and no key."""

    def __init__(self, broker: Any) -> None:
        self._connection = broker.admin()
        self._channel = self._connection.channel()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        #: What it has taken away.
        self.taken: list[dict[str, Any]] = []

    def consume(self, queue: str, answer: Callable[[Any], Any]) -> None:
        """Take what comes to a queue, beside its owner, and answer it."""

        def came(got: Any) -> None:
            message = json.loads(json.loads(got.body)['oslo.message'])
            self.taken.append(message)
            if '_msg_id' in message:
                self._reply(message, answer(message))

        self._channel.basic_qos(0, 1, False)
        self._channel.basic_consume(queue, callback=came, no_ack=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ask(self, topic: str, message: dict[str, Any]) -> tuple[str, str]:
        """Call something; return class and text of what it fails with.

        They are ``ok`` and nothing when it does not.
        """
        number = secrets.token_hex(16)
        queue = f'reply_{number}'
        self._channel.queue_declare(queue, exclusive=True)
        self._publish(
            'openstack',
            topic,
            message | {'_msg_id': number, '_reply_q': queue},
        )
        while True:
            got = self._channel.basic_get(queue, no_ack=True)
            if got is None:
                continue
            reply = json.loads(json.loads(got.body)['oslo.message'])
            self._channel.queue_delete(queue)
            if not reply.get('failure'):
                return 'ok', ''
            failure = json.loads(reply['failure'])
            return failure['class'], failure['message']

    def close(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                self._connection.drain_events(timeout=0.1)

    def _reply(self, message: dict[str, Any], failure: Any) -> None:
        self._publish(
            '',
            message['_reply_q'],
            {
                'result': None,
                'failure': json.dumps(failure),
                'ending': True,
                '_msg_id': message['_msg_id'],
            },
        )

    def _publish(
        self, exchange: str, key: str, message: dict[str, Any]
    ) -> None:
        said = message | {'_unique_id': secrets.token_hex(16)}
        body = {'oslo.version': '2.0', 'oslo.message': json.dumps(said)}
        self._channel.basic_publish(
            amqp.Message(
                json.dumps(body),
                content_type='application/json',
                content_encoding='utf-8',
            ),
            exchange=exchange,
            routing_key=key,
        )


def unsupported(message: dict[str, Any]) -> dict[str, Any]:
    """What oslo.messaging says of a version that it does not serve."""
    return {
        'class': 'UnsupportedVersion',
        'module': 'oslo_messaging.rpc.dispatcher',
        'message': 'Endpoint does not support RPC version 1.5.',
        'tb': [],
        'args': [],
        'kwargs': {},
    }


class DowngradeTest(test_faults.GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.victim = self.instance()
        self.topic = f'guestagent.{self.victim.id}'
        self.intruder = Intruder(self.deployment.broker)
        self.addCleanup(self.intruder.close)
        self.eventually(
            lambda: self.released_form() == 'refused',
            'the guest was heard sealed',
        )

    def released_form(self) -> str | None:
        listed = json.loads(
            self.deployment.rpc('peers', '--kind', 'guestagent', '-f', 'json')
        )
        return {each['Peer']: each['Released Form'] for each in listed}.get(
            self.victim.id
        )

    def check(self) -> str:
        """What ``trove-status upgrade check`` says of sealed messages."""
        table = self.deployment.status('upgrade', 'check')
        # It wraps its lines where the numbers happen to make them end.
        return ' '.join(table.replace('|', ' ').split())

    def recorded(self, cause: str, method: str) -> list[dict[str, Any]]:
        listed = json.loads(
            self.deployment.rpc(
                'rejected', 'list', '--instance', self.victim.id, '-f', 'json'
            )
        )
        return [
            each
            for each in listed
            if (each['Cause'], each['Method']) == (cause, method)
        ]

    def test_a_refusal_in_its_place_makes_nobody_speak_weaker(self) -> None:
        self.intruder.consume(self.topic, unsupported)
        refused = []
        for _ in range(_CALLS):
            try:
                self.member.databases.list(self.victim.id)
            except trove_exceptions.Conflict as error:
                refused.append(str(error))

        self.assertNotEqual([], refused, 'the intruder took none of them')
        self.assertIn(f'trove-rpc sealing allow {self.victim.id}', refused[0])
        for message in self.intruder.taken:
            if 'trove_rpc_probe' not in json.dumps(message):
                self.assertEqual(['sealed'], list(message['args']))
        self.eventually(
            lambda: self.recorded('downgrade', 'list_databases'),
            'it is recorded',
        )
        self.assertEqual('refused', self.released_form())
        self.assertIn('somebody claimed, without authentication', self.check())

        # And without him all is as it was.
        self.intruder.close()
        self.intruder = Intruder(self.deployment.broker)
        self.member.databases.list(self.victim.id)

    def test_guesses_have_one_answer_and_are_recorded(self) -> None:
        answers = set()
        for _ in range(_GUESSES):
            text = base64.b64encode(secrets.token_bytes(48)).decode()
            answers.add(
                self.intruder.ask(
                    self.topic,
                    {
                        'method': 'get_user',
                        'version': '1.0',
                        'args': {
                            'username': text,
                            'hostname': text,
                        },
                        '_context_context': text,
                    },
                )
            )

        self.assertEqual(
            {('NotTaken', 'The message was not taken.')}, answers
        )
        self.eventually(
            lambda: self.recorded('seal', 'get_user'), 'it is recorded'
        )

    def released(self, context: str) -> tuple[str, str]:
        """Ask the guest something in the released form."""
        return self.intruder.ask(
            self.topic,
            {
                'method': 'rpc_ping',
                'version': '1.0',
                'args': {},
                '_context_context': context,
            },
        )

    def honest(self) -> str:
        """The context of somebody who has the key."""
        [path] = [
            path
            for path in self.server_directory(self.victim.id).rglob('*.conf')
            if 'instance_rpc_encr_key' in path.read_text()
        ]
        [key] = re.findall(
            r'^instance_rpc_encr_key *= *(\w+)$', path.read_text(), re.M
        )
        return crypto.encrypt_released('{}', key)

    def test_where_the_released_form_is_taken_guesses_end_after_five(
        self,
    ) -> None:
        # The agent may have been guessed at before, for some time after its
        # first sealed message: it counts anew.
        self.agent(self.victim.id).kill()
        self.deployment.rpc(
            'sealing',
            'allow',
            '--hold',
            self.victim.id,
            '--reason',
            'the control plane goes back',
        )
        self.addCleanup(
            self.deployment.rpc, 'sealing', 'forbid', self.victim.id
        )
        # Each refusal is reported, and a guest may report only so much.
        waiting.until(
            lambda: self.released(self.honest()) == ('ok', ''),
            'the guest is told to take it',
            timeout=2 * self.TIMEOUT,
            interval=1,
        )

        answers = {
            self.released(
                base64.b64encode(secrets.token_bytes(48)).decode()
            )
            for _ in range(_MOST)
        }

        refused = ('NotTaken', 'The message was not taken.')
        self.assertEqual({refused}, answers)
        # Nobody learns whether one more would open.
        self.assertEqual(refused, self.released(self.honest()))
        self.eventually(
            lambda: self.recorded('seal', 'rpc_ping'), 'it is recorded'
        )
        found = self.check()
        self.assertIn('because of seal', found)
        self.assertIn('permitted for 1 peers', found)
        # And sealed ones are served as ever.
        self.member.databases.list(self.victim.id)
