# SPDX-License-Identifier: Apache-2.0
"""Replace the disk of an instance's server by that of an image."""

from __future__ import annotations

import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects import configuration as configurations
from trove.objects.instance import entities
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import guest_files
from trove.taskmanager.workflows import resizing
from trove.taskmanager.workflows import roles
from trove.taskmanager.workflows import servers
from trove.taskmanager.workflows import stopped

LOG = logging.getLogger(__name__)

_AGAIN = (
    'The data are on the volume. Check the cloud, the image and the log of '
    'the guest agent, then rebuild the instance again, from this image or '
    'another one.'
)


class Rebuild(stopped.Stopped, resizing.Resize, roles.Roles):
    """Gives the server a new disk; ``wanted`` is the id of the image.

    The volume stays, and with it all data. The new guest agent takes them
    over, so a guest agent that is broken keeps nothing from succeeding.
    """

    action = 'rebuild'
    wants = 'image_id'

    _before: float | None = None

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'check that the instance can be rebuilt',
                do=self._check,
                remedy='Nothing was changed. Remove the cause, then rebuild '
                'the instance again.',
            ),
            base.Step(
                'stop the database before the rebuild',
                do=self._stop,
                undo=self._start_if_possible,
                remedy=_AGAIN,
            ),
            base.Step('rebuild the server', do=self._rebuild, remedy=_AGAIN),
            base.Step(
                'wait for the rebuilt server', do=self._wait, remedy=_AGAIN
            ),
            base.Step(
                'tell the guest agent to take over the data',
                do=self._take_over,
                remedy=_AGAIN,
            ),
            base.Step(
                'have it follow its primary', do=self._follow, remedy=_AGAIN
            ),
            base.Step(
                'wait until the database runs',
                do=self._wait_for_database,
                remedy=_AGAIN,
            ),
            base.Step(
                'have its replicas follow it again',
                do=self._lead,
                remedy='Check the guest agent of that replica, or delete it; '
                'then rebuild the instance again.',
            ),
        ]

    def _check(self) -> None:
        refusal = self.instance().refusal_to_rebuild()
        if refusal is not None:
            raise refusal
        self.cloud.compute.check_rebuild(self.context, self.instance_id)

    def _stop(self) -> None:
        """Stop it in order if its guest agent can do that."""
        try:
            self.guest().rpc_ping(self.context)
            self.stop_database()
        except exception.TroveError as error:
            LOG.warning(
                'Instance %s is rebuilt although its database was not '
                'stopped before: %s The database recovers at its next start.',
                self.instance_id,
                error,
            )

    def _start_if_possible(self) -> None:
        try:
            self.guest().rpc_ping(self.context)
            self.start_database()
        except exception.TroveError as error:
            LOG.warning(
                'The database of instance %s, whose rebuild failed, is not '
                'started again: %s Its fault has the remedy.',
                self.instance_id,
                error,
            )

    def _rebuild(self) -> None:
        instance = self.instance()
        flavor = self.cloud.compute.get_flavor(
            self.context, instance.flavor_id or ''
        )
        version = instance.datastore_version
        server = self.cloud.compute.rebuild_server(
            self.context,
            servers.spec(
                self,
                instance,
                flavor,
                self._manager(instance),
                image_id=self.wanted,
                files=guest_files.make(
                    self.conf,
                    instance,
                    self._manager(instance),
                    guest_files.key(self),
                    guest_files.account(self),
                    version.version if version else None,
                ),
            ),
        )
        # An operator may have given it another one.
        self.record(compute_instance_id=server.id)

    def _wait(self) -> None:
        servers.wait(self, self.conf.resize_time_out)
        guest.forget_version(self)
        self._before = guest.last_sent(self)
        self.record_addresses(
            self.cloud.network.addresses(self.context, self.instance_id)
        )
        self.wait_for_answer('rebuilt')

    def _take_over(self) -> None:
        instance = self.instance()
        version = instance.datastore_version
        client = self.guest()
        client.rebuild(
            self.context,
            ds_version=(version.version or version.name) if version else '',
            config_contents=self.configuration(client),
            config_overrides=self._overrides(instance),
        )

    def _follow(self) -> None:
        """A new guest agent does not know whom its data came from."""
        primary = self.instance().slave_of_id
        if primary:
            self.attach(
                self.instance_id,
                self.context_of(primary, administrator=True),
            )

    def _lead(self) -> None:
        """A new guest agent has other passwords for replicas."""
        replicas = [
            each
            for each in sorted(self.instance().replicas)
            if not self.instance(each).task.is_error
        ]
        if not replicas:
            return
        context = self.context_of(self.instance_id, administrator=True)
        for each in replicas:
            try:
                self.attach(each, context)
            except exception.TroveError as error:
                raise base.StepFailed(
                    reason=f'replica {each}: {str(error).rstrip(".")}'
                ) from error

    def _overrides(self, instance: entities.Instance) -> dict[str, Any]:
        if not instance.configuration_id:
            return {}
        everything = trove_context.make_admin_context()
        group = self.env.database(
            configurations.get, everything, instance.configuration_id
        )
        return dict(group.values)

    def _manager(self, instance: entities.Instance) -> str:
        version = instance.datastore_version
        return (version.manager or '') if version else ''

    def _wait_for_database(self) -> None:
        if self._before is None:
            # Adopted: heartbeats from now on count.
            self._before = guest.last_sent(self)
        guest.wait_until_usable(
            self,
            self.conf.usage_timeout,
            newer_than=self._before,
            order='take over its data',
        )
        self.settle_role(rebuilt=True)
