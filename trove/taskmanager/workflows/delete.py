# SPDX-License-Identifier: Apache-2.0
"""Delete an instance in any state."""

from __future__ import annotations

import logging

from trove.common import exception
from trove.objects.guest import heartbeats
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import detach_replica
from trove.taskmanager.workflows import guest

LOG = logging.getLogger(__name__)

_AGAIN = (
    'Check the cloud and its logs. The deletion is tried again by itself; '
    'delete the instance again to have it at once.'
)

#: Seconds without a heartbeat after which a guest gets no order to stop.
_SILENT = 60


class Delete(base.Workflow):
    """Deletes an instance.

    A missing resource counts as deleted, so an instance that is half built
    or lost its server can be deleted too. A failure leaves a fault; recovery
    tries it again, and so does another request.
    """

    action = 'delete_instance'
    urgent = True

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'stop the database',
                do=self._stop_database,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
            base.Step(
                'delete the server',
                do=self._delete_server,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
            base.Step(
                'delete the volume',
                do=self._delete_volume,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
            base.Step(
                'release the addresses',
                do=self._release,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
            base.Step(
                'delete the queues',
                do=self._delete_queues,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
            base.Step(
                'determine its quota',
                do=self._record_usage,
                remedy=_AGAIN,
                failed=states.Task.DELETING,
            ),
        ]

    def finish(self) -> bool:
        return self.env.database(
            instances.mark_deleted, self.instance_id, owner=self.owner
        )

    def _stop_database(self) -> None:
        """Stop the database, within ``delete_stop_timeout``."""
        seconds = self.conf.taskmanager.delete_stop_timeout
        beat = self.env.database(heartbeats.heartbeat, self.instance_id)
        if not seconds or beat is None or not _answers(beat):
            return
        try:
            self.guest(timeout=seconds).stop_db(self.context)
        except exception.TroveError as error:
            LOG.info(
                'Deleting instance %s without a clean stop of its database: '
                '%s',
                self.instance_id,
                error,
            )

    def _delete_server(self) -> None:
        try:
            self.cloud.compute.delete_server(self.context, self.instance_id)
        except exception.NotFound:
            pass
        primary = self.instance().slave_of_id
        if primary:
            detach_replica.leave(
                self, primary, {'replica_id': self.instance_id}
            )

    def _delete_volume(self) -> None:
        try:
            self.cloud.volumes.delete(self.context, self.instance_id)
        except exception.NotFound:
            pass
        except exception.CloudError as error:
            # It may stay for days, and addresses cost money, too.
            self._release_anyway(error)
            raise

    def _release_anyway(self, cause: exception.CloudError) -> None:
        try:
            self._release()
        except exception.CloudError as error:
            raise base.StepFailed(
                reason=f'{str(cause).rstrip(".")}; {error}'
            ) from error

    def _release(self) -> None:
        try:
            self.cloud.network.release(self.context, self.instance_id)
        except exception.NotFound:
            pass

    def _delete_queues(self) -> None:
        self.guest().delete_queues()
        guest.delete_account(self)

    def _record_usage(self) -> None:
        """Record what an instance of another release has used."""
        if self.env.database(instances.usage_is_known, self.instance_id):
            return
        flavor_id = self.instance().flavor_id or ''
        try:
            ram = self.cloud.compute.get_flavor(self.context, flavor_id).ram
        except exception.NotFound:
            ram = 0
            LOG.warning(
                'The flavor %s of instance %s, which another release '
                'created, is gone: its memory remains in the usage of its '
                'project.',
                flavor_id,
                self.instance_id,
            )
        self.env.database(instances.record_usage, self.instance_id, ram)


def _answers(beat: heartbeats.Heartbeat) -> bool:
    """Return whether the guest is likely to answer and its database runs."""
    if beat.status not in guest.USABLE or beat.silent is None:
        return False
    return abs(beat.silent) < _SILENT
