# SPDX-License-Identifier: Apache-2.0
"""The guest agent's interface and its client.

The client declares the orders that guest agents of this tree carry out.
Orders that only released peers send are declared in :mod:`released` and
:mod:`clusters`, to be answered. The revisions are in :mod:`history`.
"""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent.api import agents
from trove.guestagent.api import backups
from trove.guestagent.api import clusters
from trove.guestagent.api import history
from trove.guestagent.api import released
from trove.guestagent.api import replication

Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]
Page = list[Any]

_SLOW = 'agent_call_high_timeout'

INTERFACE = rpc.Interface(
    name='guestagent',
    topic=lambda conf, peer: f'guestagent.{peer}',
    peer='guest agent of instance %s',
    remedy='Upgrade the guest agent of the instance, then repeat the request.',
    token_for=('backup_info', 'discard', 'publish'),
    sealed_since='1.5',
    history=history.REVISIONS,
)


class API(
    agents.Agents,
    backups.Backups,
    replication.Replication,
    released.Released,
    clusters.Clusters,
    rpc.Client,
    interface=INTERFACE,
):
    """Orders to the guest agent of one instance.

    :param peer: id of the instance

    A *user* is a dictionary with ``_name``, ``_host``, ``_password`` and
    ``_databases`` (a list of databases); a *database* one with ``_name``,
    ``_character_set`` and ``_collate``. A *page* is a list of two: the
    items, and the marker of the next page or None.
    """

    # The server

    @rpc.cast(
        '1.0',
        spans={
            'ds_version': rpc.Span('1.0/victoria', may_omit=True),
            'store': rpc.Span('1.5'),
            'log': rpc.Span('1.5'),
        },
    )
    def prepare(
        self,
        context: Context,
        packages: list[str],
        databases: list[Database],
        memory_mb: int,
        users: list[User],
        device_path: str | None = None,
        mount_point: str | None = None,
        backup_info: dict[str, Any] | None = None,
        config_contents: str | None = None,
        root_password: str | None = None,
        overrides: dict[str, Any] | None = None,
        cluster_config: dict[str, Any] | None = None,
        snapshot: dict[str, Any] | None = None,
        modules: list[dict[str, Any]] | None = None,
        ds_version: str | None = None,
        store: dict[str, Any] | None = None,
        log: dict[str, Any] | None = None,
    ) -> None:
        """Create the database server with the ordered databases and users.

        :param memory_mb: MiB of memory of the server
        :param backup_info: the backup to restore: ``id``, ``instance_id``,
            ``location``, ``type``, ``checksum``, ``storage_driver``
        :param ds_version: the version of the datastore; a guest that does
            not know the argument has only one
        :param store: where the backup is, as :meth:`create_backup` has it;
            ``known`` describes it and those that it continues, the full one
            last
        :param log: what to replay on top of the backup: ``until``, a time as
            :meth:`archive_log` stores it, ``container``, ``prefix``,
            ``series``, the numbers ``first`` and ``last``, and ``store``
        """

    @rpc.call('1.0', repeatable=True)
    def rpc_ping(self, context: Context) -> bool:
        """Return True."""

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'reason': rpc.Span('1.4', may_omit=True)},
    )
    def restart(self, context: Context, reason: str | None = None) -> None:
        """Restart the database server.

        :param reason: for the guest's log
        """

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={
            'do_not_start_on_reboot': rpc.Span(until='1.0/stein', again='1.4')
        },
    )
    def stop_db(
        self,
        context: Context,
        do_not_start_on_reboot: bool = False,
    ) -> None:
        """Stop the database server until it is started again.

        :param do_not_start_on_reboot: do not start it after a reboot either;
            sent by releases up to 13
        """

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={
            'ds_version': rpc.Span(
                '1.0/victoria',
                may_omit=True,
                required=('1.0/victoria', '1.3'),
            )
        },
    )
    def start_db_with_conf_changes(
        self,
        context: Context,
        config_contents: str | None,
        ds_version: str | None = None,
    ) -> None:
        """Start the stopped database server with another configuration.

        :param config_contents: the new basic configuration, None to keep it
        :param ds_version: the version of the datastore; always pass it, as
            guests of releases since 14 require it
        """

    @rpc.call('1.0', timeout=_SLOW)
    def reset_configuration(
        self, context: Context, configuration: Any
    ) -> None:
        """Replace the basic configuration, from the next start on.

        :param configuration: ``{"config_contents": text}``
        """

    @rpc.call('1.0')
    def update_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
        remove: bool = False,
    ) -> None:
        """Store the parameters of the configuration group, or remove them."""

    @rpc.call('1.0', timeout=_SLOW)
    def apply_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
    ) -> None:
        """Apply the parameters that need no restart."""

    # Databases, users, grants and the root user

    @rpc.cast('1.0')
    def create_database(
        self,
        context: Context,
        databases: list[Database],
    ) -> None:
        """Create databases."""

    @rpc.call('1.0', repeatable=True)
    def list_databases(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List databases by name, without those of the system."""

    @rpc.cast('1.0')
    def delete_database(self, context: Context, database: Database) -> None:
        """Delete a database with all its data."""

    @rpc.cast('1.0')
    def create_user(self, context: Context, users: list[User]) -> None:
        """Create users and grant them their databases."""

    @rpc.call('1.0', repeatable=True)
    def list_users(
        self,
        context: Context,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List users by name, without those of the system."""

    @rpc.call('1.0', repeatable=True)
    def get_user(
        self,
        context: Context,
        username: str,
        hostname: str | None,
    ) -> User | None:
        """Return a user, None if it does not exist."""

    @rpc.cast('1.0')
    def delete_user(self, context: Context, user: User) -> None:
        """Delete a user."""

    @rpc.cast('1.0')
    def update_attributes(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        user_attrs: dict[str, Any],
    ) -> None:
        """Change the attributes of a user.

        :param user_attrs: any of ``name``, ``host``, ``password``
        """

    @rpc.cast('1.0')
    def change_passwords(
        self,
        context: Context,
        users: list[dict[str, Any]],
    ) -> None:
        """Change the passwords of users.

        :param users: dictionaries with ``name``, ``host``, ``password``
        """

    @rpc.call('1.0', repeatable=True)
    def list_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
    ) -> list[Database]:
        """List the databases that a user has access to."""

    @rpc.call('1.0')
    def grant_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        databases: list[str],
    ) -> None:
        """Grant a user access to databases, given by name."""

    @rpc.call('1.0')
    def revoke_access(
        self,
        context: Context,
        username: str,
        hostname: str | None,
        database: str,
    ) -> None:
        """Revoke a user's access to a database."""

    @rpc.call('1.0')
    def enable_root(self, context: Context) -> User:
        """Enable the root user with a new password; return the user."""

    @rpc.call('1.0')
    def enable_root_with_password(
        self,
        context: Context,
        root_password: str | None = None,
    ) -> User:
        """Enable the root user with the given password."""

    @rpc.call('1.0')
    def disable_root(self, context: Context) -> None:
        """Disable the root user."""

    @rpc.call('1.0', repeatable=True)
    def is_root_enabled(self, context: Context) -> bool:
        """Return whether the root user is enabled now."""

    # The volume and the agent

    @rpc.call('1.0', repeatable=True)
    def get_filesystem_stats(
        self, context: Context, fs_path: str | None
    ) -> dict[str, Any]:
        """Return the usage of a file system.

        :param fs_path: a path on it, None for that of the data
        :returns: ``block_size`` (bytes), ``total_blocks``, ``free_blocks``,
            and ``total``, ``free``, ``used`` in GiB
        """

    @rpc.call('1.0', timeout=_SLOW, spans={'online': rpc.Span('1.0/victoria')})
    def resize_fs(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        online: bool = False,
    ) -> None:
        """Grow the file system of the data to the size of its volume.

        :param online: the database keeps running
        """

    @rpc.call('1.0', timeout=_SLOW)
    def mount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        write_to_fstab: bool = False,
    ) -> None:
        """Mount the volume of the data.

        :param write_to_fstab: mount it after a reboot, too; accepted by all
            releases and sent by none
        """

    @rpc.call('1.0', timeout=_SLOW)
    def unmount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
    ) -> None:
        """Unmount the volume of the data."""

    @rpc.call('1.4', repeatable=True)
    def get_diagnostics(self, context: Context) -> dict[str, Any]:
        """Return the resource usage of the agent.

        :returns: ``version`` (of the package), ``process`` (its name, since
            27.0), ``fds``, ``threads``, and in KiB ``vm_size``,
            ``vm_peak``, ``vm_rss``, ``vm_hwm``
        """

    @rpc.call('1.4', repeatable=True)
    def get_hwinfo(self, context: Context) -> dict[str, Any]:
        """Return the hardware of the server.

        :returns: ``{"hwinfo": {"mem_total": KiB, "num_cpus": number}}``
        """

    @rpc.call('1.5', sealed=True)
    def rotate_key(self, context: Context, key: str) -> None:
        """Replace the key for messages to and from this guest.

        Messages sealed with the previous key are accepted for a while.

        :param key: 32 letters and digits
        """
