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
    """Snapshots, logs, modules, certificates, upgrades."""

    # Snapshots of volumes

    @rpc.call('1.2', timeout=_SLOW)
    def pre_create_backup(
        self, context: Context, **fields: Any
    ) -> dict[str, Any]:
        """Freeze the data for a snapshot of its volume."""

    @rpc.call('1.2', timeout=_SLOW)
    def post_create_backup(self, context: Context, **fields: Any) -> None:
        """Thaw the data after a snapshot of its volume."""

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

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'datastore_version': rpc.Span('1.5', may_omit=True)},
    )
    def pre_upgrade(
        self, context: Context, datastore_version: str | None = None
    ) -> dict[str, Any]:
        """Prepare for an upgrade.

        :param datastore_version: the version to upgrade to: checks that it
            can be used
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
        """Continue after an upgrade.

        No release sends it. Since 1.5 it fails if the last order to upgrade
        failed, or if the server is not of this version.

        :param upgrade_info: has ``datastore_version``
        """

    @rpc.call('1.5', timeout=_SLOW)
    def update_guest(self, context: Context) -> None:
        """Update the guest agent itself.

        All releases up to 2026.2 sent it, and none served it.
        """

    # Logs, modules, certificates, the root user

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def guest_log_list(self, context: Context) -> list[dict[str, Any]]:
        """List the logs that the asker may see.

        :returns: ``name``, ``type`` (USER or SYS), ``status``, ``published``
            and ``pending`` (bytes), ``container``, ``prefix``, ``metafile``
        """

    @rpc.call(
        '1.0',
        timeout=_SLOW,
        spans={'store': rpc.Span('1.5', may_omit=True)},
    )
    def guest_log_action(
        self,
        context: Context,
        log_name: str,
        enable: bool,
        disable: bool,
        publish: bool,
        discard: bool,
        store: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Enable, disable, discard or publish a log, or only show it.

        :param store: how to write into the object store, see
            :func:`trove.objectstore.open_store`, with ``container`` and
            ``expiry`` (seconds); what is to be discarded was removed there
            by the sender. None: with the token of the user, which the guests
            of released Trove do
        :returns: the log, as :meth:`guest_log_list` has it
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
        """Return how connections are encrypted.

        :returns: ``status`` (on or off), ``mode`` ("builtin" with the
            certificate that the server has made itself), ``certificate`` with
            ``cn``, ``expire_at``, ``san`` and ``payload`` (PEM)
        """

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

        :param mode: ``basic``, ``enforced`` or ``mtls``
        :param container: ``certificate``, ``private_key`` and ``ca``, in the
            form PEM; a dict, although the frozen contracts say otherwise
        :returns: ``restart_required``
        """

    @rpc.call('1.3', timeout=_SLOW)
    def ssl_rollback(self, context: Context) -> dict[str, Any]:
        """Roll back the last :meth:`ssl_action`."""

    @rpc.call('1.0/stein', repeatable=True)
    def get_root_password(self, context: Context) -> str:
        """Return the password of the root user."""
