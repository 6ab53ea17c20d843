# SPDX-License-Identifier: Apache-2.0
"""Declares the orders about the database server as a whole."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]

_SLOW = 'agent_call_high_timeout'


class Server:
    """The server: made, started, stopped, configured, upgraded."""

    @rpc.cast(
        '1.0', spans={'ds_version': rpc.Span('1.0/victoria', may_omit=True)}
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
    ) -> None:
        """Make the database server and what the customer ordered in it.

        :param memory_mb: MiB of the machine
        :param ds_version: the datastore's own version; a guest that does
            not know the argument has only one
        """

    @rpc.call('1.0', repeatable=True)
    def rpc_ping(self, context: Context) -> bool:
        """Answer True."""

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'reason': rpc.Span('1.4', may_omit=True)},
    )
    def restart(self, context: Context, reason: str | None = None) -> None:
        """Restart the database server.

        :param reason: why, for the guest's log
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

        :param do_not_start_on_reboot: leave it stopped when the machine
            boots, too; sent by releases up to 13
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
        :param ds_version: the datastore's own version; guests of releases
            from 14 on refuse to do without it, so give it always
        """

    @rpc.call('1.0', timeout=_SLOW)
    def reset_configuration(
        self, context: Context, configuration: Any
    ) -> None:
        """Replace the basic configuration; it holds from the next start.

        :param configuration: ``{"config_contents": text}``
        """

    @rpc.call('1.0')
    def update_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
        remove: bool = False,
    ) -> None:
        """Write the customer's parameters down, or remove them."""

    @rpc.call('1.0', timeout=_SLOW)
    def apply_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
    ) -> None:
        """Let parameters take effect that need no restart."""

    @rpc.cast('1.0/victoria')
    def rebuild(
        self,
        context: Context,
        ds_version: str,
        config_contents: str | None = None,
        config_overrides: dict[str, Any] | None = None,
    ) -> None:
        """Make the database server work again on a machine made anew.

        The data was kept.

        :param ds_version: the datastore's own version
        """

    @rpc.call('1.0', timeout=_SLOW)
    def pre_upgrade(self, context: Context) -> dict[str, Any]:
        """Get ready for a machine of another image.

        :returns: what the guest wants to be told after it
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
        """Change to another version of the datastore.

        Releases 8 to 13 sent the last three and served none of it.

        :param upgrade_info: has ``datastore_version``
        :param instance_version: the version to change to
        :param location: where it is
        """

    @rpc.call('1.0', timeout=_SLOW)
    def post_upgrade(
        self, context: Context, upgrade_info: dict[str, Any]
    ) -> None:
        """Go on, on a machine of another image.

        :param upgrade_info: what :meth:`pre_upgrade` returned
        """

    @rpc.call('1.5', timeout=_SLOW)
    def update_guest(self, context: Context) -> None:
        """Update the guest agent itself.

        All releases up to 2026.2 sent it, and none served it.
        """
