# SPDX-License-Identifier: Apache-2.0
"""Run PostgreSQL of another series on the same data, by ``pg_upgrade``.

Each series (17, 18) has a format of its own. ``pg_upgrade`` copies the data
into a new cluster beside them on the volume; the old ones are kept, and the
server of the former version is started on them again when anything fails.

It may be interrupted at any time. What was being made is thrown away then,
and what takes the place of the old data does so by two renames, which
:meth:`Series.settle` finishes.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import os
import pathlib
import shutil
import signal
import threading
import time
from typing import Any
from typing import Final

from trove.common import exception
from trove.common import ordered
from trove.guestagent.datastores import files
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import pg_upgrade
from trove.guestagent.datastores.postgresql import role as roles

LOG = logging.getLogger(__name__)

_NOTE: Final = '.trove-series.json'
_MAKING: Final = 'making'
_REPLACING: Final = 'replacing'
_RETURNING: Final = 'returning'
_DONE: Final = 'done'

_NEXT: Final = '.trove-next'
_FORMER: Final = '.trove-former'
_RENEW: Final = 'renew its statistics'
_DATABASES: Final = (
    'SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate'
)
#: Seconds that the statistics of all databases may take: what calls for them
#: is waiting.
_STATISTICS: Final = 3600


class Series:
    """Replaces the data of a cluster by those of a newer series.

    :param role: only a primary is upgraded in this way
    :param forget: is called for what is known of the old data only
    :param timeout: seconds for pg_upgrade
    :param permitted: the option ``major_upgrades``
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        role: roles.Role,
        forget: Callable[[], None],
        timeout: float,
        permitted: bool,
    ) -> None:
        self._cluster = cluster
        self._role = role
        self._forget = forget
        self._timeout = timeout
        self._permitted = permitted
        #: With the data, which another agent may take over.
        self._note = cluster.kept_dir / _NOTE
        self._settled = False
        self._settling = threading.Lock()

    @property
    def _next(self) -> pathlib.Path:
        """The directory of the cluster that is being made."""
        return self._cluster.kept_dir / _NEXT

    @property
    def _former(self) -> pathlib.Path:
        """The directory of the data that were replaced."""
        return self._cluster.kept_dir / _FORMER

    def concerns(self, version: str) -> bool:
        """Whether it takes more than other programs to run a version.

        Also until the server of a new series has run on the data.
        """
        self.settle()
        now = self._cluster.data_major()
        return now is not None and (
            ordered.is_older(now, version, ordered.series(self._name))
            or files.read_json(self._note).get('phase') == _REPLACING
        )

    @property
    def _name(self) -> str:
        return self._cluster.kind.group

    def settle(self) -> None:
        """End what an agent that died meanwhile had begun.

        Nothing is known before the volume is mounted.
        """
        if self._settled:
            return
        # The threads that watch and that report come at the same time.
        with self._settling:
            if not self._settled:
                self._settled = self._settle()

    def _settle(self) -> bool:
        note = files.read_json(self._note)
        if note.get('phase') == _MAKING:
            self._throw_away()
            self._note.unlink()
        elif note.get('phase') == _REPLACING:
            self._replace()
            self._cluster.use(note['version'])
        elif note.get('phase') == _RETURNING:
            self._return(note)
        return bool(note) or self._cluster.data_major() is not None

    def _throw_away(self) -> None:
        """Remove the new cluster; nothing works on either one any more."""
        data = self._cluster.data_dir
        for directory in (self._cluster.scratch_dir, self._next, data):
            for pid in processes.all_in(directory):
                processes.send(pid, signal.SIGKILL)
                processes.wait_gone(pid, 5)
        self._cluster.drop_scratch()
        shutil.rmtree(self._next, ignore_errors=True)

    def _replace(self) -> None:
        """Put the new cluster in the place of the old one; may be repeated."""
        data = self._cluster.data_dir
        if not self._next.exists():
            return
        if data.exists():
            shutil.rmtree(self._former, ignore_errors=True)
            data.rename(self._former)
        self._next.rename(data)
        files.sync_directory(self._cluster.kept_dir)

    def check(self, version: str) -> None:
        """Check what can be checked while the server runs.

        :raises trove.common.exception.TroveError: it cannot be upgraded
        """
        self._find(version)
        data = self._cluster.data_dir
        if os.path.ismount(data):
            raise pg_upgrade.refused(
                version,
                f'{data} is the volume itself, and the new data must be '
                'beside it. Set [guestagent] data_dir to a directory on the '
                'volume.',
            )
        if (data / 'pg_tblspc').exists() and any(
            (data / 'pg_tblspc').iterdir()
        ):
            raise pg_upgrade.refused(
                version,
                'it has tablespaces, which are outside its data directory. '
                'Move what is in them to pg_default and drop them.',
            )
        self._check_space(version)

    def _find(self, version: str) -> programs.Programs:
        """Find the programs of the new series."""
        now = self._cluster.server().programs.text
        if not self._permitted:
            raise pg_upgrade.refused(
                version,
                f'it runs {now}, and the operator does not permit upgrades '
                'to another series of versions. Create an instance of that '
                'version and migrate the data, or ask an administrator for '
                f'[{self._name}] major_upgrades.',
            )
        if not self._role.is_primary:
            raise pg_upgrade.refused(
                version,
                'it is a replica, which has the data of its primary. Delete '
                'it, upgrade the primary, and create it again.',
            )
        found = self._cluster.find_beside(version)
        for name in pg_upgrade.PROGRAMS:
            if not os.path.exists(found.program(name)):
                raise pg_upgrade.refused(
                    version,
                    f'{found.program(name)} is not there. Install all '
                    'programs of that version on the server of the instance.',
                )
        return found

    def _check_space(self, version: str) -> None:
        used = _size(self._cluster.data_dir)
        free = shutil.disk_usage(self._cluster.kept_dir).free
        if self._former.exists():
            free += _size(self._former)
        # The new catalogues, and a log of their own.
        needed = used + used // 20 + (512 << 20)
        if free < needed:
            raise pg_upgrade.refused(
                version,
                f'its data are copied, which takes {needed >> 20} MiB, and '
                f'its volume has {free >> 20} MiB free. Resize the volume, '
                'then upgrade again.',
            )

    def carry_out(
        self,
        version: str,
        start: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        """Replace the data and the server; on failure the former ones run.

        :param start: calls :meth:`prove` when the server runs
        :raises trove.common.exception.TroveError: it does not run
        """
        self.settle()
        if self._cluster.data_major() != _series(version):
            self._make(version, start, stop)
        self._cluster.use(version)
        try:
            start()
        except exception.SettingsTakenBack:
            # It runs, so nothing leads back.
            raise
        except exception.TroveError as error:
            stop()
            self._go_back()
            start()
            raise exception.DatastoreError(
                action=f'run version {version}',
                reason=f'{error} It runs version '
                f'{self._cluster.server().programs.text} as before, with the '
                'data of then.',
            ) from error

    def prove(self) -> None:
        """Note that the server runs: from now on nothing leads back."""
        note = files.read_json(self._note)
        if note.get('phase') == _REPLACING:
            self._forget()
            files.write_json(
                self._note,
                {**note, 'phase': _DONE, 'since': time.time(), 'stale': True},
            )

    def _make(
        self,
        version: str,
        start: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        """Make the new cluster, and put it in the place of the old one."""
        self.check(version)
        found = self._find(version)
        former = self._cluster.server()
        LOG.info(
            'Upgrading the data of PostgreSQL %s to %s. The database is '
            'stopped for as long as copying its files takes.',
            former.programs.text,
            found.text,
        )
        note = {
            'former': former.programs.text,
            'phase': _MAKING,
            'version': found.text,
        }
        stop()
        shutil.rmtree(self._former, ignore_errors=True)
        try:
            files.write_json(self._note, note)
            self._throw_away()
            pg_upgrade.copy(self._cluster, found, self._next, self._timeout)
        except (OSError, exception.TroveError):
            self._throw_away()
            self._note.unlink(missing_ok=True)
            start()
            raise
        files.write_json(self._note, {**note, 'phase': _REPLACING})
        self._replace()

    def _go_back(self) -> None:
        note = files.read_json(self._note)
        files.write_json(self._note, {**note, 'phase': _RETURNING})
        # If it fails, the next look at the server does it.
        self._settled = False
        self.settle()

    def _return(self, note: dict[str, Any]) -> None:
        """Put the old data back; may be repeated."""
        data = self._cluster.data_dir
        if self._former.exists():
            shutil.rmtree(self._next, ignore_errors=True)
            if data.exists():
                data.rename(self._next)
            self._former.rename(data)
            files.sync_directory(self._cluster.kept_dir)
        shutil.rmtree(self._next, ignore_errors=True)
        self._cluster.use(note['former'])
        self._note.unlink()

    def renew_statistics(self, connector: connections.Connector) -> None:
        """Have the planner know new data; the database is in use.

        It may take as long as to read them, but not more than an hour.
        """
        note = files.read_json(self._note)
        if not note.get('stale'):
            return
        with connector.open(_RENEW) as connection:
            names = [row[0] for row in connection.execute(_DATABASES)]
        until = time.monotonic() + _STATISTICS
        for name in names:
            try:
                _analyze(connector, name, until - time.monotonic())
            except exception.DatastoreError as error:
                LOG.warning(
                    '%s Queries of database %r may be slow until ANALYZE '
                    'was run in it.',
                    error,
                    name,
                )
        files.write_json(self._note, {**note, 'stale': False})

    def drop_former(self, age: float) -> None:
        """Remove the data of the former version, if they are old enough.

        :param age: seconds since the upgrade
        """
        note = files.read_json(self._note)
        if note.get('phase') == _DONE and self._former.exists():
            if time.time() - float(note['since']) >= age:
                LOG.info(
                    'Removing the data of PostgreSQL %s in %s: there is a '
                    'backup of those of the present version.',
                    note.get('former'),
                    self._former,
                )
                shutil.rmtree(self._former, ignore_errors=True)


def _analyze(
    connector: connections.Connector, name: str, seconds: float
) -> None:
    """Renew the statistics of a database.

    :raises trove.common.exception.DatastoreError: it took longer, or failed
    """
    if seconds <= 0:
        raise exception.DatastoreError(
            action=_RENEW, reason='those of other databases took too long.'
        )
    with connector.open(_RENEW, name) as connection:
        milliseconds = max(int(seconds * 1000), 1)
        connection.execute(f'SET statement_timeout = {milliseconds}'.encode())
        connection.execute('ANALYZE')


def _series(version: str) -> str:
    return str(ordered.number(version)).split('.')[0]


def _size(directory: pathlib.Path) -> int:
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total
