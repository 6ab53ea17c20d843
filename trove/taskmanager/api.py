# SPDX-License-Identifier: Apache-2.0
"""The task manager's interface and its client: the jobs it takes."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

INTERFACE = rpc.Interface(
    name='taskmanager',
    topic=lambda conf, peer: conf.taskmanager_queue,
    peer='task managers',
    remedy='Upgrade the oldest task manager; "trove-manage service_list" '
    'shows which that is.',
    # The cloud is asked in the user's name.
    carries_token=True,
    history=(
        rpc.Revision(
            '1.0',
            'Everything that releases up to 2026.2 have.',
            releases=(
                *('icehouse', 'juno', 'kilo', 'liberty', 'mitaka', 'newton'),
                *('ocata', 'pike', 'queens', 'rocky', 'stein', 'train'),
                *('ussuri', 'victoria', 'wallaby', 'xena', 'yoga', 'zed'),
                *('2023.1', 'antelope', '2023.2', 'bobcat'),
                *('2024.1', 'caracal', '2024.2', 'dalmatian'),
                *('2025.1', 'epoxy', '2025.2', 'flamingo'),
                *('2026.1', 'gazpacho', '2026.2', 'hibiscus', '2027.1'),
            ),
        ),
    ),
)


class API(rpc.Client, interface=INTERFACE):
    """What may be asked of the task managers.

    A flavor is a dictionary with ``id``, ``name``, ``ram`` (MiB), ``vcpus``
    and ``disk`` (GiB). Users and databases have the form that
    :class:`trove.guestagent.api.API` describes.
    """

    @rpc.cast('1.0')
    def create_instance(
        self,
        context: trove_context.TroveContext,
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
        :param ds_version: the datastore's own version, such as 18.6
        """

    @rpc.cast('1.0')
    def delete_instance(
        self, context: trove_context.TroveContext, instance_id: str
    ) -> None:
        """Delete an instance and all that was made for it."""

    @rpc.cast('1.0')
    def restart(
        self, context: trove_context.TroveContext, instance_id: str
    ) -> None:
        """Restart the database server of an instance."""

    @rpc.cast('1.0')
    def reboot(
        self, context: trove_context.TroveContext, instance_id: str
    ) -> None:
        """Reboot the machine of an instance."""

    @rpc.cast('1.0')
    def resize_flavor(
        self,
        context: trove_context.TroveContext,
        instance_id: str,
        old_flavor: dict[str, Any],
        new_flavor: dict[str, Any],
    ) -> None:
        """Give the machine of an instance another size."""

    @rpc.cast('1.0')
    def resize_volume(
        self,
        context: trove_context.TroveContext,
        new_size: int,
        instance_id: str,
    ) -> None:
        """Enlarge the volume of an instance.

        :param new_size: GiB
        """
