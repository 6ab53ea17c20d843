# SPDX-License-Identifier: Apache-2.0
"""Has guests replace their agents, a wave after the other.

It keeps nothing: each guest knows which agent it runs and whether the last
order failed. So a roll-out that was interrupted goes on when it is begun
again, and an order that is under way is joined.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import time
from typing import Any
from typing import Protocol

from trove.common import context as trove_context
from trove.common import exception

#: Seconds between two looks at the guests of a wave.
_INTERVAL = 1.0

#: Seconds that a guest has to end what it does, and to install a package.
INSTALL_TIMEOUT = 900


class Guest(Protocol):
    """The client of a guest agent, as far as it is used here."""

    def get_agent(self, context: trove_context.TroveContext) -> dict[str, Any]:
        """See :class:`trove.guestagent.api.agents.Agents`."""

    def upgrade_agent(
        self,
        context: trove_context.TroveContext,
        package: dict[str, Any] | None,
    ) -> dict[str, Any]:
        """See :class:`trove.guestagent.api.agents.Agents`."""


@dataclasses.dataclass(frozen=True)
class Agent:
    """What a guest says of its agent.

    See :meth:`trove.guestagent.api.agents.Agents.get_agent`.
    """

    state: str
    package: str
    previous: str | None = None
    release: str | None = None
    doing: str | None = None
    failed: str | None = None
    reason: str | None = None


def read(told: Any) -> Agent:
    """Return what a guest has answered; somebody else may have its agent.

    :raises trove.common.exception.PeerError: it is malformed
    """
    values = told if isinstance(told, dict) else {}
    known = {
        field.name: values[field.name]
        for field in dataclasses.fields(Agent)
        if values.get(field.name) is not None
    }
    if not {'state', 'package'} <= known.keys() or not all(
        isinstance(value, str) for value in known.values()
    ):
        raise exception.PeerError(
            'The guest agent has answered something else than which package '
            'it runs. Look at its log and its server, then rebuild the '
            'instance.'
        )
    return Agent(**known)


@dataclasses.dataclass(frozen=True)
class Waves:
    """How many guests at a time.

    :param canaries: in the first wave
    :param size: of the others
    :param pause: seconds after each wave but the last
    :param timeout: seconds that a wave may take
    :param failures: how many guests may fail, but no canary
    """

    canaries: int
    size: int
    pause: float
    timeout: float
    failures: int = 0

    def split(self, names: Sequence[str]) -> Iterator[Sequence[str]]:
        yield names[: self.canaries]
        for first in range(self.canaries, len(names), self.size):
            yield names[first : first + self.size]


@dataclasses.dataclass
class Result:
    """What became of the guests.

    :param done: they run what they are to run, for whatever time
    :param ordered: those of them that have replaced their agents now
    :param failed: the reasons by name
    :param left: nothing was ordered
    :param stopped: a canary has failed, or more guests than may
    """

    done: list[str] = dataclasses.field(default_factory=list)
    ordered: list[str] = dataclasses.field(default_factory=list)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)
    left: list[str] = dataclasses.field(default_factory=list)
    stopped: bool = False


class RollOut:
    """One order to many guests.

    :param guest: returns the client of an instance
    :param package: of the order; None: go back
    :param reached: returns whether a guest that runs this package is done
    :param say: is told the progress
    """

    def __init__(
        self,
        guest: Callable[[str], Guest],
        package: dict[str, Any] | None,
        reached: Callable[[str], bool],
        waves: Waves,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guest = guest
        self._package = package
        self._reached = reached
        self._waves = waves
        self._say = say
        self._sleep = sleep
        self._clock = clock
        self._context = trove_context.make_admin_context()
        self._ordered: set[str] = set()

    def run(self, names: Sequence[str]) -> Result:
        """Replace the agents; begin no wave when too many have failed.

        Those that are likely to fail come last, so that they stop nothing.
        """
        result = Result()
        waves = list(filter(None, self._waves.split(self._sorted(names))))
        for number, wave in enumerate(waves, 1):
            if result.stopped:
                result.left += wave
                continue
            if number > 1 and self._waves.pause:
                self._say(f'Pausing for {self._waves.pause:g} s.')
                self._sleep(self._waves.pause)
            self._say(f'Wave {number} of {len(waves)}: {len(wave)} guests.')
            self._wave(wave, result, len(names))
            most = self._waves.failures if number > 1 else 0
            result.stopped = len(result.failed) > most
        return result

    def _sorted(self, names: Sequence[str]) -> Sequence[str]:
        """Return the guests, last those that cannot or could not do it."""
        if self._package is None:
            return names
        digest = self._package['sha256']
        doubtful: dict[str, None] = {}
        for name in names:
            try:
                agent = read(self._guest(name).get_agent(self._context))
            except exception.TroveError:
                doubtful[name] = None
                continue
            if agent.failed == digest and not self._reached(agent.package):
                doubtful[name] = None
        if doubtful:
            self._say(
                f'Last come {len(doubtful)} guests that failed before or do '
                f'not answer: {", ".join(doubtful)}.'
            )
        return [*(each for each in names if each not in doubtful), *doubtful]

    def _wave(
        self, wave: Sequence[str], result: Result, total: int
    ) -> None:
        pending = dict.fromkeys(wave, 'it was not asked')
        deadline = self._clock() + self._waves.timeout
        while True:
            for name in list(pending):
                said = self._look(name, result)
                if said is not None:
                    pending[name] = said
                    continue
                del pending[name]
                place = len(result.done) + len(result.failed)
                what = result.failed.get(name, 'runs it')
                self._say(f'[{place}/{total}] {name}: {what}')
            if not pending:
                return
            if self._clock() >= deadline:
                break
            self._sleep(_INTERVAL)
        for name, last in pending.items():
            reason = f'not done within {self._waves.timeout:g} s: {last}'
            result.failed[name] = reason
            self._say(f'{name}: {reason}')

    def _look(self, name: str, result: Result) -> str | None:
        """Ask a guest, and order what is to be ordered.

        :returns: what it does; None when it has ended
        """
        guest = self._guest(name)
        try:
            agent = read(guest.get_agent(self._context))
            waits = self._judge(name, agent, result)
            if waits is None or name in self._ordered or agent.doing:
                return waits
            agent = read(guest.upgrade_agent(self._context, self._package))
            self._ordered.add(name)
            return self._judge(name, agent, result)
        except (exception.PeerTimeout, exception.ServiceUnavailable) as error:
            # It is just being started again, or the broker is.
            return str(error)
        except exception.TroveError as error:
            result.failed[name] = str(error)
            return None

    def _judge(
        self, name: str, agent: Agent, result: Result
    ) -> str | None:
        """Return what an agent does, None when it has ended."""
        if agent.state != 'running':
            # Begun by this order, or by one before it.
            self._ordered.add(name)
            return f'its state is {agent.state}'
        if self._reached(agent.package):
            result.done.append(name)
            if name in self._ordered:
                result.ordered.append(name)
            return None
        if name in self._ordered and agent.failed is not None:
            result.failed[name] = agent.reason or 'it does not say why'
            return None
        return agent.doing or 'it has begun nothing'
