# SPDX-License-Identifier: Apache-2.0
"""Workflows: lists of steps, and the helpers that steps share.

A workflow carries out one job on one instance. It has a row in the database
until it ends, with its current step and its *owner*, the process that runs
it. Every change of that row is a compare-and-set on the owner. So a process
notices that another one adopted the workflow, or that a deletion superseded
it, and stops.

Each step is idempotent: after a crash it is repeated or undone, however far
it came. :mod:`trove.taskmanager.workflows.runner` runs the steps.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
import dataclasses
import threading
import time
from typing import Any
from typing import ClassVar
from typing import TypeVar

from oslo_config import cfg

from trove.cloud import base as cloud_base
from trove.common import context as trove_context
from trove.common import exception
from trove.common import patience
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.peers import retrying
from trove.taskmanager import owner as owners
from trove.taskmanager import threads

T = TypeVar('T')

#: Seconds between two checks of the owner, and of the server, in a wait.
_CHECK_INTERVAL = 1.0
_SERVER_INTERVAL = 5.0


class Superseded(Exception):
    """This process lost the workflow: its new owner decides everything."""


class Asleep(Exception):
    """A wait of hours, without a thread: any task manager looks again."""


class DatabaseGone(Exception):
    """The database is unavailable, so the state is unknown."""


class StepFailed(exception.TroveError):
    """A step cannot succeed.

    :param reason: the cause, as part of a sentence
    :param remedy: replaces the remedy of the step
    """

    message = '%(reason)s'


@dataclasses.dataclass(frozen=True)
class Environment:
    """Shared by the workflows of a task manager.

    :param process: the name of this process, the prefix of all its owners
    :param stopping: set when ``stop_timeout`` is over; workflows then stop
        at once
    :param draining: set when the task manager begins to stop
    """

    conf: cfg.ConfigOpts
    transport: rpc.Transport
    cloud: cloud_base.Cloud
    process: str
    stopping: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )
    draining: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )
    running: threads.Running = dataclasses.field(
        default_factory=threads.Running
    )
    lanes: threads.Lanes = dataclasses.field(default_factory=threads.Lanes)

    def database(
        self, function: Callable[..., T], *args: Any, **kwargs: Any
    ) -> T:
        """Call a function of trove.objects, and retry database errors.

        :raises DatabaseGone: ``database_retries`` are used up
        """
        wrapped = retrying.wrap(
            function,
            self.conf.taskmanager.database_retries,
            self._is_retried,
        )
        try:
            return wrapped(*args, **kwargs)
        except retrying.PASSING:
            raise DatabaseGone('the database does not answer') from None

    def _is_retried(self, error: Exception) -> bool:
        return not self.stopping.is_set() and retrying.is_passing(error)


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a workflow.

    :param name: such as "create the server"
    :param do: idempotent; called again after a crash
    :param undo: reverts ``do`` however far it came; idempotent
    :param remedy: for the user or the operator, after a failure
    :param failed: the task of the instance after a failure
    """

    name: str
    do: Callable[[], object]
    remedy: str
    undo: Callable[[], object] | None = None
    failed: states.Task = states.Task.NONE


