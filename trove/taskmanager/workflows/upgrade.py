# SPDX-License-Identifier: Apache-2.0
"""Run the database server of an instance in another version."""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import exception
from trove.common import ordered
from trove.guestagent import api as guest_api
from trove.objects import datastore as datastores
from trove.objects.backup import schedules
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import resizing

_UNCHANGED = 'Nothing was changed. '
_INSTALL = (
    'Install the version on the server, or see the log of the guest agent; '
    'then try again.'
)
_REPLICAS = (
    'Replicas that were upgraded before keep the new version, which can '
    'follow the old one. Upgrade the instance again.'
)


class Upgrade(resizing.Resize):
    """Changes the version, of replicas first.

    ``wanted`` is the id of the datastore version, which is written down when
    its server runs. A guest agent of this tree returns to the former version
    when the new one does not start.
    """

    action = 'upgrade'
    wants = 'datastore_version_id'

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'check that the new version can be used',
                do=self._check,
                remedy=_UNCHANGED + _INSTALL,
            ),
            base.Step(
                'upgrade the replicas',
                do=self._upgrade_replicas,
                remedy=_REPLICAS,
            ),
            base.Step(
                'upgrade the database server',
                do=self._upgrade,
                remedy='Check the version of the running server in the log '
                'of the guest agent. ' + _INSTALL,
            ),
        ]

    def finish(self) -> bool:
        if self._changes_series():
            self.env.database(schedules.begin_anew, self.instance_id)
        return self.env.database(
            tasks.end_task,
            self.instance_id,
            self.owner,
            datastore_version_id=self.wanted,
        )

    def _version(self) -> datastores.DatastoreVersion:
        return self.env.database(
            datastores.get_version_by_id, self.wanted, inactive=True
        )

    def _number(self) -> str:
        """Return the number of the new version."""
        version = self._version()
        return version.version or version.name

    def _changes_series(self) -> bool:
        """Whether the new version cannot use the data as they are."""
        now = self.instance().datastore_version
        if now is None:
            return False
        return ordered.is_older(
            now.version or now.name,
            self._number(),
            ordered.series(now.manager),
        )

    def _check(self) -> None:
        number = self._number()
        replicas = self._replicas()
        if replicas and self._changes_series():
            raise base.StepFailed(
                reason=f'its replica {replicas[0].id} cannot follow a '
                f'primary of version {number}',
                remedy=_UNCHANGED + 'Delete or detach its replicas, then '
                'try again.',
            )
        for replica in replicas:
            if not replica.task.is_idle:
                raise base.StepFailed(
                    reason=f'its replica {replica.id} has another task: '
                    f'{replica.task.text}',
                    remedy=_UNCHANGED + 'Try again when that has ended.',
                )
            self._pre_upgrade(self._of(replica.id), number)
        self._pre_upgrade(self.guest(), number)

    def _pre_upgrade(self, client: guest_api.API, number: str) -> None:
        client.pre_upgrade(self.context, datastore_version=number)

    def _upgrade_replicas(self) -> None:
        info = {'datastore_version': self._number()}
        for replica in self._replicas():
            client = self._of(replica.id)
            client.upgrade(self.context, upgrade_info=info)
            client.post_upgrade(self.context, upgrade_info=info)
            self.check_owner()
            self.env.database(
                instances.update, replica.id, datastore_version_id=self.wanted
            )

    def _upgrade(self) -> None:
        before = guest.last_sent(self)
        info = {'datastore_version': self._number()}

        def order(client: guest_api.API) -> None:
            client.upgrade(self.context, upgrade_info=info)
            if client.is_sealing:
                # It answers when the upgrade has ended, or why it failed. To
                # another series, that is when all data are copied.
                self.guest(timeout=self.conf.resize_time_out).post_upgrade(
                    self.context, upgrade_info=info
                )

        orders.give(self, order)
        guest.wait_until_usable(
            self,
            self.conf.resize_time_out,
            newer_than=before,
            order='upgrade',
        )

    def _replicas(self) -> list[entities.Instance]:
        """Return the replicas that do not have the new version yet."""
        found = []
        for replica_id in self.instance().replicas:
            try:
                replica = self.env.database(
                    instances.get,
                    trove_context.make_admin_context(),
                    replica_id,
                )
            except exception.InstanceNotFound:
                continue
            version = replica.datastore_version
            if version is None or version.id != self.wanted:
                found.append(replica)
        return found

    def _of(self, instance_id: str) -> guest_api.API:
        """Return a client of the guest agent of a replica."""
        self.check_owner()
        return guest_api.API(self.env.transport, instance_id)
