# SPDX-License-Identifier: Apache-2.0
"""Declares the orders about copies of the data: backups and replicas."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

_SLOW = 'agent_call_high_timeout'


class Copies:
    """Backups, and replication between instances."""

    @rpc.cast('1.0')
    def create_backup(
        self, context: Context, backup_info: dict[str, Any]
    ) -> None:
        """Make a backup.

        :param backup_info: columns of the backup; ``id`` is always there
        """

    @rpc.call('1.2', timeout=_SLOW)
    def pre_create_backup(
        self, context: Context, **fields: Any
    ) -> dict[str, Any]:
        """Make the data still for a snapshot of its volume."""

    @rpc.call('1.2', timeout=_SLOW)
    def post_create_backup(self, context: Context, **fields: Any) -> None:
        """Let the data change again after a snapshot of its volume."""

    @rpc.call('1.0', repeatable=True)
    def backup_required_for_replication(self, context: Context) -> bool:
        """Say whether a replica is made from a backup."""

    @rpc.call('1.0', timeout=_SLOW)
    def get_replication_snapshot(
        self,
        context: Context,
        snapshot_info: dict[str, Any],
        replica_source_config: Any = None,
    ) -> dict[str, Any]:
        """Make what a new replica begins with.

        :returns: ``dataset``, ``config``, ``master`` and more, for
            :meth:`prepare` of the replica
        """

    @rpc.cast('1.0', until='1.0/stein', again='1.5')
    def attach_replication_slave(
        self, context: Context, snapshot: dict[str, Any], slave_config: Any
    ) -> None:
        """Make this a replica; :meth:`attach_replica` came in its place."""

    @rpc.call('1.0', timeout=_SLOW)
    def detach_replica(
        self, context: Context, for_failover: bool = False
    ) -> dict[str, Any]:
        """Let this be a replica no longer.

        :returns: what its source is told
        """

    @rpc.call('1.0', timeout=_SLOW)
    def get_replica_context(self, context: Context) -> dict[str, Any]:
        """Return what a replica must know of this source.

        :returns: for :meth:`attach_replica`
        """

    @rpc.call(
        '1.0', timeout=_SLOW, spans={'restart': rpc.Span('1.0/victoria')}
    )
    def attach_replica(
        self,
        context: Context,
        replica_info: dict[str, Any],
        slave_config: Any,
        restart: bool = False,
    ) -> None:
        """Make this a replica of another source.

        :param replica_info: what :meth:`get_replica_context` returned
        :param restart: restart the database for it
        """

    @rpc.call('1.0', timeout=_SLOW)
    def make_read_only(self, context: Context, read_only: bool) -> None:
        """Refuse what changes the data, or no longer."""

    @rpc.call('1.0', timeout=_SLOW)
    def enable_as_master(
        self, context: Context, replica_source_config: Any
    ) -> None:
        """Let others be replicas of this."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_txn_count(self, context: Context) -> int:
        """Count the transactions so far."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_last_txn(self, context: Context) -> list[Any]:
        """Return the source and the number of the last transaction."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_latest_txn_id(self, context: Context) -> str:
        """Return the name of the latest transaction."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def wait_for_txn(self, context: Context, txn: str) -> None:
        """Answer when this transaction has arrived here."""

    @rpc.call('1.0', timeout=_SLOW, until='1.0/stein', again='1.5')
    def cleanup_source_on_replica_detach(
        self, context: Context, replica_info: dict[str, Any]
    ) -> None:
        """Forget a replica that was detached."""

    @rpc.call('1.0', timeout=_SLOW)
    def demote_replication_master(self, context: Context) -> None:
        """Let others be replicas of this no longer."""
