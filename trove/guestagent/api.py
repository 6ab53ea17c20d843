# SPDX-License-Identifier: Apache-2.0
"""The guest agent's interface and its client: what a guest can do."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

INTERFACE = rpc.Interface(
    name='guestagent',
    topic=lambda conf, peer: f'guestagent.{peer}',
    peer='guest agent of instance %s',
    remedy='Upgrade the guest agent of the instance, then repeat the request.',
    history=(
        rpc.Revision(
            '1.0',
            'The methods and arguments of all releases up to 14.',
            releases=(
                *('icehouse', 'juno', 'kilo', 'liberty', 'mitaka', 'newton'),
                *('ocata', 'pike', 'queens', 'rocky', 'stein', 'train'),
                *('ussuri', 'victoria'),
            ),
        ),
        rpc.Revision(
            '1.1',
            'prepare and start_db_with_conf_changes take ds_version; '
            'resize_fs takes online; stop_db lost do_not_start_on_reboot.',
            releases=(
                *('wallaby', 'xena', 'yoga', 'zed'),
                *('2023.1', 'antelope', '2023.2', 'bobcat'),
                *('2024.1', 'caracal', '2024.2', 'dalmatian'),
            ),
        ),
        rpc.Revision(
            '1.2',
            'Release 23 added pre_create_backup and post_create_backup, '
            'which are not served here yet.',
            releases=(
                *('2025.1', 'epoxy', '2025.2', 'flamingo'),
                *('2026.1', 'gazpacho'),
            ),
        ),
        rpc.Revision(
            '1.3',
            'Release 26 added ssl_show, ssl_action and ssl_rollback, which '
            'are not served here yet.',
            releases=('2026.2', 'hibiscus'),
        ),
        rpc.Revision(
            '1.4',
            'get_diagnostics and get_hwinfo are served again; restart takes '
            'a reason.',
            releases=('2027.1',),
        ),
    ),
)

User = dict[str, Any]
Database = dict[str, Any]
Page = list[Any]

_SLOW = 'agent_call_high_timeout'


class API(rpc.Client, interface=INTERFACE):
    """What may be asked of the guest agent of one instance.

    :param peer: id of the instance

    A *user* is a dictionary with ``_name``, ``_host``, ``_password`` and
    ``_databases`` (a list of databases); a *database* one with ``_name``,
    ``_character_set`` and ``_collate``. A *page* is a list of two: the
    items, and the marker of the next page or None.
    """

    @rpc.cast('1.0', spans={'ds_version': rpc.Span('1.1', may_omit=True)})
    def prepare(
        self,
        context: trove_context.TroveContext,
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
    ) -> None:
        """Make the database server and what the customer ordered in it.

        :param memory_mb: MiB of the machine
        :param ds_version: the datastore's own version; a guest that does
            not know the argument has only one
        """

    @rpc.call('1.0')
    def rpc_ping(self, context: trove_context.TroveContext) -> bool:
        """Answer True."""

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'reason': rpc.Span('1.4', may_omit=True)},
    )
    def restart(
        self, context: trove_context.TroveContext, reason: str | None = None
    ) -> None:
        """Restart the database server.

        :param reason: why, for the guest's log
        """

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'do_not_start_on_reboot': rpc.Span('1.0', until='1.0')},
    )
    def stop_db(
        self,
        context: trove_context.TroveContext,
        do_not_start_on_reboot: bool = False,
    ) -> None:
        """Stop the database server until it is started again.

        :param do_not_start_on_reboot: known to releases up to 13 only;
            nothing here sends it
        """

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'ds_version': rpc.Span('1.1', may_omit=True)},
    )
    def start_db_with_conf_changes(
        self,
        context: trove_context.TroveContext,
        config_contents: str | None,
        ds_version: str | None = None,
    ) -> None:
        """Start the stopped database server with another configuration.

        :param config_contents: the new basic configuration, None to keep it
        :param ds_version: releases from 15 on require it, so give it always
        """

    @rpc.call('1.0', timeout=_SLOW)
    def reset_configuration(
        self, context: trove_context.TroveContext, configuration: Any
    ) -> None:
        """Replace the basic configuration; it holds from the next start.

        :param configuration: ``{"config_contents": text}``
        """

    @rpc.call('1.0')
    def update_overrides(
        self,
        context: trove_context.TroveContext,
        overrides: dict[str, Any],
        remove: bool = False,
    ) -> None:
        """Write the customer's parameters down, or remove them."""

    @rpc.call('1.0', timeout=_SLOW)
    def apply_overrides(
        self,
        context: trove_context.TroveContext,
        overrides: dict[str, Any],
    ) -> None:
        """Let parameters take effect that need no restart."""

    @rpc.cast('1.0')
    def create_database(
        self,
        context: trove_context.TroveContext,
        databases: list[Database],
    ) -> None:
        """Create databases."""

    @rpc.call('1.0')
    def list_databases(
        self,
        context: trove_context.TroveContext,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List databases by name, those of the system left out."""

    @rpc.cast('1.0')
    def delete_database(
        self, context: trove_context.TroveContext, database: Database
    ) -> None:
        """Delete a database with all that is in it."""

    @rpc.cast('1.0')
    def create_user(
        self, context: trove_context.TroveContext, users: list[User]
    ) -> None:
        """Create users and give them their databases."""

    @rpc.call('1.0')
    def list_users(
        self,
        context: trove_context.TroveContext,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> Page:
        """List users by name, those of the system left out."""

    @rpc.call('1.0')
    def get_user(
        self,
        context: trove_context.TroveContext,
        username: str,
        hostname: str | None,
    ) -> User | None:
        """Return a user, None if there is none of that name."""

    @rpc.cast('1.0')
    def delete_user(
        self, context: trove_context.TroveContext, user: User
    ) -> None:
        """Delete a user."""

    @rpc.cast('1.0')
    def update_attributes(
        self,
        context: trove_context.TroveContext,
        username: str,
        hostname: str | None,
        user_attrs: dict[str, Any],
    ) -> None:
        """Change a user.

        :param user_attrs: any of ``name``, ``host``, ``password``
        """

    @rpc.cast('1.0')
    def change_passwords(
        self,
        context: trove_context.TroveContext,
        users: list[dict[str, Any]],
    ) -> None:
        """Set passwords.

        :param users: dictionaries with ``name``, ``host``, ``password``
        """

    @rpc.call('1.0')
    def list_access(
        self,
        context: trove_context.TroveContext,
        username: str,
        hostname: str | None,
    ) -> list[Database]:
        """List the databases that a user may use."""

    @rpc.call('1.0')
    def grant_access(
        self,
        context: trove_context.TroveContext,
        username: str,
        hostname: str | None,
        databases: list[str],
    ) -> None:
        """Let a user use databases, given by name."""

    @rpc.call('1.0')
    def revoke_access(
        self,
        context: trove_context.TroveContext,
        username: str,
        hostname: str | None,
        database: str,
    ) -> None:
        """Take a database from a user."""

    @rpc.call('1.0')
    def enable_root(self, context: trove_context.TroveContext) -> User:
        """Enable the root user with a new password, and return both."""

    @rpc.call('1.0')
    def enable_root_with_password(
        self,
        context: trove_context.TroveContext,
        root_password: str | None = None,
    ) -> User:
        """Enable the root user with this password."""

    @rpc.call('1.0')
    def disable_root(self, context: trove_context.TroveContext) -> None:
        """Disable the root user."""

    @rpc.call('1.0')
    def is_root_enabled(self, context: trove_context.TroveContext) -> bool:
        """Say whether the root user is enabled now."""

    @rpc.call('1.0')
    def get_filesystem_stats(
        self, context: trove_context.TroveContext, fs_path: str | None
    ) -> dict[str, Any]:
        """Measure a file system.

        :param fs_path: a path on it, None for that of the data
        :returns: ``block_size`` (bytes), ``total_blocks``, ``free_blocks``,
            and ``total``, ``free``, ``used`` in GiB
        """

    @rpc.call('1.0', timeout=_SLOW, spans={'online': rpc.Span('1.1')})
    def resize_fs(
        self,
        context: trove_context.TroveContext,
        device_path: str | None = None,
        mount_point: str | None = None,
        online: bool = False,
    ) -> None:
        """Let the file system of the data fill its enlarged volume.

        :param online: the database runs meanwhile
        """

    @rpc.call('1.0', timeout=_SLOW)
    def mount_volume(
        self,
        context: trove_context.TroveContext,
        device_path: str | None = None,
        mount_point: str | None = None,
    ) -> None:
        """Mount the volume of the data."""

    @rpc.call('1.0', timeout=_SLOW)
    def unmount_volume(
        self,
        context: trove_context.TroveContext,
        device_path: str | None = None,
        mount_point: str | None = None,
    ) -> None:
        """Unmount the volume of the data."""

    @rpc.call('1.4')
    def get_diagnostics(
        self, context: trove_context.TroveContext
    ) -> dict[str, Any]:
        """Measure the agent.

        :returns: ``version`` (of the package), ``fds``, ``threads``, and in
            KiB ``vm_size``, ``vm_peak``, ``vm_rss``, ``vm_hwm``
        """

    @rpc.call('1.4')
    def get_hwinfo(
        self, context: trove_context.TroveContext
    ) -> dict[str, Any]:
        """Describe the machine.

        :returns: ``{"hwinfo": {"mem_total": KiB, "num_cpus": number}}``
        """
