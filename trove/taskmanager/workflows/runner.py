# SPDX-License-Identifier: Apache-2.0
"""The runner: goes through the steps of workflows, and back when one fails.

When a step fails, it and those before it are undone, the last one first, and
the instance gets a fault that says which step failed, why, and what to do.
"""

from __future__ import annotations

import dataclasses
import logging

from trove.common import exception
from trove.common import masking
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: What the row says before the step while its failure is cleaned up.
UNDOING = 'undo: '

#: Stands for the first step of work that nobody has begun.
_BEGIN = 'begin'


def run(workflow: base.Workflow) -> None:
    """Do the work of a message that just came, unless it is not current."""
    running = workflow.env.running
    running.add(workflow.owner)
    try:
        if _claim(workflow):
            execute(workflow)
    finally:
        running.discard(workflow.owner)


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
            'Could not begin %s of instance %s, because the database does '
            'not answer. Repair the database; the work is begun after '
            '[taskmanager] queue_timeout.',
            workflow.action,
            workflow.instance_id,
        )
        return False
    if not claimed:
        LOG.warning(
            'Left the message %(action)s for instance %(id)s (request '
            '%(request)s) alone: the work is not current. It was given up, '
            'overtaken by a deletion, or is done by another task manager. '
            'Nothing needs to be done.',
            {
                'action': workflow.action,
                'id': workflow.instance_id,
                'request': workflow.context.request_id,
            },
        )
    return claimed


def execute(workflow: base.Workflow, first: str | None = None) -> None:
    """Go through the steps of claimed work.

    It raises nothing: what fails becomes a fault of the instance. When the
    database fails for longer than it is retried, the work is left as it is,
    and found again by the recovery.

    :param first: the step to begin with instead of the first one
    """
    try:
        _steps(workflow, first)
    except (base.Superseded, base.DatabaseGone) as reason:
        _leave(workflow, reason)


def carry_on(workflow: base.Workflow, step: str | None, reason: str) -> None:
    """Go on with work that was taken over, or undo it.

    What was being undone goes on being undone. Of a step that is not known
    here, in another release perhaps, nothing is supposed: work that its row
    describes is begun again, other work is undone from its last step.

    :param step: the last one begun, None when there was none
    :param reason: why it was taken over, as a sentence
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
        'Left %s of instance %s where it is: %s. Repair the database; a task '
        'manager goes on with the work by itself.',
        workflow.action,
        workflow.instance_id,
        reason,
    )


def _steps(workflow: base.Workflow, first: str | None) -> None:
    begun: list[base.Step] = []
    skipping = first is not None
    for step in workflow.steps():
        if skipping and step.name != first:
            # Done by the task manager that had the work before.
            begun.append(step)
            continue
        skipping = False
        _record(workflow, step, begun)
        begun.append(step)
        LOG.debug('Instance %s: %s.', workflow.instance_id, step.name)
        try:
            step.do()
        except base.DatabaseGone:
            raise
        except base.Superseded:
            _clear(workflow, begun)
            raise
        except Exception as error:
            LOG.warning(
                'Instance %s: could not %s: %s. Its fault says what to do.',
                workflow.instance_id,
                step.name,
                _reason(error),
                # What we raise ourselves says all there is to say.
                exc_info=not isinstance(error, exception.TroveError),
            )
            _fail(workflow, step, begun, error)
            return
    if not workflow.finish():
        _overtaken(workflow, begun)
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
        _overtaken(workflow, begun)


def _overtaken(workflow: base.Workflow, begun: list[base.Step]) -> None:
    _clear(workflow, begun)
    raise base.Superseded('the work was taken over or given up')


def _clear(workflow: base.Workflow, begun: list[base.Step]) -> None:
    """Remove what the last step has made of an instance that goes.

    Whoever deletes it may have looked before the step was through, so that
    it would stay for ever. Who does anything else takes it as it is.
    """
    if begun and workflow.begin_clearing():
        _undo(workflow, begun[-1:])


def _undo(workflow: base.Workflow, begun: list[base.Step]) -> list[str]:
    """Undo steps, the last one first; return what did not work."""
    problems = []
    for step in reversed(begun):
        if step.undo is None:
            continue
        try:
            step.undo()
        except base.DatabaseGone:
            raise
        except base.Superseded:
            # The columns of what is gone stay as they are.
            if workflow.clears:
                continue
            raise
        except Exception as error:
            LOG.exception(
                'Instance %s: could not undo "%s". Delete the instance, or '
                'see to what is left of it by hand.',
                workflow.instance_id,
                step.name,
            )
            problems.append(f'"{step.name}" ({_reason(error)})')
    return problems


def _fail(
    workflow: base.Workflow,
    step: base.Step,
    begun: list[base.Step],
    error: Exception,
) -> None:
    # Whoever takes over from here goes on cleaning up.
    _record(
        workflow, dataclasses.replace(step, name=UNDOING + step.name), begun
    )
    problems = _undo(workflow, begun)
    remedy = getattr(error, 'remedy', None) or step.remedy
    message = f'Could not {step.name}: {_reason(error)}. {remedy}'
    details = [
        message,
        f'Request {workflow.context.request_id}, {workflow.action}, step '
        f'"{step.name}", {type(error).__name__}.',
    ]
    if problems:
        left = f'Not undone: {", ".join(problems)}.'
        details.append(
            f'{left} Delete the instance, which removes what is left.'
        )
        message = f'{message} {left}'
    elif any(each.undo for each in begun):
        details.append('What the steps had made was removed again.')
    kept = workflow.env.database(
        tasks.fail_task,
        workflow.instance_id,
        workflow.owner,
        task=step.failed,
        message=message,
        details='\n'.join(details),
    )
    if not kept:
        raise base.Superseded('the work was taken over or given up')


def _reason(error: Exception) -> str:
    text = masking.error(error).strip().rstrip('.')
    return text or type(error).__name__
