# SPDX-License-Identifier: Apache-2.0
"""The clock of the database: the one that all hosts have in common.

It may be set to another time, or be another one after a failover. Whoever
reads it notices, and takes that into account when he tells how long ago
something was written down.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
import dataclasses
import datetime
import threading
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions

from trove.db import session

#: Seconds by which it is set, at least, to count as that.
_LEAST = 10.0

#: Seconds up to which times are told: MariaDB knows whole ones.
_EXACT = 2.0

#: How often it was set, of which is known; of more the oldest are forgotten.
_MOST = 16


@dataclasses.dataclass(frozen=True)
class _Step:
    """It was set once, by a monotonic clock between ``after`` and ``seen``.

    :param size: seconds, below 0 when it was set back
    """

    after: float
    seen: float
    size: float

    @property
    def oldest(self) -> float:
        """When the oldest was written that is of after it, at the earliest."""
        doubt = self.seen - self.after + _EXACT
        if self.size > 0:
            doubt = min(doubt, self.size - _EXACT)
        return self.seen - doubt


class Steps:
    """How a clock was set while this process has read it.

    Safe for use by many threads.

    :param passed: gives seconds that go on evenly
    """

    def __init__(self, passed: Callable[[], float] = time.monotonic) -> None:
        self._passed = passed
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._read = 0.0
        self._steps: collections.deque[_Step] = collections.deque(maxlen=_MOST)

    def saw(self, now: datetime.datetime) -> None:
        """Take note of what the clock says now."""
        passed = self._passed()
        said = now.replace(tzinfo=datetime.UTC).timestamp()
        with self._lock:
            offset = said - passed
            if self._offset is None:
                self._offset = offset
            size = offset - self._offset
            if abs(size) >= _LEAST:
                self._offset = offset
                self._steps.append(_Step(self._read, passed, size))
            self._read = passed

    def age(self, now: datetime.datetime, then: datetime.datetime) -> float:
        """Return how many seconds ago something was written down.

        :param now: what the clock said just now
        :param then: what it said when that was written
        :returns: below 0 only if it was set back before it was read here
        """
        age = (now - then).total_seconds()
        if not self._steps:
            return age
        passed = self._passed()
        with self._lock:
            for step in reversed(self._steps):
                # What was written since is no older than that; what was
                # written before looks older by the size of the step.
                if -_EXACT <= age <= passed - step.oldest:
                    break
                age -= step.size
        return age


_steps = Steps()


class _Read(sa.TypeDecorator[datetime.datetime]):
    """A time that was just read."""

    impl = sa.DateTime
    cache_ok = True

    def process_result_value(
        self, value: datetime.datetime | None, dialect: sa.Dialect
    ) -> datetime.datetime | None:
        if value is not None:
            _steps.saw(value)
        return value


class Now(functions.FunctionElement[datetime.datetime]):
    """The time in UTC, without a zone, when a statement begins."""

    type = _Read()
    name = 'now'
    inherit_cache = True


def now(db: orm.Session) -> datetime.datetime:
    """Return the time of the database, in UTC without a zone."""
    return db.scalars(sa.select(Now())).one()


def read() -> float:
    """Return the time of the database, in seconds since the epoch.

    :raises ServiceUnavailable: it does not work
    """
    with session.reader() as db:
        return now(db).replace(tzinfo=datetime.UTC).timestamp()


def age(now: datetime.datetime, then: datetime.datetime) -> float:
    """Return how many seconds ago ``then`` was; see :meth:`Steps.age`."""
    return _steps.age(now, then)


@compiler.compiles(Now)
def _mysql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return 'UTC_TIMESTAMP()'


@compiler.compiles(Now, 'postgresql')
def _postgresql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return "timezone('utc', statement_timestamp())"


@compiler.compiles(Now, 'sqlite')
def _sqlite(element: Now, compiled: Any, **kwargs: Any) -> str:
    # A % in the text of a statement is not one of the driver's here.
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
