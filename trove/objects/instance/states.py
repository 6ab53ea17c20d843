# SPDX-License-Identifier: Apache-2.0
"""What an instance is doing, how its database is, and what follows.

An instance has two states of its own: the *task*, which the control plane
sets, and the *service status*, which its guest agent reports. Everything
else is derived from them, here, by functions that only look at their
arguments: the words that users see, and whether something may be begun.
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

#: States of a backup that is being made.
BACKUP_RUNS = ('NEW', 'BUILDING', 'SAVING')


class Task(enum.Enum):
    """What the control plane does with an instance, or failed to do.

    ``code`` and ``text`` are what is stored.
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
        """True when this says that something failed, and is not going on."""
        return '_ERROR' in self.name

    @property
    def is_idle(self) -> bool:
        """True when nothing is going on, so that something may be begun."""
        return self in (Task.NONE, Task.RESTART_REQUIRED)

    @classmethod
    def from_code(cls, code: int | None) -> Task:
        """Return the task of a code in the database.

        A code that nobody knows, from a newer release say, counts as an
        unnamed change that goes on.
        """
        if code is None:
            return cls.NONE
        return _TASKS.get(code, cls.UPDATING)


class ServiceStatus(enum.Enum):
    """How the database server of an instance is, as its guest says.

    ``code`` and ``description`` are what is stored, the description is also
    what guests send, and ``api_word`` is what users see.
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
    # The released number of both; a row with it reads as the second.
    UPGRADING = (0x22, 'upgrading', 'UPGRADING')
    RESTARTING = (0x22, 'restarting', 'RESTARTING')

    def __init__(self, code: int, description: str, api_word: str) -> None:
        self.code = code
        self.description = description
        self.api_word = api_word

    @property
    def allows_actions(self) -> bool:
        """True when a restart, a resize and the like may be begun."""
        return self.description in _ALLOW_ACTIONS

    @property
    def responsive(self) -> bool:
        """True when the database server answers."""
        return self.description in _RESPONSIVE

    @classmethod
    def from_code(cls, code: int | None) -> ServiceStatus:
        """Return the status of a code in the database, else UNKNOWN."""
        return _BY_CODE.get(code, cls.UNKNOWN)

    @classmethod
    def from_description(cls, description: str) -> ServiceStatus:
        """Return the status that a guest names.

        :raises ValueError: nobody knows it
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

# What users see while a task goes on. A task that is not named here leaves
# the word to the server.
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

# Every word that status() may return.
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
    """Return the word for the state of an instance.

    The first of these that says something: deletion, an error, the task, a
    backup, the server.

    :param server_status: what the control plane last knew of the server, or
        ERROR when the last task failed; None, which releases before wrote,
        is as good as ACTIVE
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
    """Return the word for the database server; '' while a task goes on."""
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
    """Say why a task may not be begun now; None when it may.

    An instance whose last task failed, but which was left as it was before,
    takes another one: that is the way back to ACTIVE.

    :returns: InstanceBusy, Unprocessable or Forbidden
    """
    if wanted is Task.DELETING:
        return _refusal_to_delete(instance_id, task, replicas)
    return _not_free(instance_id, task) or _not_ready(
        instance_id,
        service_status,
        service_status.allows_actions,
        backing_up,
    )


def refusal_to_ask(
    *,
    instance_id: str,
    task: Task,
    service_status: ServiceStatus,
    silent_for: int | None = None,
) -> exception.TroveError | None:
    """Say why the guest can't be asked about its users and databases now.

    :param silent_for: seconds since its last report, when these are too many
    :returns: InstanceBusy or Unprocessable; None when it can
    """
    refusal = _not_free(instance_id, task)
    if refusal is None and silent_for is not None:
        refusal = exception.Unprocessable(
            reason=f'the guest agent of instance {instance_id} has not '
            f'reported for {silent_for} seconds. Repeat the request when the '
            'operating_status of the instance is HEALTHY; if it stays so, '
            'restart the instance, or ask an administrator to reboot it.'
        )
    return refusal or _not_ready(
        instance_id, service_status, service_status.responsive, False
    )


def heard(
    known: ServiceStatus, reported: ServiceStatus, task: Task
) -> ServiceStatus:
    """Return the service status after a report of the guest.

    The guest does not know that its database needs a restart: it finds it
    running. So that is kept until a task has changed something.
    """
    if (
        known is ServiceStatus.RESTART_REQUIRED
        and reported.responsive
        and task.is_idle
    ):
        return known
    return reported


def _may_fail(task: Task) -> bool:
    # Tasks that say ERROR when the server does: those that nothing else
    # will bring to an end, and none at all.
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
    if replicas and task is not Task.DELETING:
        return exception.Forbidden(
            f'Instance {instance_id} has replicas: '
            f'{", ".join(sorted(replicas))}. Detach or delete them before '
            'deleting it.'
        )
    return None


def _not_free(instance_id: str, task: Task) -> exception.TroveError | None:
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


def _not_ready(
    instance_id: str,
    service_status: ServiceStatus,
    ready: bool,
    backing_up: bool,
) -> exception.TroveError | None:
    if backing_up:
        return exception.Unprocessable(
            reason=f'a backup of instance {instance_id} is being made. '
            'Repeat the request when its status is ACTIVE again.'
        )
    if not ready:
        return exception.Unprocessable(
            reason=f'instance {instance_id} is not ready: its database '
            f'server is in state {service_status.api_word} '
            f'({service_status.description}). Repeat the request when its '
            'operating_status is HEALTHY.'
        )
    return None
