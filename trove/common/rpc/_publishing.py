# SPDX-License-Identifier: Apache-2.0
"""How long a message broker may take to say that it has a message.

oslo.messaging waits for that without end. A RabbitMQ that lacks memory or
disk reads nothing more from who publishes, and one that is frozen reads
nothing at all, but both go on to be connected: the former even sends
heartbeats. Here it is an error, like a broker that is away, and the
connection is dropped, since what was sent may still be in it.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import logging
from typing import Any

from oslo_messaging._drivers import common as rpc_common
from oslo_messaging._drivers import impl_rabbit

from trove.common.rpc import _connecting

LOG = logging.getLogger(__name__)

_SEND = rpc_common.PURPOSE_SEND


class NotTaken(Exception):
    """The broker did not confirm a message; it may take it later on.

    None of those for which kombu repeats what it did: that might send the
    message twice.
    """


def limit(
    transport: Any, seconds: float, tell: Callable[[Exception], object]
) -> None:
    """Have the connections of a transport wait no longer.

    Other drivers than RabbitMQ's stay as they are.

    :param transport: of oslo.messaging
    :param tell: told of what goes wrong while they connect
    """
    driver = transport._driver
    if isinstance(driver, impl_rabbit.RabbitDriver):
        made = driver._connection_pool.connection_cls
        base, options = getattr(made, 'func', made), {}
        if isinstance(made, functools.partial):
            options = made.keywords
        driver._connection_pool.connection_cls = functools.partial(
            _limited(base, seconds, tell), **options
        )


def _limited(base: Any, seconds: float, tell: Any) -> Any:
    class Connection(base):  # type: ignore[misc]
        def _on_connection_blocked(self, reason: str = '') -> None:
            LOG.error(
                'The message broker takes no messages, for it lacks memory '
                'or disk space: look for an alarm in its log, or with '
                '"rabbitmqctl status". Until it is over, requests that send '
                'messages fail.'
            )
            self._drop()
            raise NotTaken('it has blocked those who publish (an alarm)')

        def _set_current_channel(self, new_channel: Any) -> None:
            super()._set_current_channel(new_channel)
            if hasattr(new_channel, 'basic_publish_confirm'):
                new_channel.basic_publish = _Publish(
                    new_channel, seconds, self._drop
                )

        def ensure_connection(self) -> None:
            _connecting.limit(
                self.connection, seconds, tell, ends=self.purpose == _SEND
            )
            super().ensure_connection()

        def set_transport_socket_timeout(
            self, timeout: float | None = None
        ) -> None:
            if self.purpose == _SEND:
                # What it answers at once, such as that there is a queue.
                timeout = min(timeout or seconds, seconds)
            super().set_transport_socket_timeout(timeout)

        def _drop(self) -> None:
            # Closing it in order would wait for the broker again.
            self.connection.collect()

    return Connection


class _Publish:
    """Publishes with a limit to the wait for the confirmation."""

    def __init__(self, channel: Any, seconds: float, drop: Any) -> None:
        self._channel = channel
        self._seconds = seconds
        self._drop = drop

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._channel.basic_publish_confirm(
                *args, **{**kwargs, 'confirm_timeout': self._seconds}
            )
        except TimeoutError:
            self._drop()
            raise NotTaken(
                f'it did not confirm the message in {self._seconds} seconds'
            ) from None
