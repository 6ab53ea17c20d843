# SPDX-License-Identifier: Apache-2.0
"""Tasks and service statuses of instances, and the rules about them.

An instance has two states: the *task*, which the control plane sets, and the
*service status*, which its guest agent reports. The status that users see, and
whether a task may begin, are derived from them by pure functions.
"""

from __future__ import annotations

from collections.abc import Collection
import enum

from trove.common import exception

_ALLOW_ACTIONS = frozenset(
    {
        'running',
        'shutdown',
        'crashed',
        'blocked',
        'healthy',
        'restart required',
    }
)
_RESPONSIVE = frozenset({'running', 'healthy', 'restart required'})

#: States of a backup that is running.
BACKUP_RUNS = ('NEW', 'BUILDING', 'SAVING')


class Task(enum.Enum):
    """The task that runs on an instance, or that failed.

    ``code`` and ``text`` are stored in the database.
    """

    NONE = (0x01, 'NONE', 'No tasks for the instance.')
    DELETING = (0x02, 'DELETING', 'Deleting the instance.')
    REBOOTING = (0x03, 'REBOOTING', 'Rebooting the instance.')
    RESIZING = (0x04, 'RESIZING', 'Resizing the instance.')
    BUILDING = (0x05, 'BUILDING', 'The instance is building.')
    MIGRATING = (0x06, 'MIGRATING', 'Migrating the instance.')
    RESTART_REQUIRED = (
        0x07,
        'RESTART_REQUIRED',
        'Instance requires a restart.',
    )
    PROMOTING = (
        0x08,
        'PROMOTING',
        'Promoting the instance to replica source.',
    )
    EJECTING = (0x09, 'EJECTING', 'Ejecting the replica source.')
    LOGGING = (0x0A, 'LOGGING', 'Transferring guest logs.')
    DETACHING = (
        0x0B,
        'DETACHING',
        'Detaching the instance from replica source.',
    )
    UPDATING = (0x0C, 'UPDATING', 'Updating the instance.')
    UPGRADING = (0x59, 'UPGRADING', 'Upgrading the instance.')

    BUILDING_ERROR_DNS = (0x50, 'BUILDING', 'Build error: DNS.')
    BUILDING_ERROR_SERVER = (0x51, 'BUILDING', 'Build error: Server.')
    BUILDING_ERROR_VOLUME = (0x52, 'BUILDING', 'Build error: Volume.')
    BUILDING_ERROR_SEC_GROUP = (
        0x53,
        'BUILDING',
        'Build error: Secgroup or rule.',
    )
    BUILDING_ERROR_REPLICA = (0x54, 'BUILDING', 'Build error: Replica.')
    PROMOTION_ERROR = (0x55, 'PROMOTING', 'Replica Promotion Error.')
    EJECTION_ERROR = (0x56, 'EJECTING', 'Replica Source Ejection Error.')
    GROWING_ERROR = (0x57, 'GROWING', 'Growing Cluster Error.')
    SHRINKING_ERROR = (0x58, 'SHRINKING', 'Shrinking Cluster Error.')
    UPGRADING_ERROR = (0x5A, 'UPGRADING', 'Upgrading Cluster Error.')
    BUILDING_ERROR_TIMEOUT_GA = (
        0x5B,
        'ERROR',
        'Build error: guestagent timeout.',
    )
    BUILDING_ERROR_PORT = (0x5C, 'BUILDING', 'Build error: Port.')
    UPDATING_ERROR_ACCESS = (0x5D, 'UPDATING', 'Update error: Access.')

    def __init__(self, code: int, action: str, text: str) -> None:
        self.code = code
        self.action = action
        self.text = text

    @property
    def is_error(self) -> bool:
        """Whether the task failed, and is not running any more."""
        return '_ERROR' in self.name

    @property
    def is_idle(self) -> bool:
        """Whether no task is running, so that one may begin."""
        return self in (Task.NONE, Task.RESTART_REQUIRED)

    @classmethod
    def from_code(cls, code: int | None) -> Task:
        """Return the task of a code in the database.

        An unknown code, as of a newer release, counts as UPDATING: a task
        that is running.
        """
        if code is None:
            return cls.NONE
        return _TASKS.get(code, cls.UPDATING)


