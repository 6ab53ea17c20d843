# SPDX-License-Identifier: Apache-2.0
"""How much one sender may cause.

:class:`Limit` bounds what is written down of a sender. :class:`Guesses`
bounds the calls of one that did not open: in the released form nothing is
authenticated, so who sends hundreds of changed messages and learns which of
them open, learns what they say. Casts have no answer and are not counted.

:class:`Budget` bounds all that a guest causes: rows, lines of the log,
waiting threads. It is asked as soon as it is known who has sent a message,
and that this process has not taken it before, but before the database is
asked.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Collection
import dataclasses
import itertools
import threading
import time
from typing import Final
from typing import Literal
from typing import NamedTuple

#: Seconds in which messages and guesses are counted.
_HOUR = 3600.0

#: Senders that are remembered at most, those heard last.
_MOST_COUNTED = 20_000


class Limit:
    """Counts the messages of each sender, hour by hour. Safe for threads.

    :param most: gives the number that each may send in an hour
    """

    def __init__(
        self,
        most: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        #: When the hour began, and how many have come.
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, sender: str) -> bool:
        """Count a message; False when it is one too many."""
        now = self._clock()
        with self._lock:
            began, count = self._counts.pop(sender, (now, 0))
            if now - began >= _HOUR:
                began, count = now, 0
            if len(self._counts) >= _MOST_COUNTED:
                del self._counts[next(iter(self._counts))]
            self._counts[sender] = began, count + 1
        return count < self._most()


#: Calls of a sender that may fail to open within an hour.
MOST_GUESSES: Final = 5

#: Senders that are remembered at most, those that failed last.
_MOST_GUESSING: Final = 20_000

#: Interface, and the instance that a message is of or for.
Whose = tuple[str, str | None]


class Guesses:
    """How many calls of each sender did not open. Safe for threads.

    After :data:`MOST_GUESSES` in an hour no call of that sender is
    to be opened until the oldest is that old.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: collections.OrderedDict[Whose, tuple[float, ...]] = (
            collections.OrderedDict()
        )

    def failed(self, whose: Whose) -> None:
        """Count one that did not open."""
        with self._lock:
            before = self._failed.pop(whose, ())[1 - MOST_GUESSES :]
            self._failed[whose] = (*before, self._clock())
            if len(self._failed) > _MOST_GUESSING:
                self._failed.popitem(last=False)

    def exhausted(self, whose: Whose) -> bool:
        """Whether no more calls of a sender are to be opened for now."""
        times = self._failed.get(whose)
        if times is None or len(times) < MOST_GUESSES:
            return False
        return self._clock() - times[0] < _HOUR


#: Seconds in which what was used comes back.
WINDOW: Final = 60.0

#: What is renewed by itself has this part for itself: whoever hands over a
#: lot is not to look as if it were silent.
_RENEWED: Final = 4

#: Bytes that count as one more message.
_BYTES: Final = 16_384

#: Messages of a sender that are worked on at once. Of many threads and
#: connections to the database, one sender takes no more.
AT_ONCE: Final = 4

#: Messages of a sender that wait until one of these is done, at most. They
#: wait in no thread, so nobody else waits for them.
MOST_WAITING: Final = 256

Turn = Literal['now', 'later', 'refused']

#: Does a message when it is its turn, or is told that it is given up.
Later = Callable[[bool], None]

#: Senders that are remembered, at most; those who proved who they are and
#: those who only say so, each. Beyond it newcomers share one account.
_MOST_ACCOUNTS: Final = 50_000

#: Of accounts: whether the sender is proven, the method renewed, and the
#: message late.
_Kind = tuple[bool, bool, bool]

_BOTH: Final = (False, True)

_EVERYBODY: Final = ''

TOO_MUCH: Final = (
    'its sender exceeded the message limit of a minute. Check that guest '
    'agent: it is broken or compromised. Otherwise raise [conductor] '
    'guest_reports_per_minute'
)
NOT_NOW: Final = (
    'The conductors refuse further messages of this guest agent for now: it '
    'exceeded the message limit of a minute ([conductor] '
    'guest_reports_per_minute). It can send later what it keeps.'
)


class Payer(NamedTuple):
    """Whose budget it is.

    :param name: of the instance
    :param proven: it was sealed with the key of that instance; whoever only
        names it must not use up what is its own
    :param late: it was sent longer than :data:`WINDOW` ago: it may be a copy
        of what another process took, and must not either
    """

    name: str
    proven: bool
    late: bool = False


