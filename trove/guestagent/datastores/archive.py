# SPDX-License-Identifier: Apache-2.0
"""What the agent and a driver tell each other about the log of changes.

A driver ends the piece of the log that is being written, hands over what is
complete, and replays it on top of a backup. Where it is stored is nothing to
it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
from typing import Protocol

from trove.guestagent.datastores import capability

Capability = capability.Capability

#: How times are written, always in UTC.
_FORMAT = '%Y-%m-%dT%H:%M:%S.%fZ'


def to_text(time: datetime.datetime) -> str:
    """Write a time in UTC that has no zone."""
    return time.strftime(_FORMAT)


def from_text(text: str) -> datetime.datetime:
    """Read what :func:`to_text` wrote.

    :raises ValueError: it is malformed
    """
    return datetime.datetime.strptime(text, _FORMAT)


class Source(Protocol):
    """A compressed archive of one file."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none when it is complete."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A complete piece of the log.

    :param name: of its file; later ones have greater names
    :param open: opens it as a gzip stream of an archive with this file; the
        same each time
    """

    name: str
    open: Callable[[], contextlib.AbstractContextManager[Source]]


@dataclasses.dataclass(frozen=True)
class Closed:
    """The pieces that are complete.

    :param until: all that was committed before, by the clock of the server,
        is in these or earlier ones
    :param continues: False when there is a gap before the first one
    """

    until: datetime.datetime
    pieces: Sequence[Piece]
    continues: bool = True


@dataclasses.dataclass(frozen=True)
class Replay:
    """What is replayed on top of a backup.

    :param until: changes that were committed later are not
    :param pieces: yields archives of one file each, without compression, in
        order; raises when they are not what was stored
    """

    until: datetime.datetime
    pieces: Callable[[], Iterator[Generator[bytes, None, None]]]


class Archiving:
    """The part of a driver that is about the log of changes."""

    @capability.of(Capability.LOG_ARCHIVE)
    def close_log(self, after: str | None) -> Closed:
        """End the piece that is being written; return what is complete.

        From then on the server keeps the pieces up to :meth:`drop_log`, as
        far as its volume permits.

        :param after: the last piece that was handed over; None: begin
        :raises trove.common.exception.DatastoreError: it cannot now
        """
        raise NotImplementedError

    @capability.of(Capability.LOG_ARCHIVE)
    def drop_log(self, name: str) -> None:
        """Allow the server to remove a piece and those before it."""
        raise NotImplementedError

    @capability.of(Capability.LOG_ARCHIVE)
    def end_log(self) -> None:
        """Have the server keep nothing any more; may be repeated."""
        raise NotImplementedError

    @capability.of(Capability.LOG_ARCHIVE)
    def log_time(self) -> datetime.datetime:
        """Return the time by the clock of the server, in UTC."""
        raise NotImplementedError
