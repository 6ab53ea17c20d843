# SPDX-License-Identifier: Apache-2.0
"""The common part of drivers whose servers replicate."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

from trove.guestagent.datastores import base
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import replication
from trove.guestagent.datastores.mysql_common import driver
from trove.guestagent.datastores.mysql_common import gtid
from trove.guestagent.datastores.mysql_common import replication as replicas
from trove.guestagent.datastores.mysql_common import server as servers


class ReplicatingDriver(driver.MySQLDriver):
    """MySQL or MariaDB with replicas.

    Of whatever is deleted or promoted, a primary keeps nothing for single
    replicas: binary logs are kept for some days, whoever needs them.
    """

    capabilities = driver.MySQLDriver.capabilities | {
        base.Capability.REPLICATION,
    }
    dialect: gtid.Dialect

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        home: homes.Home[servers.Server],
        session: str,
    ) -> None:
        super().__init__(conf, home, session)
        self.replication = replicas.Replication(
            home,
            self.connector,
            self.dialect,
            self.identified,
            self.write_config,
            self.start,
        )

    @abc.abstractmethod
    def restore_data(self, preparation: base.Preparation) -> str:
        """Make the data of a backup.

        :returns: the position of a replica's, if its data do not know it
        """

    def create_data(self, preparation: base.Preparation) -> None:
        if preparation.snapshot is not None:
            self._create_replica(preparation, preparation.snapshot)
        elif preparation.backup is None:
            super().create_data(preparation)
        else:
            self.restore_data(preparation)
            if preparation.log is not None:
                self.replay_log(preparation)

    def _create_replica(
        self, preparation: base.Preparation, context: replication.Context
    ) -> None:
        # Before there are data that could be started without it.
        self.replication.keep(context)
        position = None
        if preparation.backup is None:
            self.begin_with_volume()
        else:
            position = self.restore_data(preparation)
        self.start()
        self.replication.begin(context, position)

    @abc.abstractmethod
    def replay_log(self, preparation: base.Preparation) -> None:
        """Replay a log on restored data, before anybody can connect."""

    def role_settings(self) -> dict[str, Any]:
        return self.replication.settings()

    def replica_snapshot(self, replica_id: str | None) -> replication.Context:
        return self.replication.context()

    def keep_log(self) -> None:
        """Do nothing: the binary logs are kept for days."""

    def replica_context(self) -> replication.Context:
        return self.replication.context()

    def attach_replica(self, context: replication.Context) -> None:
        self.replication.attach(context)

    def detach_replica(self, for_failover: bool) -> dict[str, Any]:
        return self.replication.detach(for_failover)

    def remove_replica(self, replica_info: Mapping[str, Any]) -> None:
        """Do nothing: nothing is kept for a single replica."""

    def enable_as_primary(self) -> None:
        self.replication.context()

    def demote_primary(self) -> None:
        """Do nothing: nothing is kept for replicas."""

    def set_read_only(self, read_only: bool) -> None:
        self.replication.set_read_only(read_only)

    def latest_transaction(self) -> str:
        return self.replication.latest()

    def has_transaction(self, transaction: str) -> bool:
        return self.replication.has(transaction)

    def last_transaction(self) -> tuple[str, int]:
        return self.replication.last()

    def replication_state(self) -> replication.State | None:
        return self.replication.state()

    def transaction_count(self) -> int:
        return self.replication.count()
