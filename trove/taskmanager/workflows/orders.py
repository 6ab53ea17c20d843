# SPDX-License-Identifier: Apache-2.0
"""Orders to a guest that take long: given again when its agent dies.

The message of an order is gone with the agent that took it, so no reply will
ever come; and to wait until the time for one is over would be in vain. So
while an order is carried out the agent is asked now and then which process
it is. Orders are carried out one by one, and may be given again.
"""

from __future__ import annotations

from collections.abc import Callable
import queue
import threading
from typing import Any

from trove.common import exception
from trove.guestagent import api as guest_api
from trove.taskmanager.workflows import base

#: Seconds between two looks at the agent, and for its answer.
LOOK = 5.0

#: How often an order is given, at most.
_TIMES = 3

Order = Callable[[guest_api.API], object]


def give(workflow: base.Workflow, order: Order) -> None:
    """Have a guest carry something out, whatever becomes of its agent.

    :param order: calls one method, which may be called again
    :raises base.StepFailed: its agent dies over it again and again
    :raises base.Superseded: the work is not ours any more
    :raises trove.common.exception.TroveError: what the method raises
    """
    for _ in range(_TIMES):
        before = _process(workflow)
        done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        client = workflow.guest()
        threading.Thread(
            target=_call, args=(order, client, done), daemon=True
        ).start()
        if _wait(workflow, before, done):
            return
    raise base.StepFailed(
        reason=f'its guest agent died over it {_TIMES} times',
        remedy='Look at the log of the guest agent, then try again.',
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
    before: str | None,
    done: queue.SimpleQueue[BaseException | None],
) -> bool:
    """Wait for the reply; False when it will not come."""
    while True:
        try:
            error = done.get(timeout=LOOK)
        except queue.Empty:
            if workflow.env.stopping.is_set():
                raise base.Superseded(
                    'the task manager is being stopped'
                ) from None
            now = _process(workflow)
            if before is not None and now is not None and now != before:
                return False
            continue
        if error is not None:
            raise error
        return True


def _process(workflow: base.Workflow) -> str | None:
    """Return which process the agent is; None when it does not say."""
    client = workflow.guest(timeout=LOOK)
    try:
        if not client.can_send('get_diagnostics'):
            return None
        found: Any = client.get_diagnostics(workflow.context)
        return str(found['process'])
    except (exception.TroveError, KeyError, TypeError):
        return None
