# SPDX-License-Identifier: Apache-2.0
"""Persistent state of the agent.

It is one small file, replaced atomically. The decisions are pure functions of
the state and of what is observed.
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

# Statuses in heartbeats. Conductors of all releases know them, except
# "healthy", which was added in release 13.
STATUS_NEW: Final = 'new'
STATUS_BUILDING: Final = 'building'
STATUS_FAILED: Final = 'failed to spawn'
STATUS_HEALTHY: Final = 'healthy'
STATUS_RUNNING: Final = 'running'
STATUS_SHUTDOWN: Final = 'shutdown'
STATUS_CRASHED: Final = 'crashed'

#: Seconds in which crashes are counted together.
CRASH_WINDOW: Final = 300.0
_MAX_DELAY: Final = 60.0
#: So many of them are told, though the server runs again after each.
_CRASH_LOOP: Final = 3


@dataclasses.dataclass(frozen=True)
class State:
    """Actual and wanted state of the database.

    :param phase: ``new``, ``building``, ``ready`` or ``failed``
    :param wanted: whether the server shall run, once the phase is ready
    :param stopped_in: the boot id when it was stopped, if the next boot
        shall start it again
    :param taken_back: why it was started with former settings, until an
        order starts it again
    """

    phase: str = NEW
    wanted: bool = True
    stopped_in: str | None = None
    taken_back: str = ''


def load(path: pathlib.Path) -> State:
    """Read what :func:`save` wrote; return a new state without a file."""
    values = files.read_json(path)
    names = {field.name for field in dataclasses.fields(State)}
    return State(**{k: v for k, v in values.items() if k in names})


def save(path: pathlib.Path, state: State) -> None:
    files.write_json(path, dataclasses.asdict(state))


def boot_id() -> str:
    """Return the id of this boot of the machine."""
    return pathlib.Path('/proc/sys/kernel/random/boot_id').read_text().strip()


def after_start(state: State, boot: str) -> State:
    """Return the state for an agent that has just started.

    :param boot: id of this boot of the machine
    """
    if state.phase == BUILDING:
        # The order to prepare was lost with the former agent.
        return dataclasses.replace(state, phase=FAILED)
    if not state.wanted and state.stopped_in not in (None, boot):
        return dataclasses.replace(state, wanted=True, stopped_in=None)
    return state


def stopped(state: State, boot: str, start_on_reboot: bool) -> State:
    """Return the state after an order to stop."""
    return dataclasses.replace(
        state, wanted=False, stopped_in=boot if start_on_reboot else None
    )


def describe(state: State, alive: bool, answers: bool, crashed: bool) -> str:
    """Return the status to report.

    :param alive: whether the server's process is running
    :param answers: whether it answers queries
    :param crashed: whether it has crashed and not recovered yet
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


def delay_before_start(failures: Sequence[float], now: float) -> float:
    """Return the seconds to wait before the next start of the server.

    None after the first failure, then backing off, so that a server that
    cannot start does not use up the processor.

    :param failures: times of crashes and failed starts
    """
    counted = _recent(failures, now)
    if len(counted) < 2:
        return 0.0
    delay = min(_MAX_DELAY, 2.0 ** (len(counted) - 2))
    return max(0.0, counted[-1] + delay - now)


def crash_loop(crashes: Sequence[float], now: float) -> str:
    """Return what is reported of a server that crashes repeatedly, else ''.

    :param crashes: times of crashes, without failed starts
    """
    if len(_recent(crashes, now)) < _CRASH_LOOP:
        return ''
    return (
        f'The database has crashed at least {_CRASH_LOOP} times within '
        f'{CRASH_WINDOW / 60:.0f} minutes, and was started again each time. '
        'See its log for the cause, and the log of the kernel for whether '
        'memory ran out.'
    )


def count(times: list[float], now: float) -> None:
    """Add this time to those that are counted together."""
    times[:] = [*_recent(times, now), now]


def _recent(times: Sequence[float], now: float) -> list[float]:
    return [each for each in times if now - each < CRASH_WINDOW]