class Workflow(abc.ABC):
    """A job on one instance.

    :param context: of the request; an admin context after an adoption
    """

    #: Its name in the row: the method of the RPC interface.
    action: ClassVar[str]

    #: Whether it may run twice. A released task manager does not check the
    #: row, so it may run a job that was adopted already.
    repeatable: ClassVar[bool] = True

    #: Whether it does not wait for other jobs of its project.
    urgent: ClassVar[bool] = False

    #: What to do about steps that could not be undone.
    left_over: ClassVar[str] = (
        'Delete the instance, which removes what is left.'
    )

    def __init__(
        self,
        env: Environment,
        context: trove_context.TroveContext,
        instance_id: str,
    ) -> None:
        self.env = env
        self.context = context
        self.instance_id = instance_id
        #: The owner in its row, unique per workflow: two jobs of one process
        #: may supersede each other.
        self.owner = owners.unique(env.process)
        #: Whether another process started it.
        self.taken_over = False
        self.step = ''  # that runs, for logs
        self._checked = time.monotonic()
        self._cloud = env.cloud.fenced(self.check_owner)
        self._clearing = False

    @classmethod
    def of_row(
        cls,
        env: Environment,
        context: trove_context.TroveContext,
        row: workflows.Workflow,
    ) -> Workflow:
        """Return the workflow of a row, to be adopted."""
        work = cls(env, context, row.instance_id, *cls.known(env, row))
        work.taken_over = True
        return work

    @classmethod
    def known(
        cls, env: Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        """Return further constructor arguments, from the row's details."""
        return ()

    def details(self) -> dict[str, Any] | None:
        """Return the arguments of the message to store in the row.

        Secrets are sealed. None: the row has all of them anyway.
        """
        return None

    @abc.abstractmethod
    def steps(self) -> list[Step]:
        """Return the steps in their order."""

    def __str__(self) -> str:
        return f'Instance {self.instance_id}: {self.action}'

    @property
    def complete(self) -> bool:
        """Whether all arguments of the message are known."""
        return True

    def resumable(self, step: str | None) -> bool:
        """Return whether it can be resumed at a step.

        :param step: the last one that was started, None when none was
        """
        return self.complete

    def finish(self) -> bool:
        """Record the end; return False when another process owns it."""
        return self.env.database(
            tasks.end_task, self.instance_id, self.owner
        )

    def fail(self, step: Step, message: str, details: str) -> bool:
        """Record that a step failed; return False if the work is not ours.

        :param message: what failed, why, and what to do
        """
        return self.env.database(
            tasks.fail_task,
            self.instance_id,
            self.owner,
            task=step.failed,
            message=message,
            details=details,
        )

    def evidence(self) -> str:
        """Return what an undo would lose, for the fault's details."""
        return ''

    # For use by steps, and by ``fail``.

    def end_unchanged(
        self, message: str, details: str, needs: states.Task | None = None
    ) -> bool:
        """End the job with a fault: nothing was changed, see ``fail``.

        :param needs: the task that the instance has from then on
        """
        return self.env.database(
            tasks.end_unchanged,
            self.instance_id,
            self.owner,
            message=message,
            details=details,
            needs=needs,
        )

    @property
    def conf(self) -> cfg.ConfigOpts:
        return self.env.conf

    @property
    def cloud(self) -> cloud_base.Cloud:
        """The cloud, fenced: its methods check the owner first.

        :raises Superseded: from its methods, when the workflow was lost
        """
        return self._cloud

    def instance(self, instance_id: str | None = None) -> entities.Instance:
        """Return the instance, or another one, read from the database."""
        return self.env.database(
            instances.get,
            trove_context.make_admin_context(),
            instance_id or self.instance_id,
        )

    def guest(
        self, timeout: float | None = None, instance_id: str | None = None
    ) -> guest_api.API:
        """Return a client of the instance's guest agent, for one order.

        :param timeout: seconds to wait for a reply
        :param instance_id: of another instance
        :raises Superseded: the workflow was lost
        """
        self.check_owner()
        return guest_api.API(
            self.env.transport,
            instance_id or self.instance_id,
            timeout=timeout,
        )

    def record(self, **columns: Any) -> None:
        """Set columns of the instance.

        :raises Superseded: the workflow was lost
        """
        self._write(instances.update, **columns)

    def record_addresses(self, addresses: list[tuple[str, str]]) -> None:
        """Set the addresses of the instance; see :meth:`record`."""
        self._write(instances.set_addresses, addresses)

    def _write(
        self, function: Callable[..., bool], *args: Any, **kwargs: Any
    ) -> None:
        try:
            done = self.env.database(
                function, self.instance_id, *args, owner=self.owner, **kwargs
            )
        except exception.InstanceNotFound:
            done = False
        if not done:
            raise Superseded('it was adopted or cancelled')

    @property
    def clears(self) -> bool:
        return self._clearing

    def begin_clearing(self) -> bool:
        """Allow a lost workflow to remove what its last step created.

        A deletion may have run before the resource existed, and would leak
        it.

        :returns: whether the instance is deleted or being deleted; only then
            no other workflow uses the resource
        """
        self._clearing = self._is_going()
        return self._clearing

    def _is_going(self) -> bool:
        found = self.env.database(
            instances.get,
            trove_context.make_admin_context(),
            self.instance_id,
            include_deleted=True,
        )
        return found.deleted or found.task is states.Task.DELETING

    def wait(
        self, look: Callable[[], T | None], seconds: float, interval: float = 0
    ) -> T | None:
        """Poll ``look`` until it returns something true.

        :param seconds: the timeout
        :param interval: seconds between two polls at least
        :returns: the result of ``look``, None after the timeout
        :raises Superseded: the workflow was lost
        :raises StepFailed: the server has the status ERROR
        """
        wait = patience.Patience(seconds)
        shortest = self.conf.taskmanager.poll_interval
        asked = time.monotonic()
        while True:
            if found := look():
                return found
            if wait.is_over:
                return None
            wait.tell(f'{self}: {self.step}')
            if self.env.stopping.wait(wait.pause(shortest, interval)):
                raise Superseded('the task manager is being stopped')
            if time.monotonic() - self._checked >= _CHECK_INTERVAL:
                self._checked = time.monotonic()
                self.check_owner()
                if self._checked - asked >= _SERVER_INTERVAL:
                    asked = self._checked
                    self._check_server()

    def check_owner(self) -> None:
        """Check that this process owns the workflow.

        :raises Superseded: it does not
        """
        if self._clearing and self._is_going():
            return
        row = self.env.database(workflows.get_workflow, self.instance_id)
        if row is None or row.owner != self.owner:
            raise Superseded('it was adopted or cancelled')

    def _check_server(self) -> None:
        try:
            server = self.cloud.compute.get_server(
                self.context, self.instance_id
            )
        except exception.CloudError:
            # An error of the cloud is no evidence that the server is broken.
            return
        if server is not None and server.status == cloud_base.ERROR:
            raise StepFailed(
                reason='its server has the status ERROR: '
                f'{server.reason or "the cloud gives no reason"}'
            )
