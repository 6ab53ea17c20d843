# SPDX-License-Identifier: Apache-2.0
"""Limits the look-ups of instance keys that messages cause.

The claimed sender of a message is looked up before the message is opened. So
an attacker with access to the message broker could cause any number of
queries: with ids of instances that do not exist, or with messages that no key
of an existing one opens.
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

#: Maximum number of look-ups of missing instances per minute. Beyond it an id
#: is first compared with a list of all instances.
MAX_ABSENT: Final = 600
_WINDOW: Final = 60.0

#: Lifetime of that list in seconds; a new instance may be missing in it.
_LIST_LIFETIME: Final = 5.0

#: Look-ups of a cached instance: maximum burst; one per second is refilled.
MAX_AGAIN: Final = 10

#: Maximum number of instances with such a count; the least recent ones go.
_MAX_COUNTED: Final = 20_000


class Lookups:
    """Decides whether a look-up is allowed. Thread-safe.

    :param ids: returns the ids of all instances that are not deleted, by one
        query
    :param clock: returns monotonic seconds
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
        #: The remaining look-ups of each, and the time of that.
        self._left: collections.OrderedDict[str, tuple[float, float]] = (
            collections.OrderedDict()
        )

    def again(self, instance_id: str) -> bool:
        """Whether a cached instance may be looked up again."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(instance_id, (MAX_AGAIN, now))
            left = min(MAX_AGAIN, left + now - at)
            may = left >= 1
            self._left[instance_id] = left - may, now
            if len(self._left) > _MAX_COUNTED:
                self._left.popitem(last=False)
            return may

    def absent(self) -> None:
        """Count a look-up of an instance that does not exist."""
        with self._lock:
            self._roll()
            self._absent += 1
            if self._absent != MAX_ABSENT:
                return
        LOG.warning(
            'Messages of %d instances that do not exist arrived within a '
            'minute. Further look-ups of such instances are suppressed. Find '
            'out who has access to the message broker: "trove-rpc rejected '
            'list".',
            MAX_ABSENT,
        )

    def exists(self, instance_id: str) -> bool:
        """Whether an instance may exist, so that a look-up is allowed.

        :raises ServiceUnavailable: the database does not work
        """
        with self._lock:
            self._roll()
            if self._absent < MAX_ABSENT:
                self._listed = frozenset(), 0.0
                return True
        # One thread queries; those that wait here share the result.
        with self._listing:
            listed, until = self._listed
            if self._clock() >= until:
                listed = self._ids()
                self._listed = listed, self._clock() + _LIST_LIFETIME
        return instance_id in listed

    def _roll(self) -> None:
        now = self._clock()
        if now - self._since >= _WINDOW:
            self._since, self._absent = now, 0
