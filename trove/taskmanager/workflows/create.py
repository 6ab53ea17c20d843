# SPDX-License-Identifier: Apache-2.0
"""Create an instance: volume, server, guest agent, database."""

from __future__ import annotations

import time
from typing import Any

from trove.cloud import base as cloud_base
from trove.common import context as trove_context
from trove.common import exception
from trove.objects import module as modules
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import create_request
from trove.taskmanager.workflows import flavors
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import guest_files
from trove.taskmanager.workflows import released_guest
from trove.taskmanager.workflows import replica
from trove.taskmanager.workflows import restored
from trove.taskmanager.workflows import servers

Task = states.Task
Status = states.ServiceStatus

#: The only step that can be resumed without the request: the guest has it.
_LAST = 'start the database'

_AGAIN = 'Delete the instance and create it again.'
_OTHER_IMAGE = (
    'Delete the instance; give its datastore version an image with a guest '
    'agent of this release, then create the instance again.'
)
_CLOUD = (
    'Delete the instance; check the cloud and its logs, then create the '
    'instance again.'
)


class Create(base.Workflow):
    """Creates an instance.

    :param request: None after an adoption with an incomplete row: then only
        the last step can be resumed, or all steps undone
    """

    action = 'create_instance'
    repeatable = False

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        request: create_request.Request | None = None,
    ) -> None:
        super().__init__(env, context, instance_id)
        self._request = request
        self._deadline: float | None = None

    @classmethod
    def known(
        cls, env: base.Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        found = create_request.from_details(
            env.conf, row.instance_id, row.details
        )
        return (found,)

    def details(self) -> dict[str, Any] | None:
        return create_request.to_details(
            self.conf, self.instance_id, self.request
        )

    @property
    def complete(self) -> bool:
        return self._request is not None

    def resumable(self, step: str | None) -> bool:
        return self.complete or step == _LAST

    def steps(self) -> list[base.Step]:
        return [
            base.Step('understand the request', do=self._check, remedy=_AGAIN),
            base.Step(
                'create the volume',
                do=self._create_volume,
                undo=self._delete_volume,
                remedy=_CLOUD,
                failed=Task.BUILDING_ERROR_VOLUME,
            ),
            base.Step(
                'create the server',
                do=self._create_server,
                undo=self._delete_server,
                remedy=_CLOUD,
                failed=Task.BUILDING_ERROR_SERVER,
            ),
            base.Step(
                'wait for the server',
                do=self._wait_for_server,
                remedy=_CLOUD,
                failed=Task.BUILDING_ERROR_SERVER,
            ),
            base.Step(
                'wait for the guest agent',
                do=self._wait_for_agent,
                remedy=_AGAIN,
                failed=Task.BUILDING_ERROR_TIMEOUT_GA,
            ),
            base.Step(
                'tell the guest agent to prepare the database',
                do=self._prepare,
                remedy=_AGAIN,
                failed=Task.BUILDING_ERROR_TIMEOUT_GA,
            ),
            base.Step(
                _LAST,
                do=self._wait_for_database,
                remedy=_AGAIN,
                failed=Task.BUILDING_ERROR_TIMEOUT_GA,
            ),
        ]

    def finish(self) -> bool:
        done = super().finish()
        replica.drop_backup(self, self._request)
        return done

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        done = super().fail(step, message, details)
        replica.drop_backup(self, self._request)
        return done

    def evidence(self) -> str:
        if self.instance().compute_instance_id is None:
            return ''
        return self.cloud.compute.console(self.context, self.instance_id)

    @property
    def request(self) -> create_request.Request:
        assert self._request is not None
        return self._request

    @property
    def _timeout(self) -> int:
        conf = self.conf
        timeout: int = (
            conf.restore_usage_timeout
            if self._request is not None and self._request.backup_id
            else conf.usage_timeout
        )
        return timeout

    def _left(self) -> float:
        """Return how many seconds are left for all of it."""
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._timeout
        return max(0.0, self._deadline - now)

    def _check(self) -> None:
        if self.request.unsupported:
            raise base.StepFailed(
                reason='this task manager does not support these arguments: '
                f'{", ".join(self.request.unsupported)}',
                remedy='Delete the instance, and create it without them.',
            )
        replica.check(self.request)
        if self.request.backup_id and not self.request.slave_of_id:
            restored.check(
                self, self.request.backup_id, self.request.restore_time
            )

    def _create_volume(self) -> None:
        size = self.instance().volume_size
        if not size:
            return
        volume = self.cloud.volumes.create(
            self.context,
            self.instance_id,
            size,
            volume_type=self.request.volume_type,
            availability_zone=self.request.availability_zone,
            backup_id=replica.snapshot(self, self.request)
            if self.request.slave_of_id
            else restored.snapshot(self, self.request.backup_id),
        )
        if volume.size != size:
            raise base.StepFailed(
                reason=f'the cloud created a volume of {volume.size} GiB '
                f'instead of {size} GiB'
            )
        self.record(volume_id=volume.id)

    def _delete_volume(self) -> None:
        self.cloud.volumes.delete(self.context, self.instance_id)
        self.record(volume_id=None)

    def _create_server(self) -> None:
        self._left()
        server = self.cloud.compute.create_server(self.context, self._spec())
        # A guest may send its first heartbeat before it listens. Orders that
        # follow wait in the queue.
        if not self.wait(self._has_queue, self._left()):
            raise base.StepFailed(
                reason='the message broker did not create the queue of the '
                'guest agent; check that it runs'
            )
        self.record(compute_instance_id=server.id)

    def _has_queue(self) -> bool:
        try:
            self.guest().create_queue()
        except exception.ServiceUnavailable:
            # The message broker may be restarting.
            return False
        return True

    def _spec(self) -> cloud_base.ServerSpec:
        instance = self.instance()
        request = self.request
        return servers.spec(
            self,
            instance,
            flavors.from_message(request.flavor),
            request.datastore_manager,
            image_id=request.image_id,
            nics=request.nics,
            availability_zone=request.availability_zone,
            locality=request.locality,
            beside=request.slave_of_id,
            files=guest_files.make(
                self.conf,
                instance,
                request.datastore_manager,
                guest_files.key(self),
                None if self._has_server() else guest_files.account(self),
                request.ds_version,
                restored=request.backup_id is not None,
            ),
        )

    def _has_server(self) -> bool:
        """Whether the previous owner created the server with its files.

        They hold the password of the guest's account, which must not change.
        """
        return self.taken_over and bool(
            self.cloud.compute.get_server(self.context, self.instance_id)
        )

    def _delete_server(self) -> None:
        self.cloud.compute.delete_server(self.context, self.instance_id)
        self.cloud.network.release(self.context, self.instance_id)
        self.guest().delete_queues()
        guest.delete_account(self)
        self.record(compute_instance_id=None)
        self.record_addresses([])

    def _wait_for_server(self) -> None:
        servers.wait(self, self._left(), self._timeout)
        self.record_addresses(
            self.cloud.network.addresses(self.context, self.instance_id)
        )

    def _wait_for_agent(self) -> None:
        guest.wait_for_agent(
            self,
            min(
                self.conf.taskmanager.guest_first_heartbeat_timeout,
                self._left(),
            ),
        )

    def _prepare(self) -> None:
        if self.taken_over and self._has_orders():
            return
        request = self.request
        following = replica.order(self, request)
        volume = self.cloud.volumes.get(self.context, self.instance_id)
        mount_point = volume.mount_point if volume else None
        config = None
        if not guest.last_sent(self):
            # Only a released guest agent sends no heartbeat before prepare.
            try:
                needs = released_guest.needs(request.datastore_manager)
            except released_guest.Unknown as error:
                raise base.StepFailed(
                    reason=str(error), remedy=_OTHER_IMAGE
                ) from None
            mount_point = needs.mount_point
            config = needs.config(
                self.instance_id, int(request.flavor['ram'])
            )
        # Its first heartbeat announced its version.
        self.env.transport.caps.forget('guestagent', self.instance_id)
        self.guest().prepare(
            self.context,
            packages=list(request.packages),
            databases=[dict(each) for each in request.databases],
            memory_mb=int(request.flavor['ram']),
            users=[dict(each) for each in request.users],
            device_path=volume.device_path if volume else None,
            mount_point=mount_point,
            config_contents=config,
            root_password=request.root_password,
            overrides=(dict(request.overrides) if request.overrides else None),
            modules=self._modules() or None,
            ds_version=request.ds_version,
            **restored.order(self, request.backup_id, request.restore_time),
            **following,
        )

    def _modules(self) -> list[dict[str, Any]]:
        """Return the modules with their contents."""
        everything = trove_context.make_admin_context()
        return [
            modules.order(
                self.conf, self.env.database(modules.get, everything, each)
            )
            for each in self.request.modules
        ]

    def _has_orders(self) -> bool:
        """Whether the guest started on an order of the previous owner."""
        beat = self.env.database(heartbeats.heartbeat, self.instance_id)
        return beat is not None and beat.status is not Status.NEW

    def _wait_for_database(self) -> None:
        guest.wait_until_usable(
            self, self._left(), order='prepare its database'
        )
