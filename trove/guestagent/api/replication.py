# SPDX-License-Identifier: Apache-2.0
"""Declares orders about replicas and their primary."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

_SLOW = 'agent_call_high_timeout'


class Replication:
    """Orders about who follows whom, in the form of released Trove."""

    @rpc.call('1.0', repeatable=True)
    def backup_required_for_replication(self, context: Context) -> bool:
        """Return whether a replica is created from a backup."""

    @rpc.call('1.0', timeout=_SLOW)
    def get_replication_snapshot(
        self,
        context: Context,
        snapshot_info: dict[str, Any],
        replica_source_config: Any = None,
    ) -> dict[str, Any]:
        """Create the snapshot that a new replica starts from.

        :returns: ``dataset``, ``config``, ``master`` and more, for
            :meth:`prepare` of the replica
        """

    @rpc.cast('1.0', until='1.0/stein', again='1.5')
    def attach_replication_slave(
        self, context: Context, snapshot: dict[str, Any], slave_config: Any
    ) -> None:
        """Make this a replica; replaced by :meth:`attach_replica`."""

    @rpc.call('1.0', timeout=_SLOW)
    def detach_replica(
        self, context: Context, for_failover: bool = False
    ) -> dict[str, Any]:
        """Stop being a replica.

        :returns: for :meth:`cleanup_source_on_replica_detach` of the source
        """

    @rpc.call('1.0', timeout=_SLOW)
    def get_replica_context(self, context: Context) -> dict[str, Any]:
        """Return the connection data of this source for its replicas.

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
        """Set or unset the database read-only."""

    @rpc.call('1.0', timeout=_SLOW)
    def enable_as_master(
        self, context: Context, replica_source_config: Any
    ) -> None:
        """Make this a primary that replicas can attach to."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_txn_count(self, context: Context) -> int:
        """Return the number of transactions so far."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_last_txn(self, context: Context) -> list[Any]:
        """Return the source and the number of the last transaction."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def get_latest_txn_id(self, context: Context) -> str:
        """Return the id of the latest transaction."""

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def wait_for_txn(self, context: Context, txn: str) -> None:
        """Wait until a transaction has been replicated."""

    @rpc.call('1.0', timeout=_SLOW, until='1.0/stein', again='1.5')
    def cleanup_source_on_replica_detach(
        self, context: Context, replica_info: dict[str, Any]
    ) -> None:
        """Remove what was kept for a detached replica."""

    @rpc.call('1.0', timeout=_SLOW)
    def demote_replication_master(self, context: Context) -> None:
        """Stop being a primary."""
