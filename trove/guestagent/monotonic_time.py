# SPDX-License-Identifier: Apache-2.0
"""The time of messages, by which receivers detect stale ones."""

from __future__ import annotations

from collections.abc import Callable
import math
import pathlib
import threading
import time

from oslo_log import log as logging

from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: Name of the file in ``state_dir``.
FILE = 'time_sent'

#: Seconds that the stored time is ahead. The next process begins there, so
#: frequent restarts must not move the time far into the future.
_AHEAD = 1.0


class MonotonicTime:
    """The wall clock at the start of the agent, plus the time since.

    It does not jump when the wall clock is set, and does not go back with a
    restart of the agent either: conductors refuse a sealed message that is
    older than the newest, as it may be a replay.

    :param file: where it is kept; None: it is lost with the process
    """

    def __init__(
        self,
        file: pathlib.Path | None,
        wall: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._passed = passed
        self._lock = threading.Lock()
        self._until = max(wall(), self._kept())
        self._began = self._until - passed()

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        now = self._began + self._passed()
        with self._lock:
            if now >= self._until:
                self._until = now + _AHEAD
                self._keep()
        return now

    def _kept(self) -> float:
        if self._file is None:
            return 0.0
        try:
            until = float((files.read_json(self._file) or {}).get('until', 0))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            LOG.warning(
                'Could not read %s (%s). If the clock of this server was set '
                'back since, the conductors refuse heartbeats until it has '
                'caught up: check the clock.',
                self._file,
                type(error).__name__,
            )
            return 0.0
        return until if math.isfinite(until) else 0.0

    def _keep(self) -> None:
        if self._file is None:
            return
        try:
            files.write_json(self._file, {'until': self._until})
        except OSError as error:
            LOG.error(
                'Could not write %s (%s). Make its directory writable: if '
                'the clock of this server is set back and the agent '
                'restarted, the conductors refuse heartbeats until it has '
                'caught up.',
                self._file,
                error,
            )
