# SPDX-License-Identifier: Apache-2.0
"""Backups of PostgreSQL, in the form of released Trove.

A full one is what ``pg_basebackup`` writes, compressed. An incremental one is
an archive of the segments of the write-ahead log since its parent.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import re
import tarfile
from typing import Any
from typing import Final
import zlib

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import files
from trove.guestagent.datastores import packed
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.postgresql import access
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import server as servers
from trove.guestagent.datastores.postgresql import slot
from trove.guestagent.datastores.postgresql import wal

_ACTION: Final = 'be backed up'
_LABEL: Final = re.compile(
    rf'START WAL LOCATION: (?P<segment>{wal.POSITION}) '
    r'\(file (?P<file>[0-9A-F]{24})\)\n'
    rf'CHECKPOINT LOCATION: (?P<checkpoint>{wal.POSITION})\n'
)
_END: Final = re.compile(
    rf'write-ahead log end point: (?P<position>{wal.POSITION})$', re.MULTILINE
)
#: Bytes of a base backup within which its label is, uncompressed.
_HEAD: Final = 4096

_TABLESPACES = """
SELECT string_agg(spcname, ', ' ORDER BY spcname) FROM pg_tablespace
WHERE spcname NOT IN ('pg_default', 'pg_global')
"""
_SEGMENT_SIZE = 'SHOW wal_segment_size'
_CHECKPOINT = """
SELECT checkpoint_lsn::text, timeline_id FROM pg_control_checkpoint()
"""
#: It is a record, so there is a segment even if nothing was changed.
_MARK = 'SELECT pg_create_restore_point(%s)'
_SWITCH = 'SELECT pg_switch_wal()::text'


class Backups:
    """Makes the backups of a cluster.

    A superuser may have replaced the functions of the server, so what these
    return is not trusted.

    :param volume_bytes: returns the size of the volume
    :param stall_timeout: seconds to wait for the next data of a full backup
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        connector: connections.Connector,
        volume_bytes: Callable[[], int],
        stall_timeout: float,
    ) -> None:
        self._cluster = cluster
        self._connector = connector
        self._volume_bytes = volume_bytes
        self._stall_timeout = stall_timeout
        #: What is known of the newest backup, from whose end on the log is
        #: kept.
        self._newest = cluster.state_dir / 'postgresql-backup.json'

    @contextlib.contextmanager
    def make(self, request: backups.Request) -> Iterator[backups.Stream]:
        """Make a backup, see :meth:`.base.Driver.backup`."""
        access.let_in(self._cluster, self._connector)
        with self._connector.open(_ACTION) as connection:
            self._refuse_tablespaces(connection)
            if request.parent is None:
                slot.reserve(connection)
        make = self._full if request.parent is None else self._incremental
        with make(request) as stream:
            yield stream
        if request.apart and self._newest.exists():
            # The log since the newest of the others is needed for the next.
            return
        if not request.apart:
            files.write_json(self._newest, stream.metadata)
        with self._connector.open(_ACTION) as connection:
            slot.advance(connection, stream.metadata['stop-segment'])

    def forget(self) -> None:
        """Have the next backup be a full one: the data are others."""
        self._newest.unlink(missing_ok=True)

    def _refuse_tablespaces(self, connection: connections.Connection) -> None:
        names = _row(connection, _TABLESPACES)[0]
        if names is not None:
            raise exception.DatastoreError(
                action=_ACTION,
                reason=f'it has tablespaces ({names}), which are outside its '
                'data directory. Move what is in them to pg_default and drop '
                'them.',
            )

    @contextlib.contextmanager
    def _full(self, request: backups.Request) -> Iterator[_BaseBackup]:
        try:
            with self._base_backup(request) as stream:
                yield stream
        except exception.DatastoreError as error:
            # pg_basebackup does not pass on what the server says.
            if not self._has_dropped_log():
                raise
            raise exception.DatastoreError(
                action=_ACTION,
                reason='more was written while the backup was made than the '
                'server keeps (max_slot_wal_keep_size, a fifth of the '
                'volume). Make it when less is written, or with a larger '
                'volume.',
            ) from error

    def _has_dropped_log(self) -> bool:
        try:
            with self._connector.open(_ACTION) as connection:
                return not slot.keeps_any(connection)
        except exception.TroveError:
            # A server that is stopped is a reason of its own.
            return False

    @contextlib.contextmanager
    def _base_backup(self, request: backups.Request) -> Iterator[_BaseBackup]:
        with self._connector.open(_ACTION) as connection:
            size = _segment_size(connection)
        server = self._cluster.server()
        password = self._cluster.password()
        command = [
            server.programs.program('pg_basebackup'),
            f'--host={server.endpoint.host}',
            f'--port={server.endpoint.port}',
            f'--username={servers.SUPERUSER}',
            '--no-password',
            '--pgdata=-',
            '--format=tar',
            '--gzip',
            '--wal-method=fetch',
            '--checkpoint=fast',
            f'--label={request.backup_id}',
            '--verbose',
        ]
        with (
            # A customer may have the server read files of its user, such as
            # a file of passwords as long as a backup lasts.
            server.once(f'[trove]\npassword={password}\n') as handle,
            pipeline.Pipeline(
                _ACTION,
                command,
                pass_fds=[handle],
                stall_timeout=self._stall_timeout,
                check=request.check,
                **server.options(
                    PGSERVICE='trove',
                    PGSERVICEFILE=f'/proc/self/fd/{handle}',
                    PGSSLMODE='disable',
                    PGGSSENCMODE='disable',
                ),
            ) as pipe,
        ):
            yield _BaseBackup(pipe, request.backup_id, size)

    @contextlib.contextmanager
    def _incremental(
        self, request: backups.Request
    ) -> Iterator[wal.SegmentStream]:
        parent = request.parent
        assert parent is not None
        newest = files.read_json(self._newest)
        if not newest or newest.get('label') != parent.get('label'):
            raise wal.gone(
                'the write-ahead log is kept from the newest backup on '
                f'({newest.get("label", "none")}), and the parent is '
                f'another ({parent.get("label", "without label")})'
            )
        with self._connector.open(_ACTION) as connection:
            size = _segment_size(connection)
            checkpoint, timeline = _row(connection, _CHECKPOINT)
            _row(connection, _MARK, f'backup {request.backup_id}'[:63])
            (stop,) = _row(connection, _SWITCH)
            self._check_kept(connection, newest)
        wal.parse_position(checkpoint)
        before = wal.Segment.parse(newest['stop-wal-file'], size)
        last = wal.Segment.ending(
            wal.parse_timeline(timeline), wal.parse_position(stop), size
        )
        self._check_range(before, last)
        with contextlib.closing(
            wal.SegmentStream(
                self._cluster.data_dir / 'pg_wal',
                before.until(last),
                {
                    'label': request.backup_id,
                    'start-segment': newest['stop-segment'],
                    'start-wal-file': next(before.until(last)).name,
                    'stop-segment': stop,
                    'stop-wal-file': last.name,
                    'checkpoint-location': checkpoint,
                },
                lambda: self._check_still_kept(newest),
            )
        ) as stream:
            yield stream

    def _check_range(self, before: wal.Segment, last: wal.Segment) -> None:
        """Return when there can be segments after one, up to another."""
        if before.timeline != last.timeline:
            raise wal.gone('its history is another since the parent was made')
        count = last.number - before.number
        most = self._volume_bytes() // last.size
        if not 0 < count <= most:
            raise wal.gone(
                f'the log since the parent was made has {count} segments, as '
                f'the server tells, and the volume has place for {most}'
            )

    def _check_still_kept(self, newest: dict[str, Any]) -> None:
        with self._connector.open(_ACTION) as connection:
            self._check_kept(connection, newest)

    def _check_kept(
        self, connection: connections.Connection, newest: dict[str, Any]
    ) -> None:
        position = wal.parse_position(newest['stop-segment'])
        if not slot.keeps(connection, position):
            raise wal.gone(
                'more was written since the parent was made than the server '
                'keeps (max_slot_wal_keep_size)'
            )


