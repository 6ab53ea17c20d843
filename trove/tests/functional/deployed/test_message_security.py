# SPDX-License-Identifier: Apache-2.0
"""Somebody at the broker reads, copies, moves and forges messages."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from typing import Any

import amqp

from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import base

_EXCHANGE = 'openstack'


class Tap:
    """Copies of all messages of some topics; sends what it likes."""

    def __init__(self, broker: Any, *topics: str) -> None:
        self._connection = broker.admin()
        self._channel = self._connection.channel()
        self._queue = self._channel.queue_declare(exclusive=True).queue
        for topic in topics:
            self._channel.queue_bind(self._queue, _EXCHANGE, topic)
        self.messages: list[tuple[str, Any]] = []

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """All messages so far, as (topic, message)."""
        while True:
            got = self._channel.basic_get(self._queue, no_ack=True)
            if got is None:
                return self.messages
            text = json.loads(got.body)['oslo.message']
            topic = got.delivery_info['routing_key']
            self.messages.append((topic, json.loads(text)))

    def send(self, topic: str, message: dict[str, Any]) -> None:
        # With the same one, oslo.messaging would pass over a copy by itself.
        message = message | {'_unique_id': secrets.token_hex(16)}
        body = {'oslo.version': '2.0', 'oslo.message': json.dumps(message)}
        self._channel.basic_publish(
            amqp.Message(
                json.dumps(body),
                content_type='application/json',
                content_encoding='utf-8',
            ),
            exchange=_EXCHANGE,
            routing_key=topic,
        )

    def close(self) -> None:
        self._connection.close()


class MessageSecurityTest(base.DeployedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.victim = self.instance()
        self.guest = f'guestagent.{self.victim.id}'
        self.tap = Tap(
            self.deployment.broker,
            self.guest,
            'taskmanager',
            'trove-conductor',
        )
        self.addCleanup(self.tap.close)

    def sent(self, *methods: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (topic, message)
            for topic, message in self.tap.take()
            if message['method'] in methods
        ]

    def databases(self) -> set[str]:
        return {d.name for d in self.member.databases.list(self.victim.id)}

    def create_database(self, name: str) -> None:
        self.member.databases.create(self.victim.id, [{'name': name}])
        self.eventually(lambda: name in self.databases(), 'it is there')
        self.addCleanup(self.drop_database, name)

    def drop_database(self, name: str) -> None:
        if name in self.databases():
            self.member.databases.delete(self.victim.id, name)
        self.eventually(lambda: name not in self.databases(), 'it is gone')

    def rejected(self) -> set[tuple[str, ...]]:
        """Interface, cause and method of what was refused so far."""
        listed = json.loads(
            self.deployment.rpc('rejected', 'list', '-f', 'json')
        )
        return {
            tuple(each[name] for name in ('Interface', 'Cause', 'Method'))
            for each in listed
        }

    def wait_rejected(self, *wanted: tuple[str, ...]) -> None:
        self.eventually(
            lambda: self.rejected() >= set(wanted), f'{wanted} are recorded'
        )

    def test_nothing_but_method_and_version_can_be_read(self) -> None:
        self.create_database('readable')
        self.member.users.create(
            self.victim.id,
            [{'name': 'mallory', 'password': 's3cr3t', 'databases': []}],
        )
        self.member.instances.restart(self.victim.id)
        self.wait_active(self.victim.id)
        self.eventually(
            lambda: len(self.sent('create_user', 'restart', 'heartbeat')) > 3,
            'messages of all kinds have been seen',
        )

        for topic, message in self.tap.take():
            text = json.dumps(message)
            for word in 'readable', 'mallory', 's3cr3t', 'request_id':
                self.assertNotIn(word, text)
            if 'trove_rpc_probe' not in text:
                # A probe only asks, and says nothing.
                self.assertEqual(['sealed'], list(message['args']), topic)

    def test_copies_do_nothing_and_are_recorded(self) -> None:
        self.create_database('copied')
        [(topic, message)] = self.sent('create_database')
        self.drop_database('copied')

        for _ in range(3):
            self.tap.send(topic, message)

        self.wait_rejected(('guestagent', 'replay', 'create_database'))
        self.assertNotIn('copied', self.databases())

    def test_forged_ones_do_nothing_and_are_recorded(self) -> None:
        self.create_database('kept')
        [(topic, message)] = self.sent('create_database')

        forged = [
            message | {'method': 'delete_database'},
            message | {'version': '1.0'},
            message
            | {'method': 'delete_database', 'args': {'database': 'kept'}},
            message | {'args': {'sealed': 'x'}},
            message | {'args': {}, '_context_is_admin': True},
        ]
        for each in forged:
            self.tap.send(topic, each)
        # And one of them elsewhere.
        self.tap.send('taskmanager', message)
        self.tap.send(
            'trove-conductor',
            {
                'method': 'heartbeat',
                'version': '1.0',
                'args': {
                    'instance_id': self.victim.id,
                    'sent': time.time() + 1000,
                    'payload': {'service_status': 'shutdown'},
                },
            },
        )

        self.wait_rejected(
            ('guestagent', 'seal', 'create_database'),
            ('guestagent', 'form', 'create_database'),
            ('guestagent', 'seal', 'delete_database'),
            ('taskmanager', 'seal', 'create_database'),
            ('conductor', 'seal', 'heartbeat'),
        )
        self.assertIn('kept', self.databases())
        self.wait_active(self.victim.id)

    def test_rotation_while_messages_are_sent(self) -> None:
        before = self.rejected()

        self.deployment.rpc('rotate-key', self.victim.id)

        self.create_database('after')
        beats = len(self.sent('heartbeat'))
        waiting.until(
            lambda: len(self.sent('heartbeat')) > beats + 2,
            'heartbeats come with the new key',
            timeout=30,
        )
        self.wait_active(self.victim.id)
        # A restarted conductor and guest know it, too.
        self.deployment.conductor.stop()
        self.deployment.conductor.start()
        self.member.instances.restart(self.victim.id)
        self.wait_active(self.victim.id)
        self.assertEqual(before, self.rejected())

    def test_service_without_keys_does_not_start(self) -> None:
        config = self.deployment.write_config(
            'keyless',
            {
                'DEFAULT': {
                    'taskmanager_rpc_encr_key': '',
                    'bind_port': ports.free_port(),
                }
            },
        )
        for name in 'trove-api', 'trove-taskmanager', 'trove-conductor':
            with self.subTest(name):
                done = subprocess.run(
                    [*processes.program(name), '--config-file', config],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertNotEqual(0, done.returncode)
                said = done.stdout + done.stderr
                self.assertIn('taskmanager_rpc_encr_key', said)
                self.assertIn('trove-manage generate_keys', said)
