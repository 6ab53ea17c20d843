# SPDX-License-Identifier: Apache-2.0
"""The task manager's endpoint: each method runs one workflow."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import ClassVar

from trove.cloud import access as cloud_access
from trove.cloud import base as cloud_base
from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import unsupported as refusals
from trove.objects import reapplied
from trove.taskmanager import api
from trove.taskmanager import deletions
from trove.taskmanager import reapplying
from trove.taskmanager import unsupported
from trove.taskmanager import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import create_request
from trove.taskmanager.workflows import runner

Context = trove_context.TroveContext


@refusals.serve(api.API.interface, unsupported.JOBS)
class Manager:
    """Serves :class:`trove.taskmanager.api.API`.

    A method returns when its workflow has ended. It raises nothing: a cast
    has no reply, so an error becomes a fault of the instance.
    """

    interface: ClassVar[rpc.Interface] = api.API.interface

    def __init__(self, env: base.Environment) -> None:
        self._env = env

    def create_instance(
        self,
        context: Context,
        instance_id: str,
        name: str,
        flavor: dict[str, Any],
        image_id: str | None,
        databases: list[dict[str, Any]],
        users: list[dict[str, Any]],
        datastore_manager: str,
        packages: str | list[str] | None,
        volume_size: int | None,
        backup_id: str | None,
        availability_zone: str | None,
        root_password: str | None,
        nics: list[dict[str, Any]] | None,
        overrides: dict[str, Any] | None,
        slave_of_id: str | None,
        cluster_config: dict[str, Any] | None,
        volume_type: str | None,
        modules: list[dict[str, Any]] | None,
        locality: str | None,
        access: dict[str, Any] | None = None,
        ds_version: str | None = None,
        restore_time: str | None = None,
    ) -> None:
        """Build an instance.

        Its name, volume size and access are read from its row.
        """
        request = create_request.Request(
            flavor=flavor,
            datastore_manager=datastore_manager,
            image_id=image_id,
            databases=databases or [],
            users=users or [],
            packages=create_request.split(packages),
            availability_zone=availability_zone,
            root_password=root_password,
            nics=nics or [],
            overrides=overrides,
            modules=create_request.module_ids(modules),
            ds_version=ds_version,
            backup_id=backup_id,
            restore_time=restore_time,
            slave_of_id=slave_of_id,
            volume_type=volume_type,
            locality=locality,
            unsupported=(
                *_names(
                    cluster_config=cluster_config,
                    locality=None
                    if locality in self._env.cloud.localities
                    else locality,
                ),
                *self._unknown(
                    context, availability_zone, volume_type, nics, access
                ),
            ),
        )
        self._run('create_instance', context, instance_id, request)

    def _unknown(
        self,
        context: Context,
        availability_zone: str | None,
        volume_type: str | None,
        nics: list[dict[str, Any]] | None,
        access: dict[str, Any] | None,
    ) -> Iterator[str]:
        """Yield the arguments that this cloud cannot satisfy.

        This API refuses them; the API of a release does not.
        """
        cloud = self._env.cloud
        if availability_zone and 'availability_zone' in cloud.ignores:
            yield 'availability_zone'
        if volume_type and self._lacks(context, volume_type):
            yield f'volume_type {volume_type}'
        for key in cloud_access.unmet(access, cloud.ignores):
            yield f'access.{key}'
        networks = cloud.network.networks(context)
        if networks is None:
            return
        for nic in nics or ():
            for key, value in nic.items():
                network = key in ('net-id', 'network_id')
                if value and not (network and value in networks):
                    yield f'nics[].{key} {value}'

    def _lacks(self, context: Context, volume_type: str) -> bool:
        """Whether the cloud certainly has no such type."""
        try:
            types = self._env.cloud.volumes.types(context)
        except exception.CloudError:
            # What fails here is a lost message; a step says why it fails.
            return False
        return types is not None and (
            volume_type not in cloud_base.names_of(types)
        )

    def delete_instance(self, context: Context, instance_id: str) -> None:
        self._run('delete_instance', context, instance_id)

    def restart(self, context: Context, instance_id: str) -> None:
        self._run('restart', context, instance_id)

    def reboot(self, context: Context, instance_id: str) -> None:
        self._run('reboot', context, instance_id)

    def resize_flavor(
        self,
        context: Context,
        instance_id: str,
        old_flavor: dict[str, Any],
        new_flavor: dict[str, Any],
    ) -> None:
        """Change the flavor; the old one is read from the instance's row."""
        self._run('resize_flavor', context, instance_id, new_flavor)

    def resize_volume(
        self, context: Context, new_size: int, instance_id: str
    ) -> None:
        self._run('resize_volume', context, instance_id, int(new_size))

    def migrate(
        self, context: Context, instance_id: str, host: str | None
    ) -> None:
        self._run('migrate', context, instance_id, host)

    def rebuild(
        self, context: Context, instance_id: str, image_id: str
    ) -> None:
        self._run('rebuild', context, instance_id, image_id)

    def update_access(
        self, context: Context, instance_id: str, access: dict[str, Any]
    ) -> None:
        self._run('update_access', context, instance_id, access)

    def upgrade(
        self, context: Context, instance_id: str, datastore_version_id: str
    ) -> None:
        self._run('upgrade', context, instance_id, datastore_version_id)

    def detach_replica(self, context: Context, instance_id: str) -> None:
        self._run('detach_replica', context, instance_id)

    def promote_to_replica_source(
        self, context: Context, instance_id: str
    ) -> None:
        self._run('promote_to_replica_source', context, instance_id)

    def eject_replica_source(self, context: Context, instance_id: str) -> None:
        self._run('eject_replica_source', context, instance_id)

    def change_encryption(self, context: Context, instance_id: str) -> None:
        self._run('change_encryption', context, instance_id)

    def _run(
        self, job: str, context: Context, instance_id: str, *more: Any
    ) -> None:
        """Run the workflow of a job, unless its message is not current.

        :param more: what the message says besides
        """
        cls = workflows.WORKFLOWS[job]
        runner.run(cls(self._env, context, instance_id, *more))

    def create_backup(
        self, context: Context, backup_info: dict[str, Any], instance_id: str
    ) -> None:
        """Have a backup made, which its row describes."""
        backup_id = str(backup_info['id'])
        for_replica = bool(backup_info.get('for_replica'))
        special = workflows.BACKUPS.get(backup_info.get('storage_driver', ''))
        if special is not None:
            runner.run(
                special(
                    self._env, context, instance_id, backup_id, for_replica
                )
            )
            return
        self._run(
            'create_backup',
            context,
            instance_id,
            backup_id,
            backup_info.get('swift_container'),
            None,
            for_replica,
        )

    def delete_backup(self, context: Context, backup_id: str) -> None:
        deletions.delete(self._env, backup_id)

    def reapply_module(
        self,
        context: Context,
        module_id: str,
        md5: str,
        include_clustered: bool | None,
        batch_size: int | None,
        batch_delay: int | None,
        force: bool | None,
        recorded: bool = False,
    ) -> None:
        if recorded:
            reapplying.go_on(self._env, module_id)
            return
        most = self._env.conf.module_reapply_max_batch_size
        least = self._env.conf.module_reapply_min_batch_delay
        reapplying.begin(
            self._env,
            context,
            reapplied.Order(
                module_id=module_id,
                ordered_by=context.project_id or '',
                tenant_id=None if context.is_admin else context.project_id,
                md5=md5 or None,
                include_clustered=bool(include_clustered),
                batch_size=min(batch_size or most, most),
                batch_delay=max(batch_delay or 0, least),
                force=bool(force),
            ),
        )

    def refuse(
        self,
        context: Context,
        method: rpc.Method,
        what: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Refuse a job that this task manager does not support."""
        unsupported.refuse(self._env, context, method.name, what, arguments)


def _names(**values: Any) -> tuple[str, ...]:
    return tuple(name for name, value in values.items() if value)
