# SPDX-License-Identifier: Apache-2.0
"""The runner: runs the steps of workflows, and undoes them on failure.

When a step fails, it and the steps before it are undone in reverse order. The
instance gets a fault with the step, the cause and the remedy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging

from trove.common import exception
from trove.common import masking
from trove.objects.instance import workflows
from trove.taskmanager import owner as owners
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Prefix of the step in the row while the workflow is undone.
UNDOING = 'undo: '

#: The step of a workflow that was not started.
_BEGIN = 'begin'


def run(workflow: base.Workflow) -> None:
    """Run the workflow of a new message, unless the message is stale.

    While too many of its project run, it waits without this thread. It is
    claimed before, so that nobody takes it for lost.
    """
    env = workflow.env
    env.running.add(workflow.owner)
    claimed = False
    try:
        its_lane = lane(workflow)
        claimed = _claim(workflow)
    finally:
        if not claimed:
            env.running.discard(workflow.owner)
    if claimed:
        env.lanes.run(
            its_lane,
            env.conf.taskmanager.max_jobs_per_project,
            lambda: _run(workflow),
            env.draining,
        )


def lane(workflow: base.Workflow) -> tuple[str, bool]:
    """Return in which lane of :class:`threads.Lanes` a workflow is.

    Urgent ones have lanes of their own: a deletion, for one, ends the job
    that keeps its thread.
    """
    project = ''
    # Without the instance or the database, the first step says it.
    with contextlib.suppress(exception.NotFound, base.DatabaseGone):
        project = workflow.instance().tenant_id
    return project, workflow.urgent


def _run(workflow: base.Workflow) -> None:
    try:
        execute(workflow)
    finally:
        workflow.env.running.discard(workflow.owner)


def _claim(workflow: base.Workflow) -> bool:
    try:
        claimed = workflow.env.database(
            workflows.claim_workflow,
            workflow.instance_id,
            workflow.action,
            workflow.owner,
            workflow.context.request_id,
            workflow.details(),
        )
    except base.DatabaseGone:
        LOG.error(
            'Could not start %s of instance %s: the database does not '
            'answer. Repair the database; recovery starts the job after '
            '[taskmanager] queue_timeout.',
            workflow.action,
            workflow.instance_id,
        )
        return False
    if not claimed:
        LOG.warning(
            'Ignoring stale message %(action)s for instance %(id)s (request '
            '%(request)s): the job was cancelled, superseded by a deletion, '
            'or adopted by another task manager. No action is needed.',
            {
                'action': workflow.action,
                'id': workflow.instance_id,
                'request': workflow.context.request_id,
            },
        )
    return claimed


def execute(workflow: base.Workflow, first: str | None = None) -> None:
    """Run the steps of a claimed workflow.

    It raises nothing: an error becomes a fault of the instance. When the
    retries of the database are used up, the workflow is suspended, and
    recovery resumes it.

    :param first: the step to start with, None for the first one
    """
    if first is None:
        LOG.info(
            'Instance %s: %s begins, request %s.',
            workflow.instance_id,
            workflow.action,
            workflow.context.request_id,
        )
    try:
        try:
            _steps(workflow, first)
        except base.Asleep:
            workflow.env.database(
                workflows.adopt,
                workflow.instance_id,
                workflow.owner,
                owners.ASLEEP,
            )
    except (base.Superseded, base.DatabaseGone) as reason:
        _leave(workflow, reason)


def carry_on(workflow: base.Workflow, step: str | None, reason: str) -> None:
    """Resume an adopted workflow, or undo it.

    A workflow that was being undone is undone further. At a step that is
    unknown here, as of another release, the workflow starts anew when its row
    is complete; otherwise all of its steps are undone.

    :param step: the last one that was started, None when none was
    :param reason: why it was adopted, as a clause
    """
    names = [each.name for each in workflow.steps()]
    if step is not None and step.startswith(UNDOING):
        _abandon(workflow, step.removeprefix(UNDOING), reason)
    elif step in names:
        if workflow.resumable(step):
            execute(workflow, first=step)
        else:
            _abandon(workflow, step, reason)
    elif workflow.complete:
        execute(workflow)
    else:
        _abandon(workflow, step, reason)


def _abandon(workflow: base.Workflow, step: str | None, reason: str) -> None:
    steps = workflow.steps()
    names = [each.name for each in steps]
    if step is None or step == _BEGIN:
        begun = []
        failed = dataclasses.replace(steps[0], name=_BEGIN)
    else:
        begun = steps[: names.index(step) + 1] if step in names else steps
        failed = begun[-1]
    try:
        _fail(workflow, failed, begun, base.StepFailed(reason=reason))
    except (base.Superseded, base.DatabaseGone) as why:
        _leave(workflow, why)


def _leave(workflow: base.Workflow, reason: Exception) -> None:
    if isinstance(reason, base.Superseded):
        LOG.info(
            'Stopped %s of instance %s: %s.',
            workflow.action,
            workflow.instance_id,
            reason,
        )
        return
    LOG.error(
        'Suspended %s of instance %s: %s. Repair the database; recovery then '
        'resumes the job.',
        workflow.action,
        workflow.instance_id,
        reason,
    )


def _steps(workflow: base.Workflow, first: str | None) -> None:
    begun: list[base.Step] = []
    skipping = first is not None
    for step in workflow.steps():
        if skipping and step.name != first:
            # Done by the previous owner.
            begun.append(step)
            continue
        skipping = False
        _record(workflow, step, begun)
        begun.append(step)
        # A step that sleeps is resumed at each look.
        LOG.log(
            logging.DEBUG if step.name == first else logging.INFO,
            'Instance %s: %s: %s.',
            workflow.instance_id,
            workflow.action,
            step.name,
        )
        try:
            step.do()
        except (base.Asleep, base.DatabaseGone):
            raise
        except base.Superseded:
            _clear(workflow, begun)
            raise
        except Exception as error:
            LOG.warning(
                'Instance %s: could not %s: %s. Its fault has the remedy.',
                workflow.instance_id,
                step.name,
                _reason(error),
                # Errors of Trove say the cause, so a traceback adds nothing.
                exc_info=not isinstance(error, exception.TroveError),
            )
            _fail(workflow, step, begun, error)
            return
    if not workflow.finish():
        _superseded(workflow, begun)
    LOG.info('Instance %s: %s done.', workflow.instance_id, workflow.action)


def _record(
    workflow: base.Workflow, step: base.Step, begun: list[base.Step]
) -> None:
    if workflow.env.stopping.is_set():
        raise base.Superseded('the task manager is being stopped')
    ours = workflow.env.database(
        workflows.workflow_step,
        workflow.instance_id,
        workflow.owner,
        step.name,
    )
    if not ours:
        _superseded(workflow, begun)
    workflow.step = step.name


def _superseded(workflow: base.Workflow, begun: list[base.Step]) -> None:
    _clear(workflow, begun)
    raise base.Superseded('it was adopted or cancelled')


def _clear(workflow: base.Workflow, begun: list[base.Step]) -> None:
    """Undo the last step when the instance is deleted or being deleted.

    The deletion may have run before the step created its resource, which
    would leak. Any other new owner takes over the resource.
    """
    if begun and workflow.begin_clearing():
        _undo(workflow, begun[-1:])


def _undo(workflow: base.Workflow, begun: list[base.Step]) -> list[str]:
    """Undo steps in reverse order; return those that failed."""
    problems = []
    for step in reversed(begun):
        if step.undo is None:
            continue
        LOG.info(
            'Instance %s: undoing "%s".', workflow.instance_id, step.name
        )
        try:
            step.undo()
        except base.DatabaseGone:
            raise
        except base.Superseded:
            # The row of a deleted instance is not changed any more.
            if workflow.clears:
                continue
            raise
        except Exception as error:
            LOG.exception(
                'Instance %s: could not undo "%s". %s',
                workflow.instance_id,
                step.name,
                workflow.left_over,
            )
            problems.append(f'"{step.name}" ({_reason(error)})')
    return problems


def _fail(
    workflow: base.Workflow,
    step: base.Step,
    begun: list[base.Step],
    error: Exception,
) -> None:
    # A process that adopts it from here on continues the undo.
    _record(
        workflow, dataclasses.replace(step, name=UNDOING + step.name), begun
    )
    evidence = _evidence(workflow)
    problems = _undo(workflow, begun)
    remedy = getattr(error, 'remedy', None) or step.remedy
    message = f'Could not {step.name}: {_reason(error)}.'
    if remedy not in message:
        # Some errors say it themselves.
        message = f'{message} {remedy}'
    details = [
        message,
        f'Request {workflow.context.request_id}, {workflow.action}, step '
        f'"{step.name}", {type(error).__name__}.',
    ]
    if problems:
        left = f'Not undone: {", ".join(problems)}.'
        details.append(f'{left} {workflow.left_over}')
        message = f'{message} {left}'
    elif any(each.undo for each in begun):
        details.append('All steps were undone.')
    if evidence:
        message = f'{message} Its details have the end of the console.'
        details += ['The end of the console of its server:', evidence]
    kept = workflow.fail(step, message, '\n'.join(details))
    if not kept:
        raise base.Superseded('it was adopted or cancelled')


def _evidence(workflow: base.Workflow) -> str:
    try:
        return workflow.evidence()
    except exception.TroveError as error:
        LOG.warning(
            '%s: could not read the console before the undo: %s No action is '
            'needed.',
            workflow,
            _reason(error),
        )
        return ''


def _reason(error: Exception) -> str:
    text = masking.error(error).strip().rstrip('.')
    return text or type(error).__name__
