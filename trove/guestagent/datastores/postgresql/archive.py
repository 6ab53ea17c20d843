# SPDX-License-Identifier: Apache-2.0
"""The write-ahead log, handed over as segments that are complete.

No program of the server archives anything: a slot keeps the log, up to a part
of the volume, and the agent reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import functools
from typing import Any
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import slot
from trove.guestagent.datastores.postgresql import wal

_ACTION: Final = 'hand over its log'

_CLOCK = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"
#: A commit, by which a recovery finds out that it has come to this time.
_MARK = 'SELECT pg_current_xact_id()'
_SWITCH = 'SELECT pg_switch_wal()::text'
_SIZE = 'SHOW wal_segment_size'
_TIMELINE = 'SELECT timeline_id FROM pg_control_checkpoint()'
_IS_REPLICA = 'SELECT pg_is_in_recovery()'


class Archive:
    """Hands over the log of a cluster.

    :param volume_bytes: returns the size of the volume
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        connector: connections.Connector,
        volume_bytes: Callable[[], int],
    ) -> None:
        self._cluster = cluster
        self._connector = connector
        self._volume_bytes = volume_bytes

    def close(self, after: str | None) -> archive.Closed:
        """Return what is complete, see :class:`.archive.Archiving`."""
        with self._connector.open(_ACTION) as connection:
            if _one(connection, _IS_REPLICA):
                raise exception.DatastoreError(
                    action=_ACTION,
                    reason='it is a replica. Archive the log of its primary.',
                )
            size = wal.parse_segment_size(_one(connection, _SIZE))
            timeline = wal.parse_timeline(_one(connection, _TIMELINE))
            before = wal.Segment.parse(after, size) if after else None
            continues = before is None or (
                before.timeline == timeline
                and slot.keeps(
                    connection, before.start + size, slot.ARCHIVE
                )
            )
            if before is None or not continues:
                before = self._begin(connection, size)
            until = _clock(connection)
            _one(connection, _MARK)
            stop = wal.parse_position(_one(connection, _SWITCH))
        last = wal.Segment.ending(before.timeline, stop, size)
        if last.number - before.number > self._volume_bytes() // size:
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'it says that its log goes on to {last.name} since '
                f'{before.name}, which is more than its volume has. See '
                'whether functions in pg_catalog were replaced.',
            )
        pieces = [
            archive.Piece(
                each.name, functools.partial(self._open, each)
            )
            for each in before.until(last)
        ]
        return archive.Closed(until, pieces, continues)

    def _begin(
        self, connection: connections.Connection, size: int
    ) -> wal.Segment:
        """Keep the log from now on; return the segment before."""
        # From here on it is of the present timeline.
        connection.execute('CHECKPOINT')
        slot.drop(connection, slot.ARCHIVE)
        slot.reserve(connection, slot.ARCHIVE)
        kept = slot.kept_from(connection, slot.ARCHIVE)
        if kept is None:
            raise exception.DatastoreError(
                action=_ACTION, reason='it does not keep its log.'
            )
        timeline = wal.parse_timeline(_one(connection, _TIMELINE))
        return wal.Segment(timeline, kept // size - 1, size)

    @contextlib.contextmanager
    def _open(self, segment: wal.Segment) -> Iterator[wal.SegmentStream]:
        with contextlib.closing(
            wal.SegmentStream(
                self._cluster.data_dir / 'pg_wal',
                [segment],
                {},
                lambda: self._check_kept(segment),
            )
        ) as stream:
            yield stream

    def _check_kept(self, segment: wal.Segment) -> None:
        """Return when a segment was not recycled while it was read."""
        with self._connector.open(_ACTION) as connection:
            # Of the first one it may be the end only that is kept.
            last = segment.start + segment.size - 1
            if not slot.keeps(connection, last, slot.ARCHIVE):
                raise exception.DatastoreError(
                    action=_ACTION,
                    reason=f'{segment.name} was given up meanwhile: more is '
                    'written than is archived (max_slot_wal_keep_size).',
                )

    def drop(self, name: str) -> None:
        """Let the server remove a segment and those before it."""
        with self._connector.open(_ACTION) as connection:
            size = wal.parse_segment_size(_one(connection, _SIZE))
            position = wal.Segment.parse(name, size).start + size
            slot.advance(
                connection, wal.format_position(position), slot.ARCHIVE
            )

    def end(self) -> None:
        """Have the server keep nothing any more."""
        with self._connector.open(_ACTION) as connection:
            slot.drop(connection, slot.ARCHIVE)

    def time(self) -> datetime.datetime:
        """Return the time by the clock of the server, in UTC."""
        with self._connector.open(_ACTION) as connection:
            return _clock(connection)


def _clock(connection: connections.Connection) -> datetime.datetime:
    found = _one(connection, _CLOCK)
    if not isinstance(found, datetime.datetime) or found.tzinfo is not None:
        raise exception.DatastoreError(
            action=_ACTION,
            reason=f'{str(found)[:80]!r} is no time. See whether functions '
            'in pg_catalog were replaced.',
        )
    return found


def _one(connection: connections.Connection, query: str) -> Any:
    found = connection.execute(query).fetchone()
    assert found is not None
    return found[0]
