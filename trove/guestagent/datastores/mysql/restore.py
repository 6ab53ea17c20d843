# SPDX-License-Identifier: Apache-2.0
"""A database from a clone, before its server is started."""

from __future__ import annotations

from collections.abc import Sequence
import logging
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import files
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import unpacking
from trove.guestagent.datastores.mysql import backup
from trove.guestagent.datastores.mysql import increment
from trove.guestagent.datastores.mysql_common import replay
from trove.guestagent.datastores.mysql_common import role
from trove.guestagent.datastores.mysql_common import server as servers

LOG = logging.getLogger(__name__)

_ACTION: Final = 'restore the backup'
#: What belongs to the place of the old server, not to its database.
_OF_THE_PLACE: Final = (
    'auto.cnf',
    'mysqld-auto.cnf',
    '*.pem',
    'mysql-bin.*',
    '*relay-bin*',
    role.MARK,
    '*.log',
    '*.pid',
)


class Restore:
    """Makes a database of what was stored.

    :param stop_timeout: as of the option
    :param stall_timeout: likewise
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        stop_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._home = home
        self._stop_timeout = stop_timeout
        self._stall_timeout = stall_timeout

    def restore(self, chain: Sequence[backups.Link]) -> None:
        """Make the database of a full backup.

        What the agent made before is lost, and so is what came of this if it
        fails. What continues the backup is replayed at the first start.

        :param chain: the full backup, and those that continue it

        :raises trove.common.exception.TroveError: it cannot be made
        """
        server = self._home.server()
        (link, *others) = chain
        _require(link, backup.SUFFIX, 'a full backup')
        for other in others:
            _require(other, increment.SUFFIX, 'an incremental backup')
        self._check_version(link.metadata.get(increment.VERSION, ''))
        server.stop(self._stop_timeout)
        with self._home.restoring():
            LOG.info('Restoring %s', link.location)
            directory = self._home.data_dir
            # As the server's user, it can do no harm elsewhere.
            unpacking.extract(
                _ACTION,
                link.read(),
                directory,
                stall_timeout=self._stall_timeout,
                **server.options(),
            )
            for path in files.links(directory):
                raise _failed(
                    f'{path.relative_to(directory)} leads elsewhere. Restore '
                    'another backup.'
                )
            for pattern in _OF_THE_PLACE:
                for path in list(directory.glob(pattern)):
                    path.unlink()
            if not (directory / self._home.witness).exists():
                raise _failed(
                    'there is no database in it. Restore another backup.'
                )

    def _check_version(self, version: str) -> None:
        programs = self._home.server().programs
        series = '.'.join(version.split('.')[: programs.kind.major])
        if series != programs.major:
            raise _failed(
                f'it is of MySQL {series or "of an unknown version"}, and '
                f'this instance has MySQL {programs.text}. Restore it into '
                'an instance with a datastore version of that number.'
            )


def _require(link: backups.Link, suffix: str, what: str) -> None:
    if not link.location.endswith(suffix):
        raise _failed(
            f'{link.location} is not {what} that a server of Trove has made '
            f'(*{suffix}). Restore another one.'
        )


def log_start(metadata: backups.Metadata) -> replay.Position:
    """Return where the log goes on from a backup.

    That is the whole file that was written when it was begun: the server
    skips transactions that it has, by their GTIDs.

    :raises trove.common.exception.DatastoreError: the backup does not tell
    """
    name = metadata.get(increment.LOG, '')
    if not name:
        raise _failed(
            'it does not tell its file of the binary log, so no log can begin '
            'with it. Restore a backup that was made later.'
        )
    return replay.Position(name, replay.WHOLE)


def _failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(action=_ACTION, reason=reason)
