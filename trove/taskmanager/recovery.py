# SPDX-License-Identifier: Apache-2.0
"""Recovery of workflows whose task manager died or never got the message.

The first task manager that finds one adopts it by compare-and-set. It
resumes the workflow or ends it with a fault, so no instance stays in BUILD
for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Hashable
from collections.abc import Mapping
from concurrent import futures
import logging
import time

from trove.common import context as trove_context
from trove.common import exception
from trove.objects import service as services
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager import owner as owners
from trove.taskmanager import sweeps
from trove.taskmanager import threads
from trove.taskmanager import watch
from trove.taskmanager import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import delete
from trove.taskmanager.workflows import runner

LOG = logging.getLogger(__name__)

BINARY = 'trove-taskmanager'

#: The reason for a look at work that waits for something.
_AWAKE = 'it is time to look again'

_FAILED = 'its last attempt failed, as the fault of the instance says'

#: The longest delay between two attempts of a deletion, in units of
#: ``delete_retry_interval``.
_MAX_DELAY_FACTOR = 12


class Recovery:
    """Finds and adopts idle workflows.

    :meth:`look` is called periodically; ``recovery_workers`` threads run
    what it finds.
    """

    def __init__(
        self,
        env: base.Environment,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        conf = env.conf
        self._env = env
        self._watch = watch.Watch(
            max(conf.service_down_time / 2, 3 * conf.service_report_interval),
            clock,
        )
        #: When each deletion that fails last began, and how many did.
        self._attempts: dict[str, tuple[object, int]] = {}
        self._room = conf.executor_thread_pool_size
        #: Threads are fewer here, so each project has fewer of them.
        self._lanes = threads.Lanes()
        self._most = max(1, conf.taskmanager.recovery_workers // 2)
        self._pool = futures.ThreadPoolExecutor(
            conf.taskmanager.recovery_workers,
            thread_name_prefix='recovery',
        )

    def stop(self) -> None:
        """Start nothing more; running workflows continue."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Wait for all found workflows; after :meth:`stop`, running ones."""
        self._pool.shutdown(wait=True)

    def look(self) -> None:
        """Look for idle workflows once.

        :raises ServiceUnavailable: the database does not work; the next look
            finds them
        """
        rows = instance_workflows.workflows()
        failed = tasks.failed_deletions()
        known = {
            service.host: service
            for service in services.list_()
            if service.binary == BINARY
        }
        things: dict[Hashable, object] = {
            ('host', host): service.last_report
            for host, service in known.items()
        }
        for row in rows:
            if row.owner is None:
                things[row.instance_id] = row.updated
            else:
                # Not registered: it has not reported yet, or its row was
                # removed.
                things.setdefault(('host', owners.host(row.owner)), None)
        for instance_id, began in failed.items():
            things['deletion', instance_id] = began
        self._count(failed, {row.instance_id for row in rows})
        self._watch.look(things)
        sweeps.each(
            failed,
            self._delete_again,
            lambda each: f'delete instance {each} again',
            stopping=self._env.draining,
        )
        sweeps.each(
            rows,
            lambda row: self._try(row, known),
            lambda row: f'adopt {row.action} of instance {row.instance_id}',
            stopping=self._env.draining,
        )

    def _try(
        self,
        row: instance_workflows.Workflow,
        known: Mapping[str, services.Service],
    ) -> None:
        reason = self._idle(row, known)
        if reason is not None:
            self._adopt(row, reason)

    def _count(
        self, failed: Mapping[str, object], running: Collection[str]
    ) -> None:
        """Count the attempts of deletions, whoever made them."""
        for instance_id in [*self._attempts]:
            if instance_id not in failed and instance_id not in running:
                del self._attempts[instance_id]
        for instance_id, began in failed.items():
            before, number = self._attempts.get(instance_id, (None, 0))
            if number == 0 or began != before:
                self._attempts[instance_id] = began, number + 1

    def _delete_again(self, instance_id: str) -> None:
        """Repeat a deletion that failed, backing off.

        It is never given up: what is left costs money.
        """
        interval = self._env.conf.taskmanager.delete_retry_interval
        unchanged = self._watch.unchanged(('deletion', instance_id))
        _, number = self._attempts[instance_id]
        factor = min(2 ** (number - 1), _MAX_DELAY_FACTOR)
        if not interval or unchanged < interval * factor:
            return
        try:
            tasks.begin_task(
                trove_context.make_admin_context(),
                instance_id,
                states.Task.DELETING,
                action=delete.Delete.action,
            )
        except exception.InstanceNotFound:
            return
        row = instance_workflows.get_workflow(instance_id)
        # It has an owner when another task manager was faster.
        if row is not None and row.owner is None:
            self._adopt(row, _FAILED)

    def release(self) -> None:
        """Release the workflows of this process, for others to adopt."""
        for row in instance_workflows.workflows():
            if row.owner and owners.is_of(row.owner, self._env.process):
                instance_workflows.adopt(
                    row.instance_id, row.owner, owners.RELEASED
                )

    def _idle(
        self,
        row: instance_workflows.Workflow,
        known: Mapping[str, services.Service],
    ) -> str | None:
        """Return why the workflow is idle, None when its owner may run it."""
        if row.owner is None:
            return self._lost(row, known)
        if row.owner in self._env.running:
            return None
        if owners.is_of(row.owner, self._env.process):
            return 'the task manager could not resume it'
        if not owners.is_dead(
            row.owner, self._env.process, self._host_is_dead
        ):
            return None
        if row.owner == owners.ASLEEP:
            return _AWAKE
        if row.owner == owners.RELEASED:
            return 'its task manager was stopped'
        return f'its task manager {owners.host(row.owner)} died'

    def _host_is_dead(self, host: str) -> bool:
        timeout: float = self._env.conf.service_down_time
        return self._watch.unchanged(('host', host)) >= timeout

    def _lost(
        self,
        row: instance_workflows.Workflow,
        known: Mapping[str, services.Service],
    ) -> str | None:
        """Return why the message of queued work is lost, None when it is not.

        The broker delivers every queued message to a task manager with free
        capacity. So a message that did not arrive here was delivered to
        another one, which died with it or has it queued behind other work.
        """
        waiting = self._env.lanes.waiting + self._lanes.waiting
        if len(self._env.running) - waiting >= self._room:
            return None
        conf = self._env.conf
        cls = workflows.of_row(row)
        if cls is not None and cls.repeatable:
            # A task manager that has it queued finds the row claimed.
            timeout = conf.taskmanager.repeatable_queue_timeout
        elif any(
            host != conf.host
            and service.started_at <= row.updated
            and not self._host_is_dead(host)
            for host, service in known.items()
        ):
            timeout = conf.usage_timeout
        else:
            timeout = conf.taskmanager.queue_timeout
        if self._watch.unchanged(row.instance_id) < timeout:
            return None
        return (
            f'no task manager started it within {timeout} seconds, so its '
            'message was lost'
        )

    def _adopt(self, row: instance_workflows.Workflow, reason: str) -> None:
        cls = workflows.of_row(row)
        if cls is None:
            LOG.error(
                'Idle job %s of instance %s (%s) is unknown to this task '
                'manager. Upgrade it, or reset the status of the instance.',
                row.action,
                row.instance_id,
                reason,
            )
            return
        if row.owner is None and tasks.drop_settled(row.instance_id):
            # Released task managers do not update the row.
            LOG.info(
                'Instance %s: a released task manager completed %s.',
                row.instance_id,
                row.action,
            )
            return
        context = trove_context.make_admin_context(request_id=row.request_id)
        workflow = cls.of_row(self._env, context, row)
        running = self._env.running
        running.add(workflow.owner)
        adopted = False
        try:
            lane = runner.lane(workflow)
            # False: another task manager adopted or completed it.
            adopted = instance_workflows.adopt(
                row.instance_id, row.owner, workflow.owner
            )
            if adopted:
                self._pool.submit(
                    self._lanes.run,
                    lane,
                    self._most,
                    lambda: self._carry_on(workflow, row.step, reason),
                    self._env.draining,
                )
        finally:
            if not adopted:
                running.discard(workflow.owner)

    def _carry_on(
        self, workflow: base.Workflow, step: str | None, reason: str
    ) -> None:
        LOG.log(
            logging.DEBUG if reason is _AWAKE else logging.WARNING,
            'Adopted %s of instance %s at step "%s": %s.',
            workflow.action,
            workflow.instance_id,
            step,
            reason,
        )
        try:
            runner.carry_on(workflow, step, reason)
        except Exception:
            LOG.exception(
                'Could not resume %s of instance %s. It is retried at the '
                'next look for idle workflows.',
                workflow.action,
                workflow.instance_id,
            )
        finally:
            self._env.running.discard(workflow.owner)
