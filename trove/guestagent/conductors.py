# SPDX-License-Identifier: Apache-2.0
"""The version of the conductors, as the guest agent determines it.

All conductors listen on one topic and any of them may answer. Those of this
tree know each other and answer for the oldest of them; a released one knows
no other and refuses get_versions. So one refusal lowers the cap at once, for
all conductors and until no refusal was seen for a while; raising the cap
takes several answers in a row.

An answer costs a conductor no access to the database. With the defaults each
guest asks every 30 seconds, a third as often as it sends heartbeats, and with
a jitter: 10,000 guests ask 333 times per second, of all conductors together.
So the guests notice that the only conductor was rolled back before they
count as silent (``agent_heartbeat_expiry``).

A refusal is in the clear, so its sender is unknown. Once all conductors have
answered, sealed, that they know seals, refusals are ignored until a conductor
answers, sealed, that there are released ones, or that an operator allows it;
see :mod:`trove.common.belief`.
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

#: Calls get_versions of any conductor; raises PeerTooOld when the conductor
#: does not know the method, and another TroveError when there is no answer.
Ask = Callable[[], str]

#: Called with whether all conductors know seals, and whether an operator
#: allows the form of released Trove nevertheless.
Heard = Callable[[bool, bool], None]

#: How long a refusal lowers the cap, in units of ``refresh_interval``.
_HOLD: Final = 18
#: Number of consecutive answers that raise the cap.
_CONFIRMATIONS: Final = 3
#: Seconds that an answer is valid for messages that must not be lost.
_FRESH: Final = 1.0
#: Timeout in seconds for a call in progress when the agent stops.
_STOP_TIMEOUT: Final = 1.0


class Conductors:
    """Calls get_versions periodically, and keeps the answer.

    :param changed: called when the answer has changed; must not block
    :param proven: returns whether refusals in the clear are ignored
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
        """Ask now instead of after the interval."""
        self._periodic.wake()

    def stop(self) -> None:
        """Stop asking; wait for a call in progress up to a timeout."""
        self._stopped = True
        waiter = threading.Thread(target=self._periodic.stop, daemon=True)
        waiter.start()
        waiter.join(_STOP_TIMEOUT)

    def speaks(self, peer: str | None = None) -> str | None:
        """Return the revision that all of them know, None while unknown.

        Does not block.
        """
        speaks = self._speaks
        if speaks is None and self._refused is not None:
            # Conductors without get_versions are of the floor.
            return conductor.API.interface.floor.name
        return None if speaks is None else speaks.name

    def confirm(self) -> None:
        """Ask again before a message that must not be lost.

        A message of the floor is understood in any case.
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
                'Now sending version %s of their interface to the '
                'conductors, instead of %s.',
                after or interface.floor,
                before or interface.floor,
            )
            self._changed()
        return answered

    def _look(self) -> bool:
        lowest, doubted = None, False
        for _ in range(_CONFIRMATIONS):
            try:
                found = _revision(self._ask())
            except exception.PeerTooOld as error:
                if self._proven():
                    # Ignored; another conductor may answer that it is true.
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
                # stop() may have closed the connection meanwhile.
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
        """Log a refusal, once until no refusal was seen for a while."""
        if not self._held():
            LOG.warning(
                'A conductor does not know get_versions: it is of released '
                'Trove, or older than this agent. Until it is upgraded, all '
                'conductors are sent version %s, whose encryption does not '
                'authenticate the sender. Upgrade it; if there is no such '
                'conductor, find out who else answers for conductors.',
                conductor.API.interface.floor,
            )

    def _note_doubt(self, error: Exception) -> None:
        seldom.warning(
            LOG,
            'conductors',
            'Ignoring a refusal of get_versions in the clear, since all '
            'conductors are known to support it (%s). If one was rolled '
            'back to a release, allow that with "trove-rpc sealing allow '
            'conductor --reason WHY", as it drops sealed messages; if not, '
            'find out who has access to the message '
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
        # Not a secret: it only spreads the calls of all guests.
        jitter = conductor.ASKED_JITTER
        part = random.uniform(1 - jitter, 1 + jitter)
        return conductor.ASKED_EVERY * seconds * part

    def _note_silence(self, error: Exception | None) -> None:
        silent = error is not None
        if silent and not self._silent and not self._stopped:
            LOG.warning(
                'No conductor answered which version of its interface it '
                'supports (%s). Check that a conductor is running; until one '
                'answers, they are sent version %s.',
                error,
                self._speaks or conductor.API.interface.floor,
            )
        self._silent = silent


def asking(
    conf: cfg.ConfigOpts,
    transport: rpc.Transport,
    heard: Heard = lambda seals, held: None,
) -> Ask:
    """Return a function that asks the conductors.

    :param transport: of its own for this purpose: its cap for the conductors
        is that they know get_versions
    :param heard: called for each answer, which was sealed if there are keys
    """
    client = conductor.API(transport, timeout=conf.probe_timeout)
    # The guest's own context, which is not an administrator's.
    context = trove_context.TroveContext(
        project_id=conf.tenant_id, overwrite=False
    )

    def ask() -> str:
        # An earlier refusal has lowered the cap below get_versions.
        transport.refresh()
        answer = client.get_versions(context)
        if not isinstance(answer, dict):
            raise ValueError(f'the answer is not a dictionary: {answer!r}')
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
