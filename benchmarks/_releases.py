# SPDX-License-Identifier: Apache-2.0
"""Released projects whose RPC contracts are checked, and their interfaces."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

from rpc_contract import projects

Subject = projects.Subject


@dataclasses.dataclass(frozen=True)
class Project:
    """A project on the package index.

    :param file: how the names of its wheels begin
    :param versions: releases, the oldest first; those of Trove are all that
        ``pip index versions trove`` tells
    """

    name: str
    file: str
    versions: tuple[str, ...]
    subjects: tuple[Subject, ...]


def _project(
    name: str,
    versions: str,
    subjects: Mapping[str, tuple[str, str | tuple[str, ...]]],
    file: str | None = None,
    *,
    unread: Collection[str] = (),
    senders: tuple[str, ...] = (),
) -> Project:
    """Describe a project.

    :param unread: what need not be read of it, by ``interface.name``
    """
    return Project(
        name,
        file or name,
        tuple(versions.split()),
        tuple(
            Subject(
                interface,
                client,
                endpoint,
                frozenset(
                    each.partition('.')[2]
                    for each in unread
                    if each.partition('.')[0] == interface
                ),
                senders,
            )
            for interface, (client, endpoint) in subjects.items()
        ),
    )


_NOTIFIERS = 'neutron.api.rpc.agentnotifiers'
_HANDLERS = 'neutron.api.rpc.handlers'

PROJECTS = {
    'trove': _project(
        'trove',
        '8.0.1 11.0.0 12.0.0 12.1.0 13.0.0 13.0.1 14.0.0 14.1.0 15.0.0 16.0.0 '
        '16.0.1 17.0.0 17.0.1 18.0.0 18.0.1 19.0.0 19.0.1 20.0.0 21.0.0 '
        '21.0.1 21.1.0 22.0.0 22.0.1 23.0.0 23.1.0 24.0.0 24.1.0 25.0.0 '
        '25.1.0 26.0.0',
        {
            'taskmanager': (
                'trove.taskmanager.api:API',
                'trove.taskmanager.manager:Manager',
            ),
            'conductor': (
                'trove.conductor.api:API',
                'trove.conductor.manager:Manager',
            ),
            'guestagent': (
                'trove.guestagent.api:API',
                'trove.guestagent.datastore.mysql.manager:Manager',
            ),
        },
        # What cluster strategies name.
        unread=['taskmanager.__getattr__'],
    ),
    'nova': _project(
        'nova',
        '19.0.0 20.0.0 21.0.0 22.0.0 23.0.0 24.0.0 25.0.0 26.0.0 27.0.0 '
        '28.0.0 29.0.0 30.0.0 31.0.0 32.0.0 33.0.0 34.0.0',
        {
            'compute': (
                'nova.compute.rpcapi:ComputeAPI',
                'nova.compute.manager:ComputeManager',
            ),
            'conductor': (
                'nova.conductor.rpcapi:ConductorAPI',
                'nova.conductor.manager:ConductorManager',
            ),
            'compute_task': (
                'nova.conductor.rpcapi:ComputeTaskAPI',
                'nova.conductor.manager:ConductorManager',
            ),
            'scheduler': (
                'nova.scheduler.rpcapi:SchedulerAPI',
                'nova.scheduler.manager:SchedulerManager',
            ),
            'base': ('nova.baserpc:BaseAPI', 'nova.baserpc:BaseRPCAPI'),
        },
    ),
    'cinder': _project(
        'cinder',
        '14.0.0 15.0.0 16.0.0 17.0.0 18.0.0 19.0.0 20.0.0 21.0.0 22.0.0 '
        '23.0.0 24.0.0 25.0.0 26.0.0 27.0.0 28.0.0 29.0.0',
        {
            'volume': (
                'cinder.volume.rpcapi:VolumeAPI',
                'cinder.volume.manager:VolumeManager',
            ),
            'scheduler': (
                'cinder.scheduler.rpcapi:SchedulerAPI',
                'cinder.scheduler.manager:SchedulerManager',
            ),
            'backup': (
                'cinder.backup.rpcapi:BackupAPI',
                'cinder.backup.manager:BackupManager',
            ),
        },
    ),
    'ironic': _project(
        'ironic',
        '34.0.0 35.0.0 36.0.0 37.0.0 38.0.0 39.0.0',
        {
            'conductor': (
                'ironic.conductor.rpcapi:ConductorAPI',
                'ironic.conductor.manager:ConductorManager',
            ),
        },
    ),
    'manila': _project(
        'manila',
        '14.0.0 15.0.0 16.0.0 17.0.0 18.0.0 19.0.1 20.0.0 21.0.0 22.0.0 '
        '23.0.0',
        {
            'share': (
                'manila.share.rpcapi:ShareAPI',
                'manila.share.manager:ShareManager',
            ),
            'scheduler': (
                'manila.scheduler.rpcapi:SchedulerAPI',
                'manila.scheduler.manager:SchedulerManager',
            ),
            'data': (
                'manila.data.rpcapi:DataAPI',
                'manila.data.manager:DataManager',
            ),
        },
    ),
    'heat': _project(
        'openstack-heat',
        '23.0.0 24.0.0 25.0.0 26.0.0 27.0.0',
        {
            'engine': (
                'heat.rpc.client:EngineClient',
                'heat.engine.service:EngineService',
            ),
            'worker': (
                'heat.rpc.worker_client:WorkerClient',
                'heat.engine.worker:WorkerService',
            ),
            'listener': (
                'heat.rpc.listener_client:EngineListenerClient',
                'heat.engine.service:EngineListener',
            ),
        },
        file='openstack_heat',
    ),
    'mistral': _project(
        'mistral',
        '23.0.0',
        {
            name: (
                f'mistral.rpc.clients:{client}',
                f'mistral.{package}:{server}',
            )
            for name, client, package, server in (
                (
                    'engine',
                    'EngineClient',
                    'engine.engine_server',
                    'EngineServer',
                ),
                (
                    'executor',
                    'ExecutorClient',
                    'executors.executor_server',
                    'ExecutorServer',
                ),
                (
                    'event_engine',
                    'EventEngineClient',
                    'event_engine.event_engine_server',
                    'EventEngineServer',
                ),
                (
                    'notifier',
                    'NotifierClient',
                    'notifiers.notification_server',
                    'NotificationServer',
                ),
            )
        },
        # stevedore loads it.
        senders=('mistral.rpc.oslo.oslo_client:OsloRPCClient',),
    ),
    'sahara': _project(
        'sahara',
        '19.0.0',
        {
            'ops': (
                'sahara.service.ops:RemoteOps',
                'sahara.service.ops:OpsServer',
            )
        },
    ),
    'magnum': _project(
        'magnum',
        '23.0.0',
        {
            'conductor': (
                'magnum.conductor.api:API',
                tuple(
                    f'magnum.conductor.handlers.{name}:Handler'
                    for name in (
                        'indirection_api',
                        'cluster_conductor',
                        'conductor_listener',
                        'credential_conductor',
                        'ca_conductor',
                        'federation_conductor',
                        'nodegroup_conductor',
                    )
                ),
            )
        },
    ),
    'watcher': _project(
        'python-watcher',
        '17.0.0',
        {
            'decision_engine': (
                'watcher.decision_engine.rpcapi:DecisionEngineAPI',
                (
                    'watcher.decision_engine.messaging.audit_endpoint:'
                    'AuditEndpoint',
                    'watcher.decision_engine.strategy.strategies.base:'
                    'StrategyEndpoint',
                    'watcher.decision_engine.messaging.data_model_endpoint:'
                    'DataModelEndpoint',
                ),
            ),
            'applier': (
                'watcher.applier.rpcapi:ApplierAPI',
                'watcher.applier.messaging.trigger:TriggerActionPlan',
            ),
        },
        file='python_watcher',
    ),
    'designate': _project(
        'designate',
        '23.0.0',
        {
            name: (
                f'designate.{name}.rpcapi:{client}',
                f'designate.{name}.service:Service',
            )
            for name, client in (
                ('central', 'CentralAPI'),
                ('worker', 'WorkerAPI'),
            )
        },
    ),
    'octavia': _project(
        'octavia',
        '19.0.0',
        {
            'amphora': (
                'octavia.api.drivers.amphora_driver.v2.driver:'
                'AmphoraProviderDriver',
                'octavia.controller.queue.v2.endpoints:Endpoints',
            )
        },
        # It is in octavia-lib.
        unread=[
            'amphora.octavia_lib.api.drivers.provider_base.ProviderDriver'
        ],
    ),
    'neutron': _project(
        'neutron',
        '29.0.0',
        {
            'dhcp_agent': (
                f'{_NOTIFIERS}.dhcp_rpc_agent_api:DhcpAgentNotifyAPI',
                'neutron.agent.dhcp.agent:DhcpAgentWithStateReport',
            ),
            'dhcp_plugin': (
                'neutron.agent.dhcp.agent:DhcpPluginApi',
                'neutron.api.rpc.handlers.dhcp_rpc:DhcpRpcCallback',
            ),
            'l3_agent': (
                f'{_NOTIFIERS}.l3_rpc_agent_api:L3AgentNotifyAPI',
                'neutron.agent.l3.agent:L3NATAgentWithStateReport',
            ),
            'l3_plugin': (
                'neutron.agent.l3.agent:L3PluginApi',
                'neutron.api.rpc.handlers.l3_rpc:L3RpcCallback',
            ),
            'metering_agent': (
                f'{_NOTIFIERS}.metering_rpc_agent_api:MeteringAgentNotifyAPI',
                'neutron.services.metering.agents.metering_agent:'
                'MeteringAgentWithStateReport',
            ),
            'metering_plugin': (
                'neutron.services.metering.agents.metering_agent:'
                'MeteringPluginRpc',
                'neutron.db.metering.metering_rpc:MeteringRpcCallbacks',
            ),
            'ml2_plugin': (
                'neutron.agent.rpc:PluginApi',
                (
                    'neutron.plugins.ml2.rpc:RpcCallbacks',
                    f'{_HANDLERS}.securitygroups_rpc:'
                    'SecurityGroupServerRpcCallback',
                    f'{_HANDLERS}.dvr_rpc:DVRServerRpcCallback',
                ),
            ),
            'state': (
                'neutron.agent.rpc:PluginReportStateAPI',
                'neutron.db.agents_db:AgentExtRpcCallback',
            ),
        },
        unread=[
            # They send what events are called, with more ways than are
            # followed.
            'dhcp_agent._native_event_send_dhcp_notification',
            'dhcp_agent._send_dhcp_notification',
            'dhcp_agent.notify',
            # It sends through a function that tries again.
            'l3_agent.router_added_to_agent',
        ],
    ),
}
