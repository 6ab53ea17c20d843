# SPDX-License-Identifier: Apache-2.0
"""The common part of drivers whose binary logs are archived and replayed."""

from __future__ import annotations

import abc
from collections.abc import Iterator
import contextlib
import datetime
from typing import ClassVar

from oslo_config import cfg

from trove.guestagent.datastores import archive
from trove.guestagent.datastores import base
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores.mysql_common import archive as archives
from trove.guestagent.datastores.mysql_common import replay
from trove.guestagent.datastores.mysql_common import replicating
from trove.guestagent.datastores.mysql_common import server as servers


class ArchivingDriver(replicating.ReplicatingDriver):
    """MySQL or MariaDB with a log of changes that can be restored."""

    capabilities = replicating.ReplicatingDriver.capabilities | {
        base.Capability.LOG_ARCHIVE,
    }
    #: The program that makes statements of a log.
    log_reader: ClassVar[str]
    #: The program that has statements carried out.
    client: ClassVar[str]

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        home: homes.Home[servers.Server],
        session: str,
    ) -> None:
        super().__init__(conf, home, session)
        self._archive = archives.Archive(home.data_dir, self.connector)
        self._replayer = replay.Replayer(
            home,
            self.log_reader,
            self.client,
            conf.guestagent.backup_stall_timeout,
        )

    @abc.abstractmethod
    def log_start(self, preparation: base.Preparation) -> replay.Position:
        """Return where the log goes on from restored data.

        :raises trove.common.exception.DatastoreError: the backup does not
            tell
        """

    def replay_log(self, preparation: base.Preparation) -> None:
        assert preparation.log is not None
        start = self.log_start(preparation)
        with self.replaying() as replayer:
            replayer.replay(preparation.log, start)

    @contextlib.contextmanager
    def replaying(self) -> Iterator[replay.Replayer]:
        """Run the server on restored data, before anybody can connect."""
        server = self.home.server()
        server.answers = self.connector.answers
        self.write_config()
        try:
            server.start(
                self._conf.guestagent.recovery_timeout, *replay.OPTIONS
            )
            yield self._replayer
        finally:
            server.stop(self._conf.guestagent.stop_timeout)

    def close_log(self, after: str | None) -> archive.Closed:
        return self._archive.close(after)

    def drop_log(self, name: str) -> None:
        """Do nothing: the server removes what is old enough."""

    def end_log(self) -> None:
        """Do nothing: nothing is kept for the archive."""

    def log_time(self) -> datetime.datetime:
        return self._archive.time()
