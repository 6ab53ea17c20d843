# SPDX-License-Identifier: Apache-2.0
"""How long it takes to connect to a message broker, of one host or of many.

oslo.messaging gives each host five seconds, and each try counts against the
number of attempts: with three hosts of which two are down, a sender may never
come to the third, and may be told so after 19 seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

#: Name of the attribute of kombu's connection.
_DONE = 'trove_connecting'

#: Seconds that a host gets at least to answer.
_LEAST = 1.0


def limit(
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
    if getattr(connection, _DONE, False):
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
