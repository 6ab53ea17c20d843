# SPDX-License-Identifier: Apache-2.0
"""Recovery: work that no task manager does any more is not left lying.

Whoever sees it first adopts it, by compare-and-set, and either goes on with
it or ends it with a fault; so no instance stays in BUILD for ever, however
its task manager ended.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
from concurrent import futures
import logging
import time

from trove.common import context as trove_context
from trove.objects import service as services
from trove.objects.instance import tasks
from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager import owner as owners
from trove.taskmanager import watch
from trove.taskmanager import workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import runner

LOG = logging.getLogger(__name__)

BINARY = 'trove-taskmanager'


class Recovery:
    """Finds and adopts work that lies idle.

    :meth:`look` is to be called now and then; what it finds is worked on by
    a few threads.
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
        self._room = conf.executor_thread_pool_size
        self._pool = futures.ThreadPoolExecutor(
            conf.taskmanager.recovery_workers,
            thread_name_prefix='recovery',
        )

    def stop(self) -> None:
        """Begin nothing more; what is being done goes on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Wait until what was found is done; after :meth:`stop`, what runs."""
        self._pool.shutdown(wait=True)

    def look(self) -> None:
        """Look for idle work once.

        :raises ServiceUnavailable: the database does not work; nothing is
            lost, look again later
        """
        rows = instance_workflows.workflows()
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
                # One that has not reported yet, or has been forgotten.
                things.setdefault(('host', owners.host(row.owner)), None)
        self._watch.look(things)
        for row in rows:
            reason = self._idle(row, known)
            if reason is not None:
                self._adopt(row, reason)

    def release(self) -> None:
        """Leave the work of this process to others at once."""
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
        """Return why nobody does this work, None when somebody may do it."""
        if row.owner is None:
            return self._lost(row, known)
        if row.owner in self._env.running:
            return None
        if owners.is_of(row.owner, self._env.process):
            return 'the task manager could not go on with it'
        if not owners.is_dead(
            row.owner, self._env.process, self._host_is_dead
        ):
            return None
        if row.owner == owners.RELEASED:
            return 'the task manager was stopped over it'
        return f'the task manager {owners.host(row.owner)} died over it'

    def _host_is_dead(self, host: str) -> bool:
        timeout: float = self._env.conf.service_down_time
        return self._watch.unchanged(('host', host)) >= timeout

    def _lost(
        self,
        row: instance_workflows.Workflow,
        known: Mapping[str, services.Service],
    ) -> str | None:
        """Return why the message of queued work will not come any more.

        A task manager that has room is handed every message that waits. So
        one that it has not got was handed to another: to one that died with
        it, or to one that has it in line behind other work.
        """
        if len(self._env.running) >= self._room:
            return None
        conf = self._env.conf
        cls = workflows.WORKFLOWS.get(row.action)
        if cls is not None and cls.repeatable:
            # Whoever has it in line will see that it has been done.
            timeout = conf.taskmanager.queue_patience
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
            f'no task manager has begun it in {timeout} seconds, so its '
            'message was lost'
        )

    def _adopt(self, row: instance_workflows.Workflow, reason: str) -> None:
        cls = workflows.WORKFLOWS.get(row.action)
        if cls is None:
            LOG.error(
                'Nobody does %s of instance %s (%s), and this task manager '
                'does not know it. Upgrade it, or reset the status of the '
                'instance.',
                row.action,
                row.instance_id,
                reason,
            )
            return
        if row.owner is None and tasks.drop_settled(row.instance_id):
            # Task managers of releases know nothing of the row.
            LOG.info(
                'Instance %s: a task manager of a release has done %s.',
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
            # False: another task manager was first, or the work is done.
            adopted = instance_workflows.adopt(
                row.instance_id, row.owner, workflow.owner
            )
            if adopted:
                self._pool.submit(self._carry_on, workflow, row.step, reason)
        finally:
            if not adopted:
                running.discard(workflow.owner)

    def _carry_on(
        self, workflow: base.Workflow, step: str | None, reason: str
    ) -> None:
        LOG.warning(
            'Took over %s of instance %s, step "%s": %s.',
            workflow.action,
            workflow.instance_id,
            step,
            reason,
        )
        try:
            runner.carry_on(workflow, step, reason)
        except Exception:
            LOG.exception(
                'Could not take over %s of instance %s; it is tried again.',
                workflow.action,
                workflow.instance_id,
            )
        finally:
            self._env.running.discard(workflow.owner)
