# SPDX-License-Identifier: Apache-2.0
"""Cache of the versions of peers."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import threading

from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc import _plan

#: Interface, its major version, and the peer.
Key = tuple[str, int, str | None]

#: Maximum number of cached peers; beyond it the cache is cleared.
_MOST = 20_000

#: Maximum number of peers that are looked up together, and seconds for which
#: their cached versions remain valid meanwhile.
TOGETHER = 200
_CLAIM_SECONDS = 5.0


@dataclasses.dataclass(slots=True, eq=False)
class Known:
    """The cached version of a peer.

    :param until: when it is looked up again
    :param sure: until when a peer that does not announce itself need not be
        asked again; None for others
    :param doubted: what it answers in the clear, although it is proven to
        know better; see :mod:`trove.common.belief`
    :param used: somebody has asked for it since it was looked up
    """

    cap: _plan.Cap
    until: float
    sure: float | None
    doubted: _contract.Revision | None = None
    used: bool = True


def key(interface: _interface.Interface, peer: str | None) -> Key:
    return interface.name, interface.major, peer


class Remembered:
    """Cache of the versions of peers. Thread-safe.

    Hold ``lock`` for what has to happen between a look and a change.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._known: dict[Key, Known] = {}
        #: Gives what is known of a peer; called for each message.
        self.get = self._known.get
        #: How often something was to be forgotten.
        self.forgotten = 0

    def put(self, which: Key, known: Known) -> None:
        with self.lock:
            if len(self._known) >= _MOST and which not in self._known:
                self._known.clear()
            self._known[which] = known

    def forget(self, name: str | None, peer: str | None) -> None:
        """Drop what is remembered: of all, of an interface, of a peer."""
        with self.lock:
            self.forgotten += 1
            for which in list(self._known):
                if name in (None, which[0]) and peer in (None, which[2]):
                    del self._known[which]

    def claim(self, which: Key, early: float) -> dict[Key, Known]:
        """Return a peer and others like it that are to be looked up.

        For others they are not, meanwhile: what is known goes on to count.

        :param which: one whose time is over
        :param early: seconds before their time is over at which others are
            looked up along with it, if somebody has asked for them
        :returns: nothing where it would be alone
        """
        now = self._clock()
        with self.lock:
            first = self._known.get(which)
            if first is None or first.until >= now:
                return {}
            claimed = {which: first}
            for each, known in self._known.items():
                if len(claimed) == TOGETHER:
                    break
                stale = known.used and known.until <= now + early
                if stale and each[:2] == which[:2]:
                    claimed[each] = known
            if len(claimed) == 1:
                return {}
            for known in claimed.values():
                known.until, known.used = now + _CLAIM_SECONDS, False
        return claimed
