# SPDX-License-Identifier: Apache-2.0
"""Workflows: lists of steps, and what the steps share.

A workflow is the work on one instance that one request asked for. It has a
row in the database as long as it is not finished: which step it is at, and
which task manager, its *owner*, runs it. Every change of that row is a
compare-and-set on the owner, so that work that was taken over by another
task manager, or overtaken by a deletion, is noticed and left alone.

Each step is idempotent: after a crash it is repeated, or undone, without
anybody knowing how far it had come. :mod:`trove.taskmanager.workflows.runner`
goes through the steps.
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
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.peers import retrying
from trove.taskmanager import owner as owners

T = TypeVar('T')

#: While something is waited for, how often to see whether the work is still
#: ours and the server still there, in seconds.
_CHECK = 1.0

#: The interval between two looks is this part of the time waited already,
#: so that looking adds little to it, and at most so many shortest intervals.
_PART = 40
_SLOWEST = 50


class Superseded(Exception):
    """The work is not ours any more: leave everything to its new owner."""


class DatabaseGone(Exception):
    """The database does not work, so nothing can be decided."""


class StepFailed(exception.TroveError):
    """A step found out by itself that it cannot succeed.

    :param reason: why, as part of a sentence
    :param remedy: what to do, instead of what the step says in general
    """

    message = '%(reason)s'


class _Running:
    """The owners whose work this process does now. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: set[str] = set()

    def __contains__(self, owner: str) -> bool:
        with self._lock:
            return owner in self._owners

    def __len__(self) -> int:
        with self._lock:
            return len(self._owners)

    def add(self, owner: str) -> None:
        with self._lock:
            self._owners.add(owner)

    def discard(self, owner: str) -> None:
        with self._lock:
            self._owners.discard(owner)


