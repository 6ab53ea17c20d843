# SPDX-License-Identifier: Apache-2.0
"""The clock of the database, which all hosts share.

It may be set to another time, or be another clock after a failover. Each read
detects such a step, and ages are corrected by it.
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

#: Minimum size of a step, in seconds; smaller differences are jitter.
_MIN_STEP = 10.0

#: Accuracy of times in seconds: MariaDB stores whole ones.
_ACCURACY = 2.0

#: Maximum number of steps that are remembered.
_MAX_STEPS = 16


@dataclasses.dataclass(frozen=True)
class _Step:
    """A step of the clock, between two monotonic times.

    :param after: of the last read before the step
    :param seen: of the first read after it
    :param size: seconds, negative when the clock was set back
    """

    after: float
    seen: float
    size: float

    @property
    def oldest(self) -> float:
        """The earliest monotonic time of a value written after the step."""
        doubt = self.seen - self.after + _ACCURACY
        if self.size > 0:
            doubt = min(doubt, self.size - _ACCURACY)
        return self.seen - doubt


class Steps:
    """The steps of a clock, as seen by this process. Thread-safe.

    :param passed: returns monotonic seconds
    """

    def __init__(self, passed: Callable[[], float] = time.monotonic) -> None:
        self._passed = passed
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._read = 0.0
        self._steps: collections.deque[_Step] = collections.deque(
            maxlen=_MAX_STEPS
        )

    def saw(self, now: datetime.datetime) -> None:
        """Record a time that was just read."""
        passed = self._passed()
        said = now.replace(tzinfo=datetime.UTC).timestamp()
        with self._lock:
            offset = said - passed
            if self._offset is None:
                self._offset = offset
            size = offset - self._offset
            if abs(size) >= _MIN_STEP:
                self._offset = offset
                self._steps.append(_Step(self._read, passed, size))
            self._read = passed

    def age(self, now: datetime.datetime, then: datetime.datetime) -> float:
        """Return the age of a value in seconds.

        :param now: a time that was just read
        :param then: the time of the clock when the value was written
        :returns: negative only if the clock was set back before the first
            read of this process
        """
        age = (now - then).total_seconds()
        if not self._steps:
            return age
        passed = self._passed()
        with self._lock:
            for step in reversed(self._steps):
                # A value from before the step appears older by its size.
                if -_ACCURACY <= age <= passed - step.oldest:
                    break
                age -= step.size
        return age


_steps = Steps()


class _Read(sa.TypeDecorator[datetime.datetime]):
    """A time that reports each read to the steps."""

    impl = sa.DateTime
    cache_ok = True

    def process_result_value(
        self, value: datetime.datetime | None, dialect: sa.Dialect
    ) -> datetime.datetime | None:
        if value is not None:
            _steps.saw(value)
        return value


class Now(functions.FunctionElement[datetime.datetime]):
    """The start time of a statement, in UTC without a zone."""

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
    """Return the age of ``then`` in seconds; see :meth:`Steps.age`."""
    return _steps.age(now, then)


@compiler.compiles(Now)
def _mysql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return 'UTC_TIMESTAMP()'


@compiler.compiles(Now, 'postgresql')
def _postgresql(element: Now, compiled: Any, **kwargs: Any) -> str:
    return "timezone('utc', statement_timestamp())"


@compiler.compiles(Now, 'sqlite')
def _sqlite(element: Now, compiled: Any, **kwargs: Any) -> str:
    # The driver of SQLite does not interpret % in a statement.
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