class ServiceStatus(enum.Enum):
    """The status of a database server, as its guest reports it.

    ``code`` and ``description`` are stored in the database. Guests send the
    description, and users see ``api_word``.
    """

    RUNNING = (0x01, 'running', 'ACTIVE')
    BLOCKED = (0x02, 'blocked', 'BLOCKED')
    PAUSED = (0x03, 'paused', 'SHUTDOWN')
    SHUTDOWN = (0x04, 'shutdown', 'SHUTDOWN')
    DELETED = (0x05, 'deleted', 'DELETED')
    CRASHED = (0x06, 'crashed', 'SHUTDOWN')
    FAILED = (0x08, 'failed to spawn', 'FAILED')
    BUILDING = (0x09, 'building', 'BUILD')
    PROMOTING = (0x10, 'promoting replica', 'PROMOTE')
    EJECTING = (0x11, 'ejecting replica source', 'EJECT')
    LOGGING = (0x12, 'transferring guest logs', 'LOGGING')
    UNKNOWN = (0x16, 'unknown', 'ERROR')
    NEW = (0x17, 'new', 'NEW')
    FAILED_TIMEOUT_GUESTAGENT = (0x18, 'guestagent error', 'ERROR')
    INSTANCE_READY = (0x19, 'instance ready', 'BUILD')
    RESTART_REQUIRED = (0x20, 'restart required', 'RESTART_REQUIRED')
    HEALTHY = (0x21, 'healthy', 'HEALTHY')
    # Released Trove uses one code for both; a row with it reads as the second.
    UPGRADING = (0x22, 'upgrading', 'UPGRADING')
    RESTARTING = (0x22, 'restarting', 'RESTARTING')

    def __init__(self, code: int, description: str, api_word: str) -> None:
        self.code = code
        self.description = description
        self.api_word = api_word

    @property
    def allows_actions(self) -> bool:
        """Whether a task, such as a restart, may begin."""
        return self.description in _ALLOW_ACTIONS

    @property
    def responsive(self) -> bool:
        """Whether the database server answers."""
        return self.description in _RESPONSIVE

    @classmethod
    def from_code(cls, code: int | None) -> ServiceStatus:
        """Return the status of a code in the database, else UNKNOWN."""
        return _BY_CODE.get(code, cls.UNKNOWN)

    @classmethod
    def from_description(cls, description: str) -> ServiceStatus:
        """Return the status of a description that a guest sent.

        :raises ValueError: the description is unknown
        """
        status = _BY_DESCRIPTION.get(description)
        if status is None:
            raise ValueError(f'unknown service status {description!r}')
        return status


_TASKS = {task.code: task for task in Task}
_BY_CODE: dict[int | None, ServiceStatus] = {
    status.code: status for status in ServiceStatus
}
_BY_DESCRIPTION = {status.description: status for status in ServiceStatus}

# The status that users see while a task is running. During other tasks it is
# the status of the server.
_WORDS = {
    Task.BUILDING: 'BUILD',
    Task.REBOOTING: 'REBOOT',
    Task.RESIZING: 'RESIZE',
    Task.MIGRATING: 'RESIZE',
    Task.UPGRADING: 'UPGRADE',
    Task.RESTART_REQUIRED: 'RESTART_REQUIRED',
    Task.PROMOTING: 'PROMOTE',
    Task.EJECTING: 'EJECT',
    Task.LOGGING: 'LOGGING',
    Task.DETACHING: 'DETACH',
    Task.DELETING: 'SHUTDOWN',
}
_SERVER_WORDS = {
    word: word
    for word in ('BUILD', 'ERROR', 'REBOOT', 'RESIZE', 'ACTIVE', 'SHUTDOWN')
} | {'HEALTHY': 'ACTIVE', 'VERIFY_RESIZE': 'RESIZE', 'DELETED': 'SHUTDOWN'}

# All values that status() returns.
STATUS_WORDS = frozenset(
    {*_WORDS.values(), *_SERVER_WORDS.values(), 'BACKUP', 'UNKNOWN'}
)


def status(
    *,
    deleted: bool,
    task: Task,
    server_status: str | None,
    backing_up: bool,
) -> str:
    """Return the status of an instance that users see.

    In order of precedence: deletion, an error, the task, a backup, the
    server.

    :param server_status: the last known status of the server, or ERROR when
        the last task failed; None, as releases wrote it, counts as ACTIVE
    """
    if deleted:
        return 'SHUTDOWN'
    if task.is_error or (server_status == 'ERROR' and _may_fail(task)):
        return 'ERROR'
    if task in _WORDS:
        return _WORDS[task]
    if backing_up:
        return 'BACKUP'
    return _SERVER_WORDS.get(server_status or 'ACTIVE', 'UNKNOWN')


def operating_status(*, task: Task, service_status: ServiceStatus) -> str:
    """Return the database server's status; '' while a task is running."""
    if task is not Task.NONE:
        return ''
    return service_status.api_word