@dataclasses.dataclass(frozen=True)
class Environment:
    """What the workflows of a task manager share.

    :param process: the name of this process, with which all of its owners
        begin
    :param stopping: set when the time for a graceful stop is over: workflows
        stop where they are
    """

    conf: cfg.ConfigOpts
    transport: rpc.Transport
    cloud: cloud_base.Cloud
    process: str
    stopping: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )
    running: _Running = dataclasses.field(default_factory=_Running)

    def database(
        self, function: Callable[..., T], *args: Any, **kwargs: Any
    ) -> T:
        """Call a function of trove.objects, again while the database fails.

        :raises DatabaseGone: it went on failing
        """
        wrapped = retrying.wrap(
            function,
            self.conf.taskmanager.database_retries,
            self._worth_repeating,
        )
        try:
            return wrapped(*args, **kwargs)
        except retrying.PASSING:
            raise DatabaseGone('the database does not answer') from None

    def _worth_repeating(self, error: Exception) -> bool:
        return not self.stopping.is_set() and retrying.is_passing(error)


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a workflow.

    :param name: what it does, in the form "create the server"
    :param do: does it; may be called again when it was done or half done
    :param undo: takes it back, however far it came; may be called again
    :param remedy: what the user or the operator does when it failed
    :param failed: the task of an instance on which it failed
    """

    name: str
    do: Callable[[], object]
    remedy: str
    undo: Callable[[], object] | None = None
    failed: states.Task = states.Task.NONE


class Workflow(abc.ABC):
    """The work on one instance that one request asked for.

    :param context: of the request, or an admin's when the work was taken
        over from another task manager
    """

    #: Name of the work in its row: the method of the RPC interface.
    action: ClassVar[str]

    #: Whether it does no harm when a task manager of a release, which does
    #: not look at the row, does it too.
    repeatable: ClassVar[bool] = True

    def __init__(
        self,
        env: Environment,
        context: trove_context.TroveContext,
        instance_id: str,
    ) -> None:
        self.env = env
        self.context = context
        self.instance_id = instance_id
        #: Who does this work, in its row. Two jobs of one process differ, so
        #: that one notices when it is overtaken by the other.
        self.owner = owners.unique(env.process)
        #: Whether another task manager, or an earlier process, began it.
        self.taken_over = False
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
        """Return the work that a row describes, for who takes it over."""
        work = cls(env, context, row.instance_id, *cls.known(env, row))
        work.taken_over = True
        return work

    @classmethod
    def known(
        cls, env: Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        """Return what more it is made of, as :meth:`details` has it."""
        return ()

    def details(self) -> dict[str, Any] | None:
        """Return what the message said, for :meth:`known`.

        It holds no secret that is not sealed. None: nothing that the row
        does not say.
        """
        return None

    @abc.abstractmethod
    def steps(self) -> list[Step]:
        """Return the steps in their order."""

    @property
    def complete(self) -> bool:
        """Whether all that the message said is known."""
        return True

    def resumable(self, step: str | None) -> bool:
        """Say whether it can go on with a step.

        :param step: the last one begun, None when there was none
        """
        return self.complete

    def finish(self) -> bool:
        """Write down that all is done; False when the work is not ours."""
        return self.env.database(
            tasks.end_task, self.instance_id, self.owner
        )

    # What steps use.

    @property
    def conf(self) -> cfg.ConfigOpts:
        return self.env.conf

    @property
    def cloud(self) -> cloud_base.Cloud:
        """The cloud; it refuses to change anything in the name of another.

        :raises Superseded: from its methods
        """
        return self._cloud

    def instance(self) -> entities.Instance:
        """Return the instance as it is now."""
        return self.env.database(
            instances.get,
            trove_context.make_admin_context(),
            self.instance_id,
        )

    def guest(self, timeout: float | None = None) -> guest_api.API:
        """Return a client of the instance's guest agent, for one order.

        :raises Superseded: the work is not ours any more
        """
        self.check_owner()
        return guest_api.API(
            self.env.transport, self.instance_id, timeout=timeout
        )

    def record(self, **columns: Any) -> None:
        """Set columns of the instance.

        :raises Superseded: the work is not ours any more
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
            raise Superseded('the work was taken over or given up')

    @property
    def clears(self) -> bool:
        return self._clearing

    def begin_clearing(self) -> bool:
        """Let work that is not ours remove what it has just made.

        Who deletes an instance may have looked for it before it was there.

        :returns: whether the instance is deleted, or being deleted; only
            then nobody else uses it
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

    def wait(self, look: Callable[[], T | None], seconds: float) -> T | None:
        """Wait until ``look`` returns something else than None or False.

        :returns: what it returned, None when the time was over
        :raises Superseded: the work is not ours any more
        :raises StepFailed: the server is broken, so it is in vain
        """
        began = time.monotonic()
        shortest = self.conf.taskmanager.poll_interval
        while True:
            found = look()
            if found:
                return found
            waited = time.monotonic() - began
            if waited >= seconds:
                return None
            pause = min(
                max(shortest, waited / _PART),
                shortest * _SLOWEST,
                seconds - waited,
            )
            if self.env.stopping.wait(pause):
                raise Superseded('the task manager is being stopped')
            if time.monotonic() - self._checked >= _CHECK:
                self._checked = time.monotonic()
                self.check_owner()
                self._check_server()

    def check_owner(self) -> None:
        """Return when the work is ours.

        :raises Superseded: it is not
        """
        if self._clearing and self._is_going():
            return
        row = self.env.database(workflows.get_workflow, self.instance_id)
        if row is None or row.owner != self.owner:
            raise Superseded('the work was taken over or given up')

    def _check_server(self) -> None:
        try:
            server = self.cloud.compute.get_server(
                self.context, self.instance_id
            )
        except exception.CloudError:
            # It says nothing about the server.
            return
        if server is not None and server.status == cloud_base.ERROR:
            raise StepFailed(
                reason='its server is broken: '
                f'{server.reason or "the cloud does not say why"}'
            )
