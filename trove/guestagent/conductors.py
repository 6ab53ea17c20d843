# SPDX-License-Identifier: Apache-2.0
"""What the conductors take, as the guest finds out by itself.

All conductors listen on one topic and any of them may answer. Ours know of
each other and answer for the oldest of ours; a released one among them knows
of nobody and refuses the question. So one refusal lowers what they are sent
at once, for all of them and until none was seen for a while; to raise it
takes several answers in a row.

The question costs a conductor no access to the database. It is asked every
30 seconds or so with the defaults, a third as often as heartbeats come, and
at another time by each guest: 10,000 of them ask 333 times in a second, of
all conductors together. A conductor that is rolled back, alone, is so
noticed before its guests count as silent (``agent_heartbeat_expiry``).

A refusal is in the clear, and may be of anybody. Once all conductors have
said, sealed, that they know seals, it counts for nothing until one of ours
says, sealed, that there are others, or that an operator permits it; see
:mod:`trove.common.belief`.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import random
import threading
import time
from typing import Final

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.common import seldom
from trove.common import service
from trove.conductor import api as conductor

LOG = logging.getLogger(__name__)

#: Asks any of the conductors; raises PeerTooOld when it does not know the
#: question, and another TroveError when there is no answer.
Ask = Callable[[], str]

#: Told whether all conductors know seals, and whether an operator permits
#: the form of released Trove all the same.
Heard = Callable[[bool, bool], None]

#: How long after a refusal a conductor that refuses is taken to be there
#: still, in units of ``refresh_interval``.
_HOLD: Final = 18
#: Answers in a row that it takes to raise what is sent.
_AGREE: Final = 3
#: Seconds for which an answer is sure enough for what must not be lost.
_FRESH: Final = 1.0
#: Seconds that a question under way may hold up the end of the agent.
_STOP_TIMEOUT: Final = 1.0


class Conductors:
    """Keeps asking, and remembers the answer.

    :param changed: called when it has become another; must not wait
    :param proven: says whether a refusal in the clear counts for nothing
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        ask: Ask,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        proven: Callable[[], bool] = lambda: False,
    ) -> None:
        self._conf = conf
        self._proven = proven
        self._ask = ask
        self._changed = changed
        self._clock = clock
        self._turn = threading.Lock()
        self._stopped = False
        self._speaks: rpc.Revision | None = None
        self._asked: float | None = None
        self._refused: float | None = None
        self._silent = False
        self._periodic = service.Periodic(
            self.look, self._interval, 'conductors'
        )

    def start(self) -> None:
        self._periodic.start()

    def wake(self) -> None:
        """Ask now rather than when it is time to."""
        self._periodic.wake()

    def stop(self) -> None:
        """Ask no more; a question under way is not waited for long."""
        self._stopped = True
        waiter = threading.Thread(target=self._periodic.stop, daemon=True)
        waiter.start()
        waiter.join(_STOP_TIMEOUT)

    def speaks(self, peer: str | None = None) -> str | None:
        """The revision that all of them understand, None before they answer.

        Waits for nothing.
        """
        speaks = self._speaks
        if speaks is None and self._refused is not None:
            # They do not know the question: they are of before it.
            return conductor.API.interface.floor.name
        return None if speaks is None else speaks.name

    def confirm(self) -> None:
        """Ask anew before something is sent that must not be lost.

        What is sent in the words of the floor is understood in any case.
        """
        asked = self._asked
        if self._speaks is None or asked is None:
            return
        if self._clock() - asked > _FRESH:
            self.look()

    def look(self) -> bool:
        """Ask; return whether there was an answer."""
        with self._turn:
            before = self._speaks
            answered = self._look()
            if answered:
                self._asked = self._clock()
            after = self._speaks
        if before != after:
            interface = conductor.API.interface
            LOG.info(
                'The conductors are sent version %s of their interface from '
                'now on, and no longer %s.',
                after or interface.floor,
                before or interface.floor,
            )
            self._changed()
        return answered

    def _look(self) -> bool:
        lowest, doubted = None, False
        for _ in range(_AGREE):
            try:
                found = _revision(self._ask())
            except exception.PeerTooOld as error:
                if self._proven():
                    # One of ours, which may be the next, says if it is true.
                    self._note_doubt(error)
                    doubted = True
                    continue
                self._note_silence(None)
                self._note_refusal()
                self._refused, self._speaks = self._clock(), None
                return True
            except (exception.TroveError, ValueError) as error:
                self._note_silence(error)
                return False
            except Exception:
                # The connection may be closed under it.
                if self._stopped:
                    return False
                raise
            self._note_silence(None)
            if self._held():
                return True
            if self._speaks is not None and found <= self._speaks:
                self._speaks = found
                return True
            lowest = found if lowest is None else min(lowest, found)
        if doubted:
            return False
        self._speaks = lowest
        return True

    def _note_refusal(self) -> None:
        """Tell, once for as long as one of them is seen."""
        if not self._held():
            LOG.warning(
                'There is a conductor that does not know the question what '
                'it takes: of a released Trove, or older than this agent. '
                'Until none is left, all conductors are sent version %s, '
                'whose encryption does not prove where a message comes from. '
                'Upgrade it, or find out who else answers for conductors.',
                conductor.API.interface.floor,
            )

    def _note_doubt(self, error: Exception) -> None:
        seldom.warning(
            LOG,
            'conductors',
            'Somebody refuses, in the clear, the question what conductors '
            'take, which all of them are known to answer (%s). It is not '
            'believed. If one was rolled back to a release, permit that with '
            '"trove-rpc sealing allow conductor --reason WHY", for it drops '
            'what is sealed; if not, find out who has access to the message '
            'broker.',
            error,
        )

    def _held(self) -> bool:
        if self._refused is None:
            return False
        hold: int = _HOLD * self._conf.upgrade_levels.refresh_interval
        return self._clock() - self._refused < hold

    def _interval(self) -> float:
        seconds: int = self._conf.upgrade_levels.refresh_interval
        # Not for secrets: only that guests ask at different times.
        jitter = conductor.ASKED_JITTER
        part = random.uniform(1 - jitter, 1 + jitter)
        return conductor.ASKED_EVERY * seconds * part

    def _note_silence(self, error: Exception | None) -> None:
        silent = error is not None
        if silent and not self._silent and not self._stopped:
            LOG.warning(
                'No conductor said which version of its interface it takes '
                '(%s). Check that a conductor runs; until one answers, they '
                'are sent version %s.',
                error,
                self._speaks or conductor.API.interface.floor,
            )
        self._silent = silent


def asking(
    conf: cfg.ConfigOpts,
    transport: rpc.Transport,
    heard: Heard = lambda seals, held: None,
) -> Ask:
    """Make what asks the conductors.

    :param transport: of its own for this purpose, since what it believes of
        the conductors is that they know the question
    :param heard: told of each answer; where there are keys it was sealed
    """
    client = conductor.API(transport, timeout=conf.probe_timeout)
    # The guest's own: it is no administrator.
    context = trove_context.TroveContext(
        project_id=conf.tenant_id, overwrite=False
    )

    def ask() -> str:
        # It may have been refused before, which says nothing about now.
        transport.refresh()
        answer = client.get_versions(context)
        if not isinstance(answer, dict):
            raise ValueError(f'the answer is no dictionary: {answer!r}')
        interface = conductor.API.interface
        text = str(answer.get(interface.name))
        heard(
            interface.seals(interface.announced(text)),
            answer.get(conductor.RELEASED) == 'held',
        )
        return text

    return ask


def _revision(text: str) -> rpc.Revision:
    return conductor.API.interface.announced(text)
