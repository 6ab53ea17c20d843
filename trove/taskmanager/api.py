# SPDX-License-Identifier: Apache-2.0
"""The task manager's interface and its client: the jobs it takes."""

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
    # The cloud is asked in the user's name.
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
            'Messages are sealed with authenticated encryption.',
            releases=('2027.1',),
        ),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    """What may be asked of the task managers.

    A flavor is a dictionary with ``id``, ``name``, ``ram`` (MiB), ``vcpus``
    and ``disk`` (GiB). Users and databases have the form that
    :class:`trove.guestagent.api.API` describes.
    """

    @rpc.cast(
        '1.0',
        spans={
            'access': rpc.Span('1.0/train'),
            'ds_version': rpc.Span('1.0/victoria', may_omit=True),
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
    ) -> None:
        """Build an instance that the database has in task BUILDING.

        :param volume_size: GiB
        :param access: ``is_public`` (bool), ``allowed_cidrs`` (list of text)
        :param ds_version: the datastore's own version, such as 18.6; a task
            manager that does not know the argument reads it from the database
        """

    @rpc.cast('1.0')
    def delete_instance(self, context: Context, instance_id: str) -> None:
        """Delete an instance and all that was made for it."""

    @rpc.cast('1.0')
    def restart(self, context: Context, instance_id: str) -> None:
        """Restart the database server of an instance."""

    @rpc.cast('1.0')
    def reboot(self, context: Context, instance_id: str) -> None:
        """Reboot the machine of an instance."""

    @rpc.cast('1.0')
    def resize_flavor(
        self,
        context: Context,
        instance_id: str,
        old_flavor: dict[str, Any],
        new_flavor: dict[str, Any],
    ) -> None:
        """Give the machine of an instance another size."""

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
        """Move the machine of an instance to another host.

        :param host: None to have the cloud choose one
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
        """Make the machine of an instance anew; the data is kept."""

    @rpc.cast('1.0/victoria')
    def update_access(
        self, context: Context, instance_id: str, access: dict[str, Any]
    ) -> None:
        """Change who may reach an instance.

        :param access: as in :meth:`create_instance`
        """

    @rpc.cast('1.0')
    def create_backup(
        self, context: Context, backup_info: dict[str, Any], instance_id: str
    ) -> None:
        """Make a backup of an instance.

        :param backup_info: columns of the backup; ``id`` is always there
        """

    @rpc.cast('1.0')
    def delete_backup(self, context: Context, backup_id: str) -> None:
        """Delete a backup."""

    @rpc.cast('1.0')
    def detach_replica(self, context: Context, instance_id: str) -> None:
        """Let an instance be a replica no longer."""

    @rpc.cast('1.0')
    def promote_to_replica_source(
        self, context: Context, instance_id: str
    ) -> None:
        """Let a replica and its source change places."""

    @rpc.cast('1.0')
    def eject_replica_source(self, context: Context, instance_id: str) -> None:
        """Let one of its replicas take the place of a source."""

    @rpc.cast('1.0')
    def create_cluster(self, context: Context, cluster_id: str) -> None:
        """Build a cluster that the database has."""

    @rpc.cast('1.0')
    def grow_cluster(
        self, context: Context, cluster_id: str, new_instance_ids: list[str]
    ) -> None:
        """Take instances into a cluster."""

    @rpc.cast('1.0')
    def shrink_cluster(
        self, context: Context, cluster_id: str, instance_ids: list[str]
    ) -> None:
        """Put instances out of a cluster."""

    @rpc.cast('1.0')
    def delete_cluster(self, context: Context, cluster_id: str) -> None:
        """Delete a cluster with its instances."""

    @rpc.cast('1.0')
    def restart_cluster(self, context: Context, cluster_id: str) -> None:
        """Restart the instances of a cluster, one after the other."""

    @rpc.cast('1.0')
    def upgrade_cluster(
        self, context: Context, cluster_id: str, datastore_version_id: str
    ) -> None:
        """Change the datastore version of a cluster."""

    @rpc.cast('1.0')
    def reapply_module(
        self,
        context: Context,
        module_id: str,
        md5: str,
        include_clustered: bool | None,
        batch_size: int | None,
        batch_delay: int | None,
        force: bool | None,
    ) -> None:
        """Apply a module anew where it was applied before.

        :param md5: where it differs from this only
        :param batch_size: so many instances at a time
        :param batch_delay: seconds between these
        """