@dataclasses.dataclass(slots=True)
class _Account:
    """The remaining budget, and the time of its last update."""

    left: float
    at: float


class Budget:
    """Counts what each sender causes, and refuses what is too much.

    Each gets as much in a minute as the option says, all of it at once if it
    was quiet before. Safe for threads.

    :param most: gives how many messages a minute
    :param renewed: methods whose next message says all that the one before
        did; they have a quarter for themselves, all others the rest
    """

    def __init__(
        self,
        most: Callable[[], int],
        renewed: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._renewed = frozenset(renewed)
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[_Kind, dict[str, _Account]] = {
            kind: {} for kind in itertools.product(_BOTH, _BOTH, _BOTH)
        }
        self._swept = dict.fromkeys(self._accounts, -WINDOW)
        self._working: dict[Payer, int] = {}
        self._waiting: dict[Payer, collections.deque[Later]] = {}

    def is_renewed(self, method: object) -> bool:
        """Whether another message like it comes by itself."""
        return isinstance(method, str) and method in self._renewed

    def take(self, payer: Payer, method: str, size: int) -> bool:
        """Charge a message; False when there is too little left.

        :param size: in bytes, about
        """
        renewed = self.is_renewed(method)
        most = self._most()
        share = max(1, most // _RENEWED)
        limit = share if renewed else max(1, most - share)
        now = self._clock()
        with self._lock:
            account = self._account(payer, renewed, limit, now)
            back = (now - account.at) * limit / WINDOW
            account.left = min(limit, account.left + back)
            account.at = now
            if account.left < 1:
                return False
            account.left -= 1 + size // _BYTES
            return True

    def enter(
        self, payer: Payer, later: Later | None = None
    ) -> Turn:
        """Begin with a message, or have it done when it is its turn.

        :param later: does it then, in a thread of the sender's, or is told
            that it is given up; it must not raise. None: it is refused
            rather than waits
        :returns: after ``now`` :meth:`leave` has to follow
        """
        with self._lock:
            working = self._working.get(payer, 0)
            if working < AT_ONCE:
                self._working[payer] = working + 1
                return 'now'
            waiting = self._waiting.get(payer, ())
            if later is None or len(waiting) >= MOST_WAITING:
                return 'refused'
            self._waiting.setdefault(payer, collections.deque()).append(later)
            return 'later'

    def leave(self, payer: Payer, answered: bool = False) -> None:
        """A message that was begun with is done; do those that wait.

        :param answered: somebody waits for what this thread does next
        """
        while True:
            with self._lock:
                waiting = self._waiting.get(payer)
                if not waiting:
                    self._waiting.pop(payer, None)
                    left = self._working.pop(payer) - 1
                    if left:
                        self._working[payer] = left
                    return
                if not answered:
                    later = waiting.popleft()
            if not answered:
                later(False)
                continue
            try:
                threading.Thread(
                    target=self.leave, args=(payer,), name='rpc-turn'
                ).start()
            except RuntimeError:
                # The machine has no thread for it: the answer has to wait.
                answered = False
            else:
                return

    def give_up(self) -> None:
        """Do none of those that wait any more."""
        with self._lock:
            turns = self._waiting.values()
            waiting = [later for turn in turns for later in turn]
            self._waiting.clear()
        for later in waiting:
            later(True)

    def _account(
        self, payer: Payer, renewed: bool, limit: int, now: float
    ) -> _Account:
        kind, name = (payer.proven, renewed, payer.late), payer.name
        accounts = self._accounts[kind]
        found = accounts.get(name)
        if found is None and len(accounts) >= _MOST_ACCOUNTS:
            self._sweep(kind, now)
            if len(accounts) >= _MOST_ACCOUNTS:
                name = _EVERYBODY
                found = accounts.get(name)
        if found is None:
            found = accounts[name] = _Account(limit, now)
        return found

    def _sweep(self, kind: _Kind, now: float) -> None:
        """Drop senders whose budget is full again.

        Nobody else: a flood of names must not give anybody a new account.
        """
        if now - self._swept[kind] < 1:
            return
        self._swept[kind] = now
        accounts = self._accounts[kind]
        for name, account in list(accounts.items()):
            if account.left >= 0 and now - account.at >= WINDOW:
                del accounts[name]
