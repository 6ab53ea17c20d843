# SPDX-License-Identifier: Apache-2.0
"""How often strangers make a process look up the keys of instances.

What a message says to be of is looked up before it can be opened, so whoever
reaches the message broker could have the database asked without end: by names
of instances that do not exist, or by what no key of an existing one opens.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Set
import logging
import threading
import time
from typing import Final

LOG = logging.getLogger(__name__)

#: Instances within a minute that were looked up and do not exist. Beyond it
#: each is first held against the list of those that do.
MOST_ABSENT: Final = 600
_WINDOW: Final = 60.0

#: Seconds for which that list is good: a new instance may wait for it.
_LIST: Final = 5.0

#: Look-ups of one instance although it is remembered: so many at once, and
#: then one in a second.
MOST_AGAIN: Final = 10

#: Instances of which that is counted, those looked up last.
_MOST: Final = 20_000


class Lookups:
    """Says whether a look-up is to be made. Safe for threads.

    :param ids: gives the ids of all instances that are not deleted, by one
        query
    :param clock: gives seconds
    """

    def __init__(
        self,
        ids: Callable[[], Set[str]],
        clock: Callable[[], float] = lambda: time.monotonic(),
    ) -> None:
        self._ids = ids
        self._clock = clock
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._since = clock()
        self._absent = 0
        self._listed: tuple[Set[str], float] = frozenset(), 0.0
        #: What is left of each, and when that was so.
        self._left: collections.OrderedDict[str, tuple[float, float]] = (
            collections.OrderedDict()
        )

    def again(self, instance_id: str) -> bool:
        """Whether one that is remembered may be looked up anew."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(instance_id, (MOST_AGAIN, now))
            left = min(MOST_AGAIN, left + now - at)
            may = left >= 1
            self._left[instance_id] = left - may, now
            if len(self._left) > _MOST:
                self._left.popitem(last=False)
            return may

    def absent(self) -> None:
        """Count an instance that was looked up and does not exist."""
        with self._lock:
            self._roll()
            self._absent += 1
            if self._absent != MOST_ABSENT:
                return
        LOG.warning(
            'Messages have named %d instances within a minute that do not '
            'exist. The database is not asked for more of them. Find out who '
            'has access to the message broker: "trove-rpc rejected list".',
            MOST_ABSENT,
        )

    def exists(self, instance_id: str) -> bool:
        """Whether an instance may exist, so that it is to be looked up.

        :raises ServiceUnavailable: the database does not work
        """
        with self._lock:
            self._roll()
            if self._absent < MOST_ABSENT:
                self._listed = frozenset(), 0.0
                return True
        # One asks; who comes meanwhile gets the same.
        with self._listing:
            listed, until = self._listed
            if self._clock() >= until:
                listed = self._ids()
                self._listed = listed, self._clock() + _LIST
        return instance_id in listed

    def _roll(self) -> None:
        now = self._clock()
        if now - self._since >= _WINDOW:
            self._since, self._absent = now, 0
