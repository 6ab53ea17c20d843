# SPDX-License-Identifier: Apache-2.0
"""The guest agent's endpoint: hands every order to who carries it out.

Orders that use the database are carried out one by one, as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
from typing import Any
from typing import ClassVar

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import unsupported as refusals
from trove.guestagent import accounts
from trove.guestagent import api
from trove.guestagent import diagnostics
from trove.guestagent import reporter as reporters
from trove.guestagent import supervisor as supervisors
from trove.guestagent import unsupported
from trove.guestagent.datastores import base

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]


@refusals.serve(api.API.interface, unsupported.ORDERS)
class Manager(accounts.Accounts):
    """Serves :class:`trove.guestagent.api.API`.

    Who sent a cast hears nothing of it, so a cast that fails becomes a fault
    of the instance, by way of the conductors.

    :param report: tells the status now, before an order is answered
    :param rotate: lets the agent use a new key for its messages
    """

    interface: ClassVar[rpc.Interface] = api.API.interface

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
        report: Callable[[], None],
        rotate: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(supervisor, reporter)
        self._report = report
        self._rotate = rotate
        #: Keeps the place of an order that has arrived.
        self.expect = supervisor.turns.expect

    # The server

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
        with self._reporter.reporting(context, 'make the database'):
            _refuse(
                restoring_a_backup=backup_info,
                joining_a_cluster=cluster_config,
                replication=snapshot,
                modules=modules,
            )
            if packages:
                LOG.info(
                    'Not installing the packages of the datastore version '
                    '(%s): they are part of the image.',
                    ', '.join(packages),
                )
            self._supervisor.prepare(
                base.Preparation(
                    memory_mb=memory_mb,
                    databases=accounts.databases_of(databases),
                    users=accounts.users_of(users),
                    config_contents=_contents(config_contents),
                    overrides=overrides or {},
                    root_password=root_password,
                    version=ds_version,
                    device_path=device_path,
                )
            )
            if root_password:
                self._reporter.root_enabled(context)
        self._report()

    def rpc_ping(self, context: Context) -> bool:
        return True

    def restart(self, context: Context, reason: str | None = None) -> None:
        LOG.info('Restarting the database: %s', reason or 'on request')
        self._supervisor.restart()
        self._report()

    def stop_db(
        self, context: Context, do_not_start_on_reboot: bool = False
    ) -> None:
        self._supervisor.halt(start_on_reboot=not do_not_start_on_reboot)
        self._report()

    def start_db_with_conf_changes(
        self,
        context: Context,
        config_contents: str | None,
        ds_version: str | None = None,
    ) -> None:
        self._supervisor.run(_contents(config_contents))
        self._report()

    def reset_configuration(
        self, context: Context, configuration: Any
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.configure(_contents(configuration))

    def update_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
        remove: bool = False,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.update_overrides(overrides or {}, remove=remove)

    def apply_overrides(
        self, context: Context, overrides: dict[str, Any]
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.apply_overrides(overrides or {})

    # The volume

    def get_filesystem_stats(
        self, context: Context, fs_path: str | None
    ) -> dict[str, Any]:
        return dict(self._supervisor.driver.filesystem_stats())

    def resize_fs(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        online: bool = False,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.resize_fs(device_path, mount_point, online)

    def mount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        write_to_fstab: bool = False,
    ) -> None:
        _refuse(mounting_at_every_boot=write_to_fstab)
        with self._supervisor.turn() as driver:
            driver.mount_volume(device_path, mount_point)

    def unmount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.unmount_volume(device_path, mount_point)

    # The agent

    def get_diagnostics(self, context: Context) -> dict[str, Any]:
        return diagnostics.agent()

    def get_hwinfo(self, context: Context) -> dict[str, Any]:
        return diagnostics.machine()

    def rotate_key(self, context: Context, key: str) -> None:
        if self._rotate is None:
            raise exception.NotSupported(
                'This guest agent has no key: its option '
                'enable_secure_rpc_messaging is off. Nothing was changed.'
            )
        self._rotate(key)

    def refuse(
        self,
        context: Context,
        method: rpc.Method,
        what: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Refuse an order that no datastore here can carry out."""
        if method.kind == 'call':
            raise exception.NotSupported(what=what)
        if method.name == 'create_backup':
            backup = arguments['backup_info'] or {}
            self._reporter.backup_failed(context, str(backup.get('id')))
        with self._reporter.reporting(context, f'carry out {method.name}'):
            raise exception.NotSupported(what=what)


def _contents(value: Any) -> str | None:
    """Take a configuration as text or as ``{"config_contents": text}``."""
    if isinstance(value, dict):
        value = value.get('config_contents')
    return None if value is None else str(value)


def _refuse(**orders: object) -> None:
    for what, order in orders.items():
        if order:
            raise exception.NotSupported(
                what=what.replace('_', ' ').capitalize()
            )
