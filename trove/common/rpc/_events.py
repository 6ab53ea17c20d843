# SPDX-License-Identifier: Apache-2.0
"""Outcomes of messages: counted, and reported to observers.

What strangers write is no label.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import logging
import threading
from typing import Final
from typing import Literal
from typing import NamedTuple
from typing import Protocol

from trove.common.rpc import _endpoint
from trove.common.rpc import _message

LOG = logging.getLogger(__name__)

Outcome = Literal[
    'sent',
    'left out',
    'refused',
    'received',
    'rejected',
    'probed',
    'downgraded',
]


class Event(NamedTuple):
    """The outcome of a message that was sent or received.

    :param outcome: out: ``sent``; ``left out`` (sent without some of its
        arguments), ``refused`` (not sent, or sent in vain); ``probed`` (a
        peer was asked what it speaks); ``downgraded`` (what goes to the
        peer is no longer sealed, because it refused that). In:
        ``received``, ``rejected``
    :param version: of the message; refused: the revision that it needs;
        probed and downgraded: the revision that was found
    :param arguments: left out: the names of the arguments
    :param release: out: the latest release that the peer may be of; in: the
        one whose revision the sender says to know, ``unknown`` when it is
        newer than any here; None when nobody has said
    :param form: ``clear``, ``released`` or ``sealed``; '' where it does
        not matter
    :param cause: rejected: of the :class:`Rejection`; of what is no message
        which limit it broke, as ``compressed``; ``duplicate`` and ``unasked``
        of what oslo.messaging drops
    """

    outcome: Outcome
    interface: str
    peer: str | None
    method: str
    version: str
    arguments: tuple[str, ...] = ()
    release: str | None = None
    form: str = ''
    cause: str = ''


class _Observer:
    """An observer; its errors do not affect the message."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._failed = False

    def tell(self, event: Event) -> None:
        try:
            self._tell(event)
        except Exception:
            if not self._failed:
                self._failed = True
                LOG.exception(
                    'Message counters are incomplete from now on, so metrics '
                    'are wrong. Fix the cause, and restart the service.'
                )


_lock = threading.Lock()
_counts: collections.Counter[tuple[str, str, str, Outcome]] = (
    collections.Counter()
)
_observers: tuple[_Observer, ...] = ()


def record(event: Event) -> None:
    """Count an event, and tell the observers of it."""
    key = event.interface, event.method, event.version, event.outcome
    with _lock:
        _counts[key] += 1
    for observer in _observers:
        observer.tell(event)


def counts() -> dict[tuple[str, str, str, Outcome], int]:
    """Messages of this process so far.

    :returns: the number by (interface, method, version, outcome)
    """
    with _lock:
        return dict(_counts)


@contextlib.contextmanager
def observe(observer: Callable[[Event], None]) -> Iterator[None]:
    """Call ``observer`` for every event of this process, from any thread."""
    global _observers
    told = _Observer(observer)
    with _lock:
        _observers = (*_observers, told)
    try:
        yield
    finally:
        with _lock:
            _observers = tuple(o for o in _observers if o is not told)


#: Versions that no history of ours has, and that are told apart.
_MOST_NEWER: Final = 16


class Count(Protocol):
    """Counts a message, by what became of it."""

    def __call__(
        self,
        outcome: Outcome,
        message: _message.Message,
        cause: str = '',
    ) -> None: ...


def counter(
    endpoints: Sequence[_endpoint.Endpoint], peer: str | None
) -> Count:
    """Return what counts the messages of one topic.

    :param peer: the instance whose guest this is, None for the services
    """
    interface = endpoints[0].interface.name
    history = [r for each in endpoints for r in each.interface.history]
    declared = {name for each in endpoints for name in each.interface.methods}
    versions = {str(revision.version) for revision in history}
    most = len(versions) + _MOST_NEWER
    releases = {revision.name: revision.release for revision in history}

    def release(message: _message.Message) -> str | None:
        """The release of the sender, None when it says nothing of it."""
        said = message.context.get(_message.REVISION)
        if said is None:
            return None
        known = isinstance(said, str) and said in releases
        return releases[said] if known else _message.UNKNOWN

    def count(
        outcome: Outcome,
        message: _message.Message,
        cause: str = '',
    ) -> None:
        method, version = message.method, message.version
        if bool(message.form) and len(version) <= 4:
            # A newer release has some; who makes them up gets no more.
            if len(versions) < most:
                versions.add(version)
        event = Event(
            outcome,
            interface,
            peer,
            method if method in declared else _message.UNKNOWN,
            version if version in versions else _message.UNKNOWN,
            release=release(message),
            form=message.form,
            cause=cause,
        )
        record(event)

    return count
