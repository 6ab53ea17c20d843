# SPDX-License-Identifier: Apache-2.0
"""The guest agent's endpoint.

Orders that use the database are carried out one by one, in the order of their
arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import logging
from typing import Any
from typing import ClassVar

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import unsupported as refusals
from trove.guestagent import accounts
from trove.guestagent import agent_orders
from trove.guestagent import api
from trove.guestagent import backups as backup_orders
from trove.guestagent import diagnostics
from trove.guestagent import freezing
from trove.guestagent import log_orders
from trove.guestagent import log_restores
from trove.guestagent import logs as guest_logs
from trove.guestagent import modules as module_store
from trove.guestagent import orders
from trove.guestagent import replication as replicas
from trove.guestagent import reporter as reporters
from trove.guestagent import restores
from trove.guestagent import snapshot_orders
from trove.guestagent import supervisor as supervisors
from trove.guestagent import tls_orders
from trove.guestagent import unsupported
from trove.guestagent import upgrades
from trove.guestagent.agents import upgrades as agent_upgrades
from trove.guestagent.datastores import base
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import replication
from trove.guestagent.datastores import settings

LOG = logging.getLogger(__name__)

Capability = capability.Capability
Context = trove_context.TroveContext
User = dict[str, Any]
Database = dict[str, Any]

#: The capability for each argument of prepare that not every datastore
#: supports. Supported arguments are passed in base.Preparation.
PREPARE_NEEDS = {
    'databases': Capability.DATABASES,
    'users': Capability.USERS,
    'config_contents': Capability.CONFIGURATION,
    'overrides': Capability.CONFIGURATION,
    'root_password': Capability.ROOT,
    'backup_info': Capability.BACKUP,
    'cluster_config': Capability.CLUSTER,
    'snapshot': Capability.REPLICATION,
    'store': Capability.BACKUP,
    'log': Capability.LOG_ARCHIVE,
}


@refusals.serve(api.API.interface, unsupported.ORDERS)
class Manager(
    accounts.Accounts,
    agent_orders.AgentOrders,
    log_orders.LogOrders,
    replicas.Replication,
    snapshot_orders.SnapshotOrders,
    tls_orders.TlsOrders,
    upgrades.Upgrades,
):
    """Serves :class:`trove.guestagent.api.API`.

    The sender of a cast gets no answer, so an error in a cast becomes a fault
    of the instance, by way of the conductors.

    :param report: reports the status now, before an order is answered
    :param rotate: replaces the key for the messages of the agent
    :param agents: keeps the agents of this guest
    """

    interface: ClassVar[rpc.Interface] = api.API.interface

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
        report: Callable[[], None],
        backups: backup_orders.Backups,
        logs: guest_logs.Logs,
        modules: module_store.Modules,
        rotate: Callable[[str], None] | None = None,
        agents: agent_upgrades.Agents | None = None,
        freezer: freezing.Freezer | None = None,
    ) -> None:
        super().__init__(supervisor, reporter)
        self._report = report
        self._backups = backups
        self._logs = logs
        self._modules = modules
        self._rotate = rotate
        self._agents = agents
        self._freezer = freezer

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return the capabilities of the datastore of this agent."""
        return self._supervisor.driver.capabilities

    def expect(self, order: str) -> contextlib.AbstractContextManager[None]:
        """Reserve the turn of an order that has arrived, if it needs one."""
        if order in _IN_TURN:
            return self._supervisor.turns.place()
        return contextlib.nullcontext()

    # The server

    @orders.in_turn
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
        with self._reporter.reporting(context, 'create the database'):
            self._check_prepare(
                databases=databases,
                users=users,
                config_contents=config_contents,
                overrides=overrides,
                root_password=root_password,
                backup_info=backup_info,
                cluster_config=cluster_config,
                snapshot=snapshot,
                store=store,
                log=log,
            )
            if packages:
                LOG.info(
                    'Ignoring the packages of the datastore version (%s): '
                    'they are part of the image.',
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
                    mount_point=mount_point,
                    from_snapshot=restores.is_snapshot(backup_info),
                    backup=restores.source(context, backup_info, store),
                    snapshot=replication.parse(snapshot) if snapshot else None,
                    log=log_restores.ordered(log) if log else None,
                )
            )
            if root_password or (backup_info and self._is_root_enabled()):
                self._reporter.root_enabled(context)
            self._modules.apply(modules or ())
        self._report()

    @orders.needs(Capability.REBUILD)
    def rebuild(
        self,
        context: Context,
        ds_version: str,
        config_contents: str | None = None,
        config_overrides: dict[str, Any] | None = None,
    ) -> None:
        with self._reporter.reporting(context, 'take over the data'):
            self._supervisor.rebuild(
                base.Preparation(
                    memory_mb=settings.machine_memory_mb(),
                    config_contents=_contents(config_contents),
                    overrides=config_overrides or {},
                    version=ds_version,
                )
            )
        self._report()

    @orders.of_agent
    def rpc_ping(self, context: Context) -> bool:
        return True

    @orders.in_turn
    def restart(self, context: Context, reason: str | None = None) -> None:
        LOG.info('Restarting the database: %s', reason or 'on request')
        self._supervisor.restart()
        self._report()

    @orders.in_turn
    def stop_db(
        self, context: Context, do_not_start_on_reboot: bool = False
    ) -> None:
        self._supervisor.halt(start_on_reboot=not do_not_start_on_reboot)
        self._report()

    @orders.needs(Capability.CONFIGURATION)
    def start_db_with_conf_changes(
        self,
        context: Context,
        config_contents: str | None,
        ds_version: str | None = None,
    ) -> None:
        self._supervisor.run(_contents(config_contents))
        self._report()

    @orders.needs(Capability.CONFIGURATION)
    def reset_configuration(
        self, context: Context, configuration: Any
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.configure(_contents(configuration))

    @orders.needs(Capability.CONFIGURATION)
    def update_overrides(
        self,
        context: Context,
        overrides: dict[str, Any],
        remove: bool = False,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.update_overrides(overrides or {}, remove=remove)

    @orders.needs(Capability.CONFIGURATION)
    def apply_overrides(
        self, context: Context, overrides: dict[str, Any]
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.apply_overrides(overrides or {})

    # Backups

    @orders.needs(Capability.BACKUP)
    def create_backup(
        self,
        context: Context,
        backup_info: dict[str, Any],
        store: dict[str, Any] | None = None,
    ) -> None:
        self._backups.create(context, backup_info, store)

    # The volume

    @orders.needs(Capability.VOLUME_SIZE, turn=False)
    def get_filesystem_stats(
        self, context: Context, fs_path: str | None
    ) -> dict[str, Any]:
        return dict(self._supervisor.driver.filesystem_stats())

    @orders.needs(Capability.VOLUME)
    def resize_fs(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        online: bool = False,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.resize_fs(device_path, mount_point, online)

    @orders.needs(Capability.VOLUME)
    def mount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
        write_to_fstab: bool = False,
    ) -> None:
        if write_to_fstab:
            raise exception.NotSupported(what='Mounting at every boot')
        with self._supervisor.turn() as driver:
            driver.mount_volume(device_path, mount_point)

    @orders.needs(Capability.VOLUME)
    def unmount_volume(
        self,
        context: Context,
        device_path: str | None = None,
        mount_point: str | None = None,
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.unmount_volume(device_path, mount_point)

    # Modules, whatever the datastore

    @orders.of_agent
    def module_list(
        self, context: Context, include_contents: bool = False
    ) -> list[dict[str, Any]]:
        return self._modules.list_(bool(context.is_admin), include_contents)

    @orders.of_agent
    def module_apply(
        self, context: Context, modules: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        return self._modules.apply(modules or ())

    @orders.of_agent
    def module_remove(
        self, context: Context, module: dict[str, Any] | None = None
    ) -> None:
        self._modules.remove(module)

    # The agent

    @orders.of_agent
    def get_diagnostics(self, context: Context) -> dict[str, Any]:
        return diagnostics.agent()

    @orders.of_agent
    def get_hwinfo(self, context: Context) -> dict[str, Any]:
        return diagnostics.machine()

    @orders.of_agent
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
        """Refuse an order that no datastore supports."""
        if method.kind == 'call':
            raise exception.NotSupported(what=what)
        if method.name == 'create_backup':
            backup = arguments['backup_info'] or {}
            self._reporter.backup_failed(context, str(backup.get('id')))
        # In brackets, since "passwords: Managing" is masked as a password.
        action = f'carry out the order ({method.name})'
        with self._reporter.reporting(context, action):
            raise exception.NotSupported(what=what)

    def _is_root_enabled(self) -> bool:
        """Whether root is enabled in what was restored."""
        if Capability.ROOT not in self.capabilities:
            return False
        with self._supervisor.turn() as driver:
            return driver.is_root_enabled()

    def _check_prepare(self, **arguments: object) -> None:
        """Check that the datastore supports the arguments of prepare.

        :raises trove.common.exception.NotSupported: an argument is not
            supported
        """
        for name, value in arguments.items():
            needed = PREPARE_NEEDS[name]
            if value and needed not in self.capabilities:
                raise exception.NotSupported(what=needed)


def _contents(value: Any) -> str | None:
    """Return a configuration sent as text or ``{"config_contents": text}``."""
    if isinstance(value, dict):
        value = value.get('config_contents')
    return None if value is None else str(value)


#: Orders that use the database server, which need a turn.
_IN_TURN = frozenset(
    name for name, needs in orders.declared(Manager).items() if needs.turn
)
