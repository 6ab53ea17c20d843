# SPDX-License-Identifier: Apache-2.0
"""What the agent must still know after it was killed.

Kept as one small file, written at once. The decisions are pure functions of
it and of what is observed.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Final

from trove.guestagent.datastores import files

#: Phases of the database.
NEW: Final = 'new'
BUILDING: Final = 'building'
READY: Final = 'ready'
FAILED: Final = 'failed'

# The words of the statuses that a guest reports. Conductors of all releases
# know them, but "healthy" only those since release 13.
STATUS_NEW: Final = 'new'
STATUS_BUILDING: Final = 'building'
STATUS_FAILED: Final = 'failed to spawn'
STATUS_HEALTHY: Final = 'healthy'
STATUS_RUNNING: Final = 'running'
STATUS_SHUTDOWN: Final = 'shutdown'
STATUS_CRASHED: Final = 'crashed'

#: Seconds in which crashes count together.
CRASH_WINDOW: Final = 300.0
_LONGEST_PAUSE: Final = 60.0


@dataclasses.dataclass(frozen=True)
class State:
    """What the database is, and is meant to be.

    :param phase: ``new``, ``building``, ``ready`` or ``failed``
    :param wanted: whether it is meant to run, once it is ready
    :param stopped_in: the boot of the machine in which it was stopped, if
        the next one shall start it again
    """

    phase: str = NEW
    wanted: bool = True
    stopped_in: str | None = None


def load(path: pathlib.Path) -> State:
    """Read what :func:`save` wrote; a new state if there is nothing."""
    values = files.read_json(path)
    names = {field.name for field in dataclasses.fields(State)}
    return State(**{k: v for k, v in values.items() if k in names})


def save(path: pathlib.Path, state: State) -> None:
    files.write_json(path, dataclasses.asdict(state))


def boot_id() -> str:
    """Name of this boot of the machine."""
    return pathlib.Path('/proc/sys/kernel/random/boot_id').read_text().strip()


def after_start(state: State, boot: str) -> State:
    """What the state means to an agent that has just started.

    :param boot: name of this boot of the machine
    """
    if state.phase == BUILDING:
        # The order was taken from the queue and is gone with the agent.
        return dataclasses.replace(state, phase=FAILED)
    if not state.wanted and state.stopped_in not in (None, boot):
        return dataclasses.replace(state, wanted=True, stopped_in=None)
    return state


def stopped(state: State, boot: str, start_on_reboot: bool) -> State:
    """The state after an order to stop."""
    return dataclasses.replace(
        state, wanted=False, stopped_in=boot if start_on_reboot else None
    )


def describe(state: State, alive: bool, answers: bool, crashed: bool) -> str:
    """The status to report.

    :param alive: whether the server's process runs
    :param answers: whether it answers queries
    :param crashed: whether it ended by itself and is not up again
    """
    if state.phase != READY:
        return {
            NEW: STATUS_NEW,
            BUILDING: STATUS_BUILDING,
            FAILED: STATUS_FAILED,
        }[state.phase]
    if alive:
        return STATUS_HEALTHY if answers else STATUS_RUNNING
    if state.wanted and crashed:
        return STATUS_CRASHED
    return STATUS_SHUTDOWN


def pause_before_start(failures: Sequence[float], now: float) -> float:
    """Seconds to wait before the server is started again.

    The first time in a while at once, then longer and longer, so that a
    server that cannot come up does not wear out the machine.

    :param failures: when it ended by itself or did not come up
    """
    recent = [moment for moment in failures if now - moment < CRASH_WINDOW]
    if len(recent) < 2:
        return 0.0
    pause = min(_LONGEST_PAUSE, 2.0 ** (len(recent) - 2))
    return max(0.0, recent[-1] + pause - now)
