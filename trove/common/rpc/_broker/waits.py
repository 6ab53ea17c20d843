# SPDX-License-Identifier: Apache-2.0
"""How long the message broker may take: to connect, to confirm, to close.

oslo.messaging gives each host five seconds, and each try counts against the
number of attempts: with three hosts of which two are down, a sender may never
come to the third, and may be told so after 19 seconds.

It waits without end for the broker to say that it has a message. A RabbitMQ
that lacks memory or disk reads nothing more from who publishes, and one that
is frozen reads nothing at all, but both go on to be connected: the former
even sends heartbeats. Here it is an error, like a broker that is away, and
the connection is dropped, since what was sent may still be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import functools
import logging
import threading
from typing import Any

from oslo_messaging._drivers import common as rpc_common
from oslo_messaging._drivers import impl_rabbit

from trove.common.rpc._broker import needs

LOG = logging.getLogger(__name__)

_SEND = rpc_common.PURPOSE_SEND

#: Name of the attribute of kombu's connection.
_DONE = 'trove_connecting'

#: Seconds that a host gets at least to answer.
_LEAST = 1.0


def limit_connecting(
    connection: Any,
    seconds: float,
    tell: Callable[[Exception], object],
    *,
    ends: bool,
) -> None:
    """Have a connection of kombu try each host, and all in this time.

    :param seconds: for all hosts together
    :param tell: told of what goes wrong with each
    :param ends: whether to give up then; else it goes on and on
    """
    if getattr(connection, _DONE, False) or not needs.met('connecting'):
        return
    setattr(connection, _DONE, True)
    hosts = max(1, len(connection.alt or ()))
    each = max(_LEAST, seconds / hosts)
    connection.connect_timeout = each
    # It takes them from there for the next host.
    connection._initial_params['connect_timeout'] = each
    if hosts > 1:
        connection.cycle = _all_of(connection.alt)
    connect = connection._ensure_connection

    def ensure(
        errback: Callable[[Exception, float], object] | None = None,
        max_retries: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        def failed(error: Exception, interval: float) -> object:
            tell(error)
            return errback and errback(error, interval)

        if ends:
            kwargs.setdefault('timeout', seconds)
        if max_retries is not None:
            max_retries = (max_retries + 1) * hosts - 1
        return connect(failed, max_retries, *args, **kwargs)

    connection._ensure_connection = ensure


def _all_of(urls: list[str]) -> Iterator[str]:
    """Go round and round, from one to each of the others."""
    # oslo.messaging has put them into random order: for each process another
    # one. kombu's own "shuffle" may come to the same host again and again.
    while True:
        yield from urls[1:]
        yield urls[0]


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
                'The message broker blocks publishers, because it lacks '
                'memory or disk space: check its log for alarms, or '
                '"rabbitmqctl status". Until the alarm is cleared, requests '
                'that send messages fail.'
            )
            self._drop()
            raise NotTaken('it blocks publishers (an alarm)')

        def _set_current_channel(self, new_channel: Any) -> None:
            super()._set_current_channel(new_channel)
            if hasattr(new_channel, 'basic_publish_confirm'):
                new_channel.basic_publish = _Publish(
                    new_channel, seconds, self._drop
                )

        def ensure_connection(self) -> None:
            limit_connecting(
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
                f'no confirmation of the message within {self._seconds} '
                'seconds'
            ) from None


def close(function: Callable[[], object], seconds: float) -> None:
    """Close something in order, or leave that to the end of the process.

    oslo.messaging waits a minute for each answer of the broker, for one
    queue, channel and connection after the other.

    :param function: closes it
    :param seconds: that it may take
    :raises Exception: of the function
    """
    errors: list[Exception] = []

    def run() -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    closer = threading.Thread(target=run, name='rpc-close', daemon=True)
    closer.start()
    closer.join(seconds)
    if closer.is_alive():
        LOG.warning(
            'The message broker did not close a connection within %s seconds. '
            'Abandoned the connection; check the broker.',
            seconds,
        )
    for error in errors:
        raise error
