# SPDX-License-Identifier: Apache-2.0
"""Messages as they are on the wire, made and sent without oslo.messaging.

So a benchmark can have thousands of them ready before the clock starts, and
they are the same for whoever takes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import json
from typing import Any
import urllib.parse
import uuid

import amqp

from trove.common import crypto

EXCHANGE = 'openstack'

#: What a guest of release 26.0 sends: it names no user and no project.
CONTEXT: dict[str, Any] = {
    **dict.fromkeys(
        (
            *('user', 'project', 'project_id', 'domain', 'user_domain'),
            *('project_domain', 'system_scope', 'auth_token'),
            *('global_request_id', 'resource_uuid', 'limit', 'marker'),
        )
    ),
    'is_admin': False,
    'is_admin_project': True,
    'read_only': False,
    'show_deleted': False,
    'request_id': 'req-00000000-0000-0000-0000-000000000000',
    'roles': [],
    'service_catalog': [],
    'user_identity': '- - - - -',
}


def connection(url: str) -> amqp.Connection:
    """A connection that is not yet open.

    :param url: ``transport_url`` of oslo.messaging
    """
    parts = urllib.parse.urlsplit(url)
    return amqp.Connection(
        f'{parts.hostname}:{parts.port}',
        userid=parts.username,
        password=parts.password,
    )


def envelope(message: Mapping[str, Any]) -> str:
    """The body with a message of oslo.messaging in it."""
    return json.dumps(
        {'oslo.version': '2.0', 'oslo.message': json.dumps(message)}
    )


def message(body: str) -> amqp.Message:
    return amqp.Message(
        body,
        content_type='application/json',
        content_encoding='utf-8',
        delivery_mode=2,
        priority=0,
    )


def cast(
    method: str,
    arguments: Mapping[str, Any],
    context: Mapping[str, Any],
    version: str = '1.0',
) -> str:
    """The body of a cast, as every release sends it."""
    return envelope(
        {
            'method': method,
            'args': dict(arguments),
            'version': version,
            '_unique_id': uuid.uuid4().hex,
            **{f'_context_{name}': value for name, value in context.items()},
        }
    )


def encrypted_cast(
    method: str, arguments: Mapping[str, Any], guest: str, key: str
) -> str:
    """The body of a guest's cast as releases up to 26.0 encrypt it."""

    def encrypt(value: object) -> str:
        return crypto.encrypt_released(json.dumps(value), key)

    entities = {
        name: json.dumps(
            {'entity': encrypt(value), 'csz-instance-id': guest}
        )
        for name, value in arguments.items()
    }
    context = {'context': encrypt(CONTEXT), 'csz-instance-id': guest}
    return cast(method, entities, context)


class Broker:
    """A bare connection to RabbitMQ; a context manager.

    :param url: ``transport_url`` of oslo.messaging
    """

    def __init__(self, url: str) -> None:
        self._connection = connection(url)

    def __enter__(self) -> Broker:
        self._connection.connect()
        self._channel = self._connection.channel()
        return self

    def __exit__(self, *error: object) -> None:
        # The broker answers when it has taken all that was published.
        self._connection.close()

    def publish(self, topic: str, bodies: Iterable[str]) -> None:
        for body in bodies:
            self._channel.basic_publish(
                message(body),
                exchange=EXCHANGE,
                routing_key=topic,
            )

    def consumers(self, queue: str) -> int:
        """How many take messages from a queue; 0 when there is no queue."""
        try:
            declared = self._channel.queue_declare(queue, passive=True)
        except amqp.NotFound:
            self._channel = self._connection.channel()
            return 0
        return int(declared.consumer_count)
