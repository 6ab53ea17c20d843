# SPDX-License-Identifier: Apache-2.0
"""The task manager's interface and its client."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

INTERFACE = rpc.Interface(
    name='taskmanager',
    topic=lambda conf, peer: conf.taskmanager_queue,
    peer='task managers',
    remedy='Upgrade the oldest task manager; "trove-manage service_list" '
    'shows which that is.',
    # Requests to the cloud carry the user's token.
    carries_token=True,
    sealed_since='1.1',
    history=(
        rpc.Revision(
            '1.0',
            'The first version. Two releases have added to it without a new '
            'version.',
            releases=(
                *('icehouse', 'juno', 'kilo', 'liberty', 'mitaka', 'newton'),
                *('ocata', 'pike', 'queens', 'rocky', 'stein'),
            ),
        ),
        rpc.Revision(
            '1.0/train',
            'create_instance takes access.',
            releases=('train', 'ussuri'),
            probe=rpc.Probe('create_instance', 'access'),
        ),
        rpc.Revision(
            '1.0/victoria',
            'create_instance takes ds_version; rebuild and update_access '
            'were added.',
            releases=(
                *('victoria', 'wallaby', 'xena', 'yoga', 'zed'),
                *('2023.1', 'antelope', '2023.2', 'bobcat'),
                *('2024.1', 'caracal', '2024.2', 'dalmatian'),
                *('2025.1', 'epoxy', '2025.2', 'flamingo'),
                *('2026.1', 'gazpacho', '2026.2', 'hibiscus'),
            ),
            probe=rpc.Probe('rebuild'),
        ),
        rpc.Revision(
            '1.1',
            'Messages are sealed with authenticated encryption; '
            'create_instance takes restore_time, reapply_module recorded.',
            releases=('2027.1',),
        ),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    """Jobs for the task managers.

    A flavor is a dictionary with ``id``, ``name``, ``ram`` (MiB), ``vcpus``
    and ``disk`` (GiB). Users and databases are described in
    :class:`trove.guestagent.api.API`.
    """

    @rpc.cast(
        '1.0',
        spans={
            'access': rpc.Span('1.0/train'),
            'ds_version': rpc.Span('1.0/victoria', may_omit=True),
            'restore_time': rpc.Span('1.1'),
        },
    )
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
        packages: str | None,
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
        """Build an instance whose row has the task BUILDING.

        :param volume_size: GiB
        :param access: ``is_public`` (bool), ``allowed_cidrs`` (list of text)
        :param ds_version: the datastore's own version, such as 18.6; a task
            manager that does not know the argument reads it from the database
        :param restore_time: up to which the log is replayed that goes on from
            the backup, such as 2027-01-31T08:00:00.000000Z
        """

    @rpc.cast('1.0')
    def delete_instance(self, context: Context, instance_id: str) -> None:
        """Delete an instance with its server, volume and addresses."""

    @rpc.cast('1.0')
    def restart(self, context: Context, instance_id: str) -> None:
        """Restart the database server of an instance."""

    @rpc.cast('1.0')
    def reboot(self, context: Context, instance_id: str) -> None:
        """Reboot the server of an instance."""

    @rpc.cast('1.0')
    def resize_flavor(
        self,
        context: Context,
        instance_id: str,
        old_flavor: dict[str, Any],
        new_flavor: dict[str, Any],
    ) -> None:
        """Change the flavor of an instance."""

    @rpc.cast('1.0')
    def resize_volume(
        self,
        context: Context,
        new_size: int,
        instance_id: str,
    ) -> None:
        """Enlarge the volume of an instance.

        :param new_size: GiB
        """

    @rpc.cast('1.0')
    def migrate(
        self, context: Context, instance_id: str, host: str | None
    ) -> None:
        """Move the server of an instance to another host.

        :param host: None: the cloud chooses one
        """

    @rpc.cast('1.0')
    def upgrade(
        self, context: Context, instance_id: str, datastore_version_id: str
    ) -> None:
        """Change the datastore version of an instance."""

    @rpc.cast('1.0/victoria')
    def rebuild(
        self, context: Context, instance_id: str, image_id: str
    ) -> None:
        """Rebuild the server of an instance from an image; data is kept."""

    @rpc.cast('1.0/victoria')
    def update_access(
        self, context: Context, instance_id: str, access: dict[str, Any]
    ) -> None:
        """Change the networks that may access an instance.

        :param access: as in :meth:`create_instance`
        """

    @rpc.cast('1.0')
    def create_backup(
        self, context: Context, backup_info: dict[str, Any], instance_id: str
    ) -> None:
        """Create a backup of an instance.

        :param backup_info: columns of the backup; ``id`` is always present
        """

    @rpc.cast('1.0')
    def delete_backup(self, context: Context, backup_id: str) -> None:
        """Delete a backup."""

    @rpc.cast('1.0')
    def detach_replica(self, context: Context, instance_id: str) -> None:
        """Detach a replica from its primary."""

    @rpc.cast('1.0')
    def promote_to_replica_source(
        self, context: Context, instance_id: str
    ) -> None:
        """Promote a replica; its primary becomes a replica."""

    @rpc.cast('1.0')
    def eject_replica_source(self, context: Context, instance_id: str) -> None:
        """Replace a failed primary by one of its replicas."""

    @rpc.cast('1.1')
    def change_encryption(self, context: Context, instance_id: str) -> None:
        """Change how connections are encrypted, as the job says.

        The certificate is sealed in the row of the job, in no message.
        """

    @rpc.cast('1.0')
    def create_cluster(self, context: Context, cluster_id: str) -> None:
        """Build a cluster whose rows exist."""

    @rpc.cast('1.0')
    def grow_cluster(
        self, context: Context, cluster_id: str, new_instance_ids: list[str]
    ) -> None:
        """Add instances to a cluster."""

    @rpc.cast('1.0')
    def shrink_cluster(
        self, context: Context, cluster_id: str, instance_ids: list[str]
    ) -> None:
        """Remove instances from a cluster."""

    @rpc.cast('1.0')
    def delete_cluster(self, context: Context, cluster_id: str) -> None:
        """Delete a cluster with its instances."""

    @rpc.cast('1.0')
    def restart_cluster(self, context: Context, cluster_id: str) -> None:
        """Restart the instances of a cluster one by one."""

    @rpc.cast('1.0')
    def upgrade_cluster(
        self, context: Context, cluster_id: str, datastore_version_id: str
    ) -> None:
        """Change the datastore version of a cluster."""

    @rpc.cast('1.0', spans={'recorded': rpc.Span('1.1', may_omit=True)})
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
        """Apply a module again to the instances that have it.

        :param md5: only where the checksum of the applied module differs
        :param batch_size: number of instances per batch
        :param batch_delay: seconds between two batches
        :param recorded: it is in the database, with what was asked for since:
            that is done, and the other arguments have no effect
        """
