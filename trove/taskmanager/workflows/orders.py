# SPDX-License-Identifier: Apache-2.0
"""Long orders to a guest, repeated when its agent was restarted.

The message of an order is lost with the process that received it, so the
reply never comes. So the task manager polls the guest agent for the identity
of its process while it waits, and repeats the order after a restart. A guest
agent carries out orders one by one, and they are idempotent.
"""

from __future__ import annotations

from collections.abc import Callable
import queue
import threading
from typing import Any

from trove.common import exception
from trove.guestagent import api as guest_api
from trove.taskmanager.workflows import base

#: Interval between two polls of the agent, and timeout of a poll, in seconds.
POLL_INTERVAL = 5.0

#: Maximum number of times that an order is sent.
_MAX_TRIES = 3

Order = Callable[[guest_api.API], object]


def give(
    workflow: base.Workflow, order: Order, to: str | None = None
) -> None:
    """Send an order to a guest, again when its agent was restarted.

    :param order: calls one idempotent method of the client
    :param to: another instance than that of the workflow
    :raises base.StepFailed: the agent was restarted during each try
    :raises base.Superseded: the workflow was lost
    :raises trove.common.exception.TroveError: raised by the method
    """
    for _ in range(_MAX_TRIES):
        before = _process(workflow, to)
        done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        client = workflow.guest(instance_id=to)
        threading.Thread(
            target=_call, args=(order, client, done), daemon=True
        ).start()
        if _wait(workflow, to, before, done):
            return
    raise base.StepFailed(
        reason=f'its guest agent died {_MAX_TRIES} times during it',
        remedy='Check the log of the guest agent, then try again.',
    )


def _call(
    order: Order,
    client: guest_api.API,
    done: queue.SimpleQueue[BaseException | None],
) -> None:
    try:
        order(client)
    except BaseException as error:  # noqa: BLE001
        done.put(error)
    else:
        done.put(None)


def _wait(
    workflow: base.Workflow,
    to: str | None,
    before: str | None,
    done: queue.SimpleQueue[BaseException | None],
) -> bool:
    """Wait for the reply; return False when it is lost."""
    while True:
        try:
            error = done.get(timeout=POLL_INTERVAL)
        except queue.Empty:
            if workflow.env.stopping.is_set():
                raise base.Superseded(
                    'the task manager is being stopped'
                ) from None
            now = _process(workflow, to)
            if before is not None and now is not None and now != before:
                return False
            continue
        if error is not None:
            raise error
        return True


def _process(workflow: base.Workflow, to: str | None) -> str | None:
    """Return the identity of the agent's process, None when unknown."""
    client = workflow.guest(timeout=POLL_INTERVAL, instance_id=to)
    try:
        if not client.can_send('get_diagnostics'):
            return None
        found: Any = client.get_diagnostics(workflow.context)
        return str(found['process'])
    except (exception.TroveError, KeyError, TypeError):
        return None
