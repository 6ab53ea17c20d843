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
from trove.api.handlers import offers
from trove.api.schemas import common
from trove.api.schemas import instance as schemas
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.objects.instance import cancelling
from trove.objects.instance import enlarging
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows

LOG = log.getLogger(__name__)


Handler = Callable[[api_request.Request, entities.Instance, Any], None]


@dataclasses.dataclass(frozen=True)
class Action:
    """The action of a key of the body.

    :param handler: called with the request, the instance of the path and the
        value, after the policy was enforced
    :param rules: of the policy, of which one must hold
    :param schema: of the value
    :param choose: returns which of several rules must hold for a value
    """

    handler: Handler
    rules: tuple[str, ...]
    schema: common.Schema
    choose: Callable[[Any], str] | None = None

    def rule(self, value: Any) -> str:
        """Return the rule that must hold for a value."""
        return self.choose(value) if self.choose else self.rules[0]


class Actions(dict[str, Action]):
    """The actions of a path, by the key of the body."""

    @property
    def body(self) -> validation.Body:
        return schemas.one_of(
            {name: each.schema for name, each in self.items()}
        )

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(rule for each in self.values() for rule in each.rules)

    def perform(self, request: api_request.Request) -> None:
        """Call the handler of the only key of the body: 202.

        :raises Forbidden: denied; Unauthorized for rules of administrators
        :raises InstanceNotFound: there is none, or it is another project's
        """
        ((name, value),) = request.body.items()
        action = self[name]
        instance = request.instance(action.rule(value))
        action.handler(request, instance, value)


def start(
    request: api_request.Request,
    instance: entities.Instance,
    action: str,
    send: Callable[[], None],
    begin: Callable[[], object] | None = None,
    **details: Any,
) -> None:
    """Begin a task of an instance, and send its message.

    :param action: name of the task manager's method, which has a task in
        ``workflows.TASKS``
    :param send: sends the message; when it fails, the task is reverted
    :param begin: begins the task, instead of ``begin_task``
    :param details: further arguments of ``begin_task``
    :raises InstanceBusy, Unprocessable, Forbidden: the task must not begin
    :raises QuotaExceeded: the quota of the project is used up
    :raises ServiceUnavailable: the message could not be sent, or the
        database could not be written
    """
    task = workflows.TASKS[action]
    instance.require_report(action)
    try:
        if begin is not None:
            begin()
        else:
            tasks.begin_task(
                request.seer, instance.id, task, action=action, **details
            )
    except exception.RowLocked:
        # There is nothing to revert, which would wait for the row again.
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
        # A task manager has the job, so the message was delivered after all;
        # or an earlier deletion is running.


def _undo(
    request: api_request.Request,
    instance: entities.Instance,
    task: states.Task,
    action: str,
) -> bool:
    """Revert a task; return False when there is nothing to revert.

    :raises ServiceUnavailable: the database is unreachable, so the task may
        have begun
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
            f'{error} The action on instance {instance.label} may still be '
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


def resize(
    request: api_request.Request, instance: entities.Instance, value: Any
) -> None:
    """Extend the volume, or change the flavor: 202; see both functions."""
    if 'volume' in value:
        resize_volume(request, instance, value['volume'])
    else:
        resize_flavor(request, instance, value['flavorRef'])


def _resize_rule(value: Any) -> str:
    what = 'volume' if 'volume' in value else 'flavor'
    return f'instance:resize_{what}'


def reset_status(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Cancel the current task of an instance, with status ERROR: 202.

    The task manager notices at the next step and stops. Its leftovers are
    removed with the instance. 409 while it is promoted, or a primary ejected:
    others wait for the end.
    """
    if instance.task in (states.Task.PROMOTING, states.Task.EJECTING):
        raise exception.InstanceBusy(
            id=instance.label, task=instance.task.text
        )
    warn_of_end(request, instance)
    cancelling.reset(instance.id)


def _reset_rule(value: Any) -> str:
    forced = (value or {}).get('force_delete')
    return 'instance:force_delete' if forced else 'instance:reset_status'


def warn_of_end(
    request: api_request.Request, instance: entities.Instance
) -> None:
    """Log which user cancels the current task of an instance."""
    LOG.warning(
        'Instance %s: user %s cancels its current task: %s',
        instance.id,
        request.context.user_id,
        instance.task.text,
    )


def restart(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Restart the database: 202.

    409 while another task is running, 422 if the guest agent is silent.
    """
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        'restart',
        lambda: taskmanager.restart(request.context, instance_id=instance.id),
    )


def reboot(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Reboot the server: 202, or 409 while another task is running."""
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        'reboot',
        lambda: taskmanager.reboot(request.context, instance_id=instance.id),
    )


def resize_volume(
    request: api_request.Request, instance: entities.Instance, volume: Any
) -> None:
    """Extend the volume, and those of replicas that are smaller: 202.

    400 for a size that is not larger, 409 or 422 while another task is running
    on one of them, 413 beyond the quota or the maximum size.
    """
    size = volume_size(request, volume)
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
        'resize_volume',
        lambda: taskmanager.resize_volume(
            request.context, new_size=size, instance_id=instance.id
        ),
        begin=lambda: enlarging.begin(
            request.runtime.conf, request.seer, instance.id, size
        ),
    )


def resize_flavor(
    request: api_request.Request, instance: entities.Instance, reference: Any
) -> None:
    """Change the flavor: 202.

    400 for an unknown or the current flavor, or one that the datastore
    version must not have; 409 while another task is running, 413 beyond the
    quota.
    """
    with references.naming('resize.flavorRef'):
        new = flavor(request, reference)
    if new.id == str(instance.flavor_id):
        raise exception.BadRequest(
            f'The instance already has the flavor {new.id}; choose another '
            'one.'
        )
    version = instance.datastore_version
    with references.naming('resize.flavorRef'):
        offers.check_flavor(version.id if version else None, new)
    old = _old_flavor(request, instance, new)
    taskmanager = request.taskmanager()
    start(
        request,
        instance,
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
    """Return the flavor of a reference in a body.

    :param reference: an id, a URL, or an object with ``id``
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
    """Return the size of a volume in a body, in GiB.

    :raises QuotaExceeded: it exceeds ``max_accepted_volume_size``
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
    """Return the present flavor of an instance.

    The cloud may have removed it. Then its size is unknown, so the size of the
    new one is used, and the quota does not change.
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
            _resize_rule,
        ),
        'reset_status': Action(
            reset_status,
            ('instance:reset_status', 'instance:force_delete'),
            schemas.RESET_STATUS,
            _reset_rule,
        ),
    }
)
