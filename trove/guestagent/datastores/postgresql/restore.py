# SPDX-License-Identifier: Apache-2.0
"""A cluster from backups, before anybody can connect to it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import logging
import os
import pathlib
import subprocess
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import unpacking
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import private
from trove.guestagent.datastores.postgresql import recovery
from trove.guestagent.datastores.postgresql import restored
from trove.guestagent.datastores.postgresql import server_errors
from trove.guestagent.datastores.postgresql import wal

LOG = logging.getLogger(__name__)

_ACTION: Final = 'restore the backup'
_VERIFY: Final = 'pg_verifybackup'
_DUMP: Final = 'pg_waldump'
_REPLAYED: Final = 'SELECT pg_last_wal_replay_lsn()::text'


class Restore:
    """Makes a cluster of what was stored.

    :param write_config: writes the configuration that it will run with
    :param timeout: seconds to replay the log, and for each program that
        verifies files
    :param stop_timeout: as of the option
    :param stall_timeout: likewise
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        write_config: Callable[[], None],
        timeout: float,
        stop_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._cluster = cluster
        self._write_config = write_config
        self._timeout = timeout
        self._stop_timeout = stop_timeout
        self._stall_timeout = stall_timeout
        self._data_dir = cluster.data_dir

    def restore(
        self,
        chain: Sequence[backups.Link],
        replay: archive.Replay | None = None,
    ) -> None:
        """Make the cluster of a full backup and those that build on it.

        What the agent made before is lost, and so is what came of this if it
        fails.

        :param replay: the log since, up to a time
        :raises trove.common.exception.TroveError: it cannot be made
        """
        server = self._cluster.server()
        server.stop(self._stop_timeout)
        with self._cluster.restoring() as password:
            try:
                self._unpack_all(chain, restored.RECOVERY)
                self._write_config()
                with self._source(replay) as settings:
                    self._replay(chain[-1].metadata, password, settings)
            finally:
                server.stop(self._stop_timeout)

    def restore_replica(
        self, chain: Sequence[backups.Link], password: str
    ) -> None:
        """Make the files that a replica begins with, see :meth:`restore`.

        :param password: of the superuser of its primary
        """
        self._cluster.server().stop(self._stop_timeout)
        with self._cluster.restoring(password):
            self._unpack_all(chain, restored.STANDBY)

    def verify(
        self, chain: Sequence[backups.Link], directory: pathlib.Path
    ) -> None:
        """Return when a backup could be restored.

        :param directory: an empty one, of the server's user
        :raises trove.common.exception.DatastoreError: it could not
        :raises trove.common.exception.NotSupported: there are no programs for
            that
        """
        programs = self._cluster.server().programs
        for name in _VERIFY, _DUMP:
            if not os.path.exists(programs.program(name)):
                raise exception.NotSupported(
                    f'Backups cannot be verified here: there is no {name} in '
                    'the image. Install it, or restore the backup into a new '
                    'instance to prove it.'
                )
        self._unpack(chain[0], directory)
        restored.refuse_links(directory)
        found = restored.major(directory)
        if str(found) != programs.major:
            raise exception.NotSupported(
                f'The backup is of PostgreSQL {found}, and this instance has '
                f'PostgreSQL {programs.text}, whose programs cannot verify '
                'it. Restore it into a new instance to prove it.'
            )
        self._verify(directory)
        for link in chain[1:]:
            self._unpack(link, directory / 'pg_wal')
            restored.refuse_links(directory / 'pg_wal')
            self._verify_log(link.metadata, directory / 'pg_wal')

    def _verify_log(
        self, known: backups.Metadata, directory: pathlib.Path
    ) -> None:
        """Read the records of the log that a backup consists of."""
        said = self._run(
            _DUMP,
            '--quiet',
            f'--path={directory}',
            f'--timeline={int(known.get("stop-wal-file", "0")[:8], 16)}',
            f'--start={known.get("start-segment")}',
            f'--end={known.get("stop-segment")}',
        )
        if said:
            raise restored.failed(
                f'a part of its log is missing or damaged: {said}. Restore '
                'an earlier backup.'
            )

    def _run(self, name: str, *arguments: str) -> str:
        """Run a program; return what it said of its failure, if it failed."""
        server = self._cluster.server()
        try:
            done = subprocess.run(
                [server.programs.program(name), *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors='replace',
                timeout=self._timeout,
                **server.options(),
            )
        except subprocess.TimeoutExpired:
            raise restored.failed(
                f'{name} took longer than {self._timeout:g} s. Raise '
                '[guestagent] recovery_timeout, then restore it again.'
            ) from None
        if done.returncode == 0:
            return ''
        said = (done.stderr or done.stdout).strip()
        return said[-server_errors.TAIL:] or f'status {done.returncode}'

    def _unpack_all(
        self, chain: Sequence[backups.Link], signal: str
    ) -> None:
        self._unpack(chain[0], self._data_dir)
        restored.refuse_links(self._data_dir)
        self._check_version()
        self._verify(self._data_dir)
        for link in chain[1:]:
            self._unpack(link, self._data_dir / 'pg_wal')
        restored.refuse_links(self._data_dir / 'pg_wal')
        restored.make_own(self._data_dir, self._cluster.account, signal)

    def _unpack(self, link: backups.Link, directory: pathlib.Path) -> None:
        LOG.info('Restoring %s', link.location)
        # As the server's user, it can do no harm elsewhere.
        unpacking.extract(
            _ACTION,
            link.read(),
            directory,
            stall_timeout=self._stall_timeout,
            **self._cluster.server().options(),
        )

    def _check_version(self) -> None:
        found = restored.major(self._data_dir)
        programs = self._cluster.server().programs
        if str(found) != programs.major:
            raise restored.failed(
                f'it is of PostgreSQL {found}, and this instance has '
                f'PostgreSQL {programs.text}. Restore it into an instance '
                f'with a datastore version of PostgreSQL {found}.'
            )

    def _verify(self, directory: pathlib.Path) -> None:
        """Hold the files against the manifest of the backup."""
        program = self._cluster.server().programs.program(_VERIFY)
        if not os.path.exists(program):
            LOG.warning(
                'The files of the backup are not verified, besides their '
                'checksum in the object store: %s is not there. Install it '
                'to have that done.',
                program,
            )
            return
        if said := self._run(_VERIFY, '--quiet', os.fspath(directory)):
            raise restored.failed(
                f'its files are not those of its manifest: {said}. Restore '
                'another backup.'
            )

    @contextlib.contextmanager
    def _source(
        self, replay: archive.Replay | None
    ) -> Iterator[dict[str, str]]:
        """Yield the settings that tell where the log is, and its end."""
        if replay is None:
            # The segments are in pg_wal, all of them.
            yield {
                'restore_command': 'false',
                'recovery_target_timeline': 'latest',
            }
            return
        feed = recovery.Feed(self._cluster, replay, self._stall_timeout)
        with feed.serving():
            yield {
                'restore_command': feed.command,
                # That of the backup.
                'recovery_target_timeline': 'current',
                'recovery_target_time': replay.until.isoformat(' ') + '+00',
                'recovery_target_action': 'promote',
            }

    def _replay(
        self,
        newest: backups.Metadata,
        password: str,
        settings: dict[str, str],
    ) -> None:
        """Replay the log, then exchange the password of the old instance."""
        with private.session(
            self._cluster,
            _ACTION,
            self._timeout,
            # No program of the old place runs.
            archive_cleanup_command='',
            recovery_end_command='',
            # So the limits that the old server had do not matter.
            hot_standby='off',
            archive_mode='off',
            **settings,
        ) as connection:
            self._check_replayed(connection, newest)
            private.set_password(connection, password)

    def _check_replayed(
        self, connection: connections.Connection, newest: backups.Metadata
    ) -> None:
        """Return when the log was there to the end of the newest backup."""
        end = newest.get('stop-segment')
        found = connection.execute(_REPLAYED).fetchone()
        if end is None or found is None or found[0] is None:
            return
        if wal.parse_position(found[0]) < wal.parse_position(end):
            raise restored.failed(
                f'the log ends at {found[0]}, and the backup at {end}: a '
                'part is missing. Restore another backup.'
            )
