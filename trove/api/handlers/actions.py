# SPDX-License-Identifier: Apache-2.0
"""Actions that the task manager carries out on an instance."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from typing import Any

from oslo_log import log

from trove.api import references
from trove.api import request as api_request
from trove.api import validation
from trove.api.handlers import absent
from trove.api.schemas import common
from trove.api.schemas import instance as schemas
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.objects.instance import tasks

LOG = log.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Action:
    """The action for a key of the body.

    :param handler: does it to the instance of a request; takes the value
    :param rules: of the policy; the handler checks one of them
    :param schema: of the value
    """

    handler: Callable[[api_request.Request, Any], None]
    rules: tuple[str, ...]
    schema: common.Schema


class Actions(dict[str, Action]):
    """All that a path takes, by the key of the body."""

    @property
    def body(self) -> validation.Body:
        return schemas.one_of(
            {name: each.schema for name, each in self.items()}
        )

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(rule for each in self.values() for rule in each.rules)

    def perform(self, request: api_request.Request) -> None:
        """Do what the only key of the body says."""
        ((name, value),) = request.body.items()
        self[name].handler(request, value)


def start(
    request: api_request.Request,
    instance: entities.Instance,
    task: states.Task,
    action: str,
    send: Callable[[], None],
    **details: Any,
) -> None:
    """Let an instance begin a task and have it done by a task manager.

    :param action: name of the task manager's method
    :param send: sends the message; when it fails, the task is undone
    :param details: further arguments of ``begin_task``
    :raises ServiceUnavailable: the message could not be sent, or the
        database could not be written
    """
    try:
        tasks.begin_task(
            request.seer, instance.id, task, action=action, **details
        )
    except exception.RowLocked:
        # Nothing is there to be undone, which would wait once more.
        raise
    except exception.ServiceUnavailable:
        # The connection may have broken after the task was written.
        _undo(request, instance, task, action)
        raise
    try:
        send()
    except Exception:
        if _undo(request, instance, task, action):
            raise
        # A task manager works on it, so the message got through after all;
        # or an earlier request to delete is being carried out.


def _undo(
    request: api_request.Request,
    instance: entities.Instance,
    task: states.Task,
    action: str,
) -> bool:
    """Take a task back; False when there is nothing to take back.

    :raises ServiceUnavailable: the database is away, so it is not known
    """
    try:
        undone = tasks.undo_task(request.seer, instance.id, task)
    except exception.ServiceUnavailable as error:
        LOG.warning(
            'It is unknown whether instance %s will %s: %s If so, a task '
            'manager starts it, or gives it up, when the database is back; no '
            'action is required.',
            instance.id,
            action,
            error,
        )
        raise exception.ServiceUnavailable(
            f'{error} The action on instance {instance.id} may still be '
            'started, or given up, later. Check the status of the instance '
            'before you repeat the request.'
        ) from None
    if undone:
        LOG.warning(
            'Could not send the action %s on instance %s to the task '
            'managers; reset its task.',
            action,
            instance.id,
        )
    return undone


def resize(request: api_request.Request, value: Any) -> None:
    """Resize the volume, or change the flavor: 202; see both functions."""
    if 'volume' in value:
        resize_volume(request, value['volume'])
    else:
        resize_flavor(request, value['flavorRef'])


def reset_status(request: api_request.Request, value: Any) -> None:
    """Abort the current task of an instance, with status ERROR: 202.

    The task manager notices at the next step and stops. Its leftovers are
    removed with the instance.
    """
    forced = (value or {}).get('force_delete')
    instance = request.instance(
        'instance:force_delete' if forced else 'instance:reset_status'
    )
    warn_of_end(request, instance)
    tasks.reset(instance.id)


def warn_of_end(
    request: api_request.Request, instance: entities.Instance
) -> None:
    """Log which user aborted the current task of an instance."""
    LOG.warning(
        'Instance %s: %s resets its current task: %s',
        instance.id,
        request.context.user_id,
        instance.task.text,
    )


def promote_to_replica_source(request: api_request.Request, _: Any) -> None:
    """Answer 501."""
    request.instance('instance:promote_to_replica_source')
    absent.refuse('Replicas')


def eject_replica_source(request: api_request.Request, _: Any) -> None:
    """Answer 501."""
    request.instance('instance:eject_replica_source')
    absent.refuse('Replicas')


def restart(request: api_request.Request, _: Any) -> None:
    """Restart the database: 202, or 409 while another task is running."""
    instance = request.instance('instance:restart')
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        states.Task.REBOOTING,
        'restart',
        lambda: taskmanager.restart(request.context, instance_id=instance.id),
    )


def reboot(request: api_request.Request) -> None:
    """Reboot the server: 202, or 409 while another task is running."""
    instance = request.instance('mgmt:instance:reboot')
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        states.Task.REBOOTING,
        'reboot',
        lambda: taskmanager.reboot(request.context, instance_id=instance.id),
    )


def resize_volume(request: api_request.Request, volume: Any) -> None:
    """Extend the volume: 202.

    400 for a size that is not larger, 409 while another task is running, 413
    beyond the quota or the maximum size.
    """
    instance = request.instance('instance:resize_volume')
    size = volume_size(request, volume)
    old = instance.volume_size or 0
    if size <= old:
        raise exception.BadRequest(
            f'The new size of the volume is {size} GiB; it must be larger '
            f'than the current {old} GiB.'
        )
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        states.Task.RESIZING,
        'resize_volume',
        lambda: taskmanager.resize_volume(
            request.context, new_size=size, instance_id=instance.id
        ),
        details={'new_size': size},
        conf=request.runtime.conf,
        deltas={'volumes': size - old},
    )


def resize_flavor(request: api_request.Request, reference: Any) -> None:
    """Change the flavor: 202.

    400 for an unknown or the current flavor, 409 while another task is
    running, 413 beyond the quota.
    """
    instance = request.instance('instance:resize_flavor')
    with references.naming('resize.flavorRef'):
        new = flavor(request, reference)
    if new.id == str(instance.flavor_id):
        raise exception.BadRequest(
            f'The instance already has the flavor {new.id}; choose another '
            'one.'
        )
    old = _old_flavor(request, instance, new)
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        states.Task.RESIZING,
        'resize_flavor',
        lambda: taskmanager.resize_flavor(
            request.context,
            instance_id=instance.id,
            old_flavor=old.to_dict(),
            new_flavor=new.to_dict(),
        ),
        details={'old_flavor': old.to_dict(), 'new_flavor': new.to_dict()},
        conf=request.runtime.conf,
        deltas={'ram': new.ram - old.ram},
    )


def flavor(request: api_request.Request, reference: Any) -> cloud_base.Flavor:
    """Return the flavor that a body names by id or URL.

    :raises UnknownFlavor: there is none with this id
    """
    if isinstance(reference, dict):
        reference = reference['id']
    flavor_id = str(reference).rstrip('/').rpartition('/')[2]
    compute = request.cloud.compute
    try:
        return compute.get_flavor(request.context, flavor_id)
    except exception.FlavorNotFound:
        raise exception.UnknownFlavor(flavor=flavor_id) from None


def volume_size(request: api_request.Request, volume: Any) -> int:
    """Return the GiB that a body asks for.

    :raises QuotaExceeded: it is more than the options accept
    """
    size = int(volume['size'] if isinstance(volume, dict) else volume)
    most = request.runtime.conf.max_accepted_volume_size
    if size > most:
        raise exception.QuotaExceeded(
            f'The size of the volume is {size} GiB; the maximum is {most} GiB.'
        )
    return size


def _old_flavor(
    request: api_request.Request,
    instance: entities.Instance,
    new: cloud_base.Flavor,
) -> cloud_base.Flavor:
    """Return the flavor that an instance has.

    The cloud may have dropped it; then its size is not known any more, and
    the quota stays as it is.
    """
    flavor_id = str(instance.flavor_id)
    compute = request.cloud.compute
    try:
        return compute.get_flavor(request.context, flavor_id)
    except exception.FlavorNotFound:
        return cloud_base.Flavor(
            flavor_id, flavor_id, new.ram, new.vcpus, new.disk
        )


ACTIONS = Actions(
    {
        'restart': Action(restart, ('instance:restart',), schemas.NOTHING),
        'resize': Action(
            resize,
            ('instance:resize_flavor', 'instance:resize_volume'),
            schemas.RESIZE,
        ),
        'reset_status': Action(
            reset_status,
            ('instance:reset_status', 'instance:force_delete'),
            schemas.RESET_STATUS,
        ),
        'promote_to_replica_source': Action(
            promote_to_replica_source,
            ('instance:promote_to_replica_source',),
            schemas.NOTHING,
        ),
        'eject_replica_source': Action(
            eject_replica_source,
            ('instance:eject_replica_source',),
            schemas.NOTHING,
        ),
    }
)
