# SPDX-License-Identifier: Apache-2.0
"""Declares the orders about the machine and the agent on it."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

_SLOW = 'agent_call_high_timeout'


class Machine:
    """The volume, logs, modules and certificates; the agent itself."""

    @rpc.call('1.0', repeatable=True)
    def get_filesystem_stats(
        self, context: Context, fs_path: str | None
    ) -> dict[str, Any]:
        """Measure a file system.

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
        """Let the file system of the data fill its enlarged volume.

        :param online: the database runs meanwhile
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

        :param write_to_fstab: have it mounted when the machine boots, too;
            taken by all releases and sent by none
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
        """Measure the agent.

        :returns: ``version`` (of the package), ``process`` (its name, since
            27.0), ``fds``, ``threads``, and in KiB ``vm_size``,
            ``vm_peak``, ``vm_rss``, ``vm_hwm``
        """

    @rpc.call('1.4', repeatable=True)
    def get_hwinfo(self, context: Context) -> dict[str, Any]:
        """Describe the machine.

        :returns: ``{"hwinfo": {"mem_total": KiB, "num_cpus": number}}``
        """

    @rpc.call('1.5', sealed=True)
    def rotate_key(self, context: Context, key: str) -> None:
        """Begin to use a new key for messages to and from this guest.

        What was sealed with the key before it is still taken for a while.

        :param key: text of 32 letters and digits
        """

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def guest_log_list(self, context: Context) -> list[dict[str, Any]]:
        """List the logs that there are."""

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
        """Switch a log on or off, publish it or throw it away.

        :returns: how the log is then
        """

    @rpc.call('1.0', timeout=_SLOW, repeatable=True)
    def module_list(
        self, context: Context, include_contents: bool = False
    ) -> list[dict[str, Any]]:
        """List the modules that were applied."""

    @rpc.call('1.0', timeout=_SLOW)
    def module_apply(
        self, context: Context, modules: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """Apply modules.

        :returns: how that went, for each of them
        """

    @rpc.call('1.0', timeout=_SLOW)
    def module_remove(
        self, context: Context, module: dict[str, Any] | None = None
    ) -> None:
        """Take a module away."""

    @rpc.call('1.3', timeout=_SLOW, repeatable=True)
    def ssl_show(self, context: Context) -> dict[str, Any]:
        """Say how connections are encrypted."""

    @rpc.call('1.3', timeout=_SLOW)
    def ssl_action(
        self,
        context: Context,
        mode: str | None,
        container: str | None,
        enable: bool,
        disable: bool,
    ) -> dict[str, Any]:
        """Have connections encrypted, or no longer.

        :param container: where the certificate and its key are kept
        """

    @rpc.call('1.3', timeout=_SLOW)
    def ssl_rollback(self, context: Context) -> dict[str, Any]:
        """Take the last :meth:`ssl_action` back."""