class _BaseBackup:
    """What pg_basebackup writes, and what it says."""

    suffix = packed.SUFFIX

    def __init__(
        self, pipe: pipeline.Pipeline, label: str, segment_size: int
    ) -> None:
        self.metadata: dict[str, str] = {'label': label}
        self._pipe = pipe
        self._segment_size = segment_size
        self._head = _Head()

    def read(self, size: int) -> bytes:
        piece = self._pipe.read(size)
        if piece:
            self._head.feed(piece)
        elif 'stop-segment' not in self.metadata:
            self.metadata |= self._end()
        return piece

    def _end(self) -> dict[str, str]:
        """Read what is known at the end.

        :raises trove.common.exception.DatastoreError: it is not understood
        """
        label = _LABEL.search(self._head.text())
        end = _END.search(self._pipe.said())
        if label is None or end is None:
            raise exception.DatastoreError(
                action=_ACTION,
                reason='pg_basebackup is of a version that is not understood: '
                f'{self._pipe.said() if label else "there is no label"}',
            )
        timeline = int(label['file'][:8], 16)
        last = wal.Segment.ending(
            timeline,
            wal.parse_position(end['position']),
            self._segment_size,
        )
        return {
            'start-segment': label['segment'],
            'start-wal-file': label['file'],
            'checkpoint-location': label['checkpoint'],
            'stop-segment': end['position'],
            'stop-wal-file': last.name,
        }


class _Head:
    """The beginning of a compressed archive, whose first file is the label."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._found = b''

    def feed(self, piece: bytes) -> None:
        if len(self._found) < _HEAD:
            self._found += self._decompressor.decompress(
                self._decompressor.unconsumed_tail + piece, _HEAD
            )

    def text(self) -> str:
        label = self._found[tarfile.BLOCKSIZE:]
        return label.decode(errors='replace')


def _segment_size(connection: connections.Connection) -> int:
    return wal.parse_segment_size(_row(connection, _SEGMENT_SIZE)[0])


def _row(
    connection: connections.Connection, query: Any, *values: str
) -> tuple[Any, ...]:
    found = connection.execute(query, values).fetchone()
    assert found is not None
    return found