def refusal_to_begin(
    wanted: Task,
    *,
    instance_id: str,
    task: Task,
    service_status: ServiceStatus,
    backing_up: bool,
    replicas: Collection[str],
) -> exception.TroveError | None:
    """Return why a task must not begin now, None when it may.

    An instance whose last task failed without an effect accepts another task,
    whose success makes it ACTIVE again. A rebuild, which is BUILDING, repairs
    one whose database server or guest agent is broken.

    :param wanted: the task to begin
    :returns: InstanceBusy, Unprocessable or Forbidden
    """
    if wanted is Task.DELETING:
        return _refusal_to_delete(instance_id, task, replicas)
    return _refusal_if_busy(instance_id, task) or _refusal_if_not_ready(
        instance_id,
        service_status,
        wanted is Task.BUILDING or service_status.allows_actions,
        backing_up,
    )


def refusal_to_join(
    *, instance_id: str, task: Task, backing_up: bool
) -> exception.TroveError | None:
    """Return why an instance cannot take part in a job of another one."""
    return _refusal_if_busy(instance_id, task) or _refusal_if_not_ready(
        instance_id, ServiceStatus.RUNNING, True, backing_up
    )


def refusal_to_ask(
    *,
    instance_id: str,
    task: Task,
    service_status: ServiceStatus,
    silent_for: int | None = None,
    backing_up: bool = False,
) -> exception.TroveError | None:
    """Return why the guest cannot serve orders about users and databases.

    :param silent_for: seconds since its last report, when too many
    :param backing_up: whether a backup is in the way
    :returns: InstanceBusy or Unprocessable; None when it can
    """
    return (
        _refusal_if_busy(instance_id, task)
        or refusal_if_silent(instance_id, silent_for)
        or _refusal_if_not_ready(
            instance_id, service_status, service_status.responsive, backing_up
        )
    )


def refusal_if_silent(
    instance_id: str, silent_for: int | None
) -> exception.TroveError | None:
    """Return why a guest cannot be asked at all; None when it can.

    :param silent_for: seconds since its last report, when too many
    :returns: Unprocessable
    """
    if silent_for is None:
        return None
    return exception.Unprocessable(
        reason=f'the guest agent of instance {instance_id} has not '
        f'reported for {silent_for} seconds. Repeat the request when the '
        'operating_status of the instance is HEALTHY. If it stays '
        'silent, ask an administrator to reboot the instance.'
    )


def heard(
    known: ServiceStatus, reported: ServiceStatus, task: Task
) -> ServiceStatus:
    """Return the service status after a report of the guest.

    A guest does not know that its database server needs a restart, and reports
    it as running. So RESTART_REQUIRED is kept until a task changes it.
    """
    if (
        known is ServiceStatus.RESTART_REQUIRED
        and reported.responsive
        and task.is_idle
    ):
        return known
    return reported


def _may_fail(task: Task) -> bool:
    # An error of the server shows during these tasks: nothing ends them while
    # the server is broken.
    return task in (
        Task.NONE,
        Task.RESTART_REQUIRED,
        Task.BUILDING,
        Task.DELETING,
    )


def _refusal_to_delete(
    instance_id: str,
    task: Task,
    replicas: Collection[str],
) -> exception.TroveError | None:
    if task in (Task.PROMOTING, Task.EJECTING):
        # Other instances wait for its end.
        return exception.InstanceBusy(id=instance_id, task=task.text)
    if replicas and task is not Task.DELETING:
        return exception.Forbidden(
            f'Instance {instance_id} has replicas: '
            f'{", ".join(sorted(replicas))}. Detach or delete them before '
            'deleting it.'
        )
    return None


def _refusal_if_busy(
    instance_id: str, task: Task
) -> exception.TroveError | None:
    if task is Task.BUILDING:
        return exception.Unprocessable(
            reason=f'instance {instance_id} is being built. Repeat the '
            'request when its status is ACTIVE.'
        )
    if task.is_error:
        return exception.Unprocessable(
            reason=f'instance {instance_id} has the status ERROR ('
            f'{task.text}) Its fault says why. Delete it, or ask an '
            'administrator for help.'
        )
    if not task.is_idle:
        return exception.InstanceBusy(id=instance_id, task=task.text)
    return None


def _refusal_if_not_ready(
    instance_id: str,
    service_status: ServiceStatus,
    ready: bool,
    backing_up: bool,
) -> exception.TroveError | None:
    if backing_up:
        return exception.Unprocessable(
            reason=f'a backup of instance {instance_id} is running. Repeat '
            'the request when its status is ACTIVE again.'
        )
    if not ready:
        return exception.Unprocessable(
            reason=f'instance {instance_id} is not ready: its database '
            f'server has the status {service_status.api_word} '
            f'({service_status.description}). Repeat the request when its '
            'operating_status is HEALTHY.'
        )
    return None
