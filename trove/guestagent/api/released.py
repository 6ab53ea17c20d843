# SPDX-License-Identifier: Apache-2.0
"""Declares orders of released task managers that no datastore serves yet.

They are refused, see :mod:`trove.guestagent.unsupported`. When a datastore
serves one, its declaration may move to the client: on the wire it is the
same.
"""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

_SLOW = 'agent_call_high_timeout'


class Released:
    """Snapshots, replicas, logs, modules, certificates, upgrades."""

    # Snapshots and replicas

    @rpc.call('1.2', timeout=_SLOW)
    def pre_create_backup(
        self, context: Context, **fields: Any
    ) -> dict[str, Any]:
        """Freeze the data for a snapshot of its volume."""

    @rpc.call('1.2', timeout=_SLOW)
    def post_create_backup(self, context: Context, **fields: Any) -> None:
        """Thaw the data after a snapshot of its volume."""

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

    # Another server, another version

    @rpc.cast('1.0/victoria')
    def rebuild(
        self,
        context: Context,
        ds_version: str,
        config_contents: str | None = None,
        config_overrides: dict[str, Any] | None = None,
    ) -> None:
        """Set the database up again on a rebuilt server.

        The data was kept.

        :param ds_version: the version of the datastore
        """

    @rpc.call('1.0', timeout=_SLOW)
    def pre_upgrade(self, context: Context) -> dict[str, Any]:
        """Prepare for a rebuild of the server with another image.

        :returns: for :meth:`post_upgrade`
        """

    @rpc.cast(
        '1.0/victoria',
        spans={
            'upgrade_info': rpc.Span(required=('1.0/victoria', '1.4')),
            'instance_version': rpc.Span('1.5'),
            'location': rpc.Span('1.5'),
            'metadata': rpc.Span('1.5'),
        },
    )
    def upgrade(
        self,
        context: Context,
        upgrade_info: dict[str, Any] | None = None,
        instance_version: str | None = None,
        location: str | None = None,
        metadata: Any = None,
    ) -> None:
        """Upgrade to another version of the datastore.

        Releases 8 to 13 sent the last three arguments and served none.

        :param upgrade_info: has ``datastore_version``
        :param instance_version: the version to upgrade to
        :param location: of its packages
        """

    @rpc.call('1.0', timeout=_SLOW)
    def post_upgrade(
        self, context: Context, upgrade_info: dict[str, Any]
    ) -> None:
        """Continue after the rebuild of the server with another image.

        :param upgrade_info: what :meth:`pre_upgrade` returned
        """

    @rpc.call('1.5', timeout=_SLOW)
    def update_guest(self, context: Context) -> None:
        """Update the guest agent itself.

        All releases up to 2026.2 sent it, and none served it.
        """

    # Logs, modules, certificates, the root user

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def guest_log_list(self, context: Context) -> list[dict[str, Any]]:
        """List the available logs."""

    @rpc.call('1.0', timeout=_SLOW)
    def guest_log_action(
        self,
        context: Context,
        log_name: str,
        enable: bool,
        disable: bool,
        publish: bool,
        discard: bool,
    ) -> dict[str, Any]:
        """Enable, disable, publish or discard a log.

        :returns: the new state of the log
        """

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def module_list(
        self, context: Context, include_contents: bool = False
    ) -> list[dict[str, Any]]:
        """List the applied modules."""

    @rpc.call('1.0', timeout=_SLOW)
    def module_apply(
        self, context: Context, modules: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """Apply modules.

        :returns: the outcome for each of them
        """

    @rpc.call('1.0', timeout=_SLOW)
    def module_remove(
        self, context: Context, module: dict[str, Any] | None = None
    ) -> None:
        """Remove a module."""

    @rpc.call('1.3', timeout=_SLOW, repeatable=True)
    def ssl_show(self, context: Context) -> dict[str, Any]:
        """Return how connections are encrypted."""

    @rpc.call('1.3', timeout=_SLOW)
    def ssl_action(
        self,
        context: Context,
        mode: str | None,
        container: str | None,
        enable: bool,
        disable: bool,
    ) -> dict[str, Any]:
        """Enable or disable the encryption of connections.

        :param container: of the certificate and its key
        """

    @rpc.call('1.3', timeout=_SLOW)
    def ssl_rollback(self, context: Context) -> dict[str, Any]:
        """Roll back the last :meth:`ssl_action`."""

    @rpc.call('1.0/stein', repeatable=True)
    def get_root_password(self, context: Context) -> str:
        """Return the password of the root user."""
