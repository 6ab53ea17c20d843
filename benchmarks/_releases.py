# SPDX-License-Identifier: Apache-2.0
"""Released projects whose RPC contracts are checked, and their interfaces."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from trove.contracts import projects

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
    subjects: Mapping[str, tuple[str, str]],
    file: str | None = None,
) -> Project:
    return Project(
        name,
        file or name,
        tuple(versions.split()),
        tuple(
            Subject(interface, client, endpoint)
            for interface, (client, endpoint) in subjects.items()
        ),
    )


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
}
