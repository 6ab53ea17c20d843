# SPDX-License-Identifier: Apache-2.0
"""Freezes the volume of the data while a snapshot of it is made.

Nothing is written to a frozen file system: who writes waits. So it is never
frozen for long, whatever becomes of the task manager that ordered it, or of
this agent.
"""

from __future__ import annotations

import logging
import pathlib
import threading
from typing import Final

from trove.common import exception
from trove.guestagent import supervisor as supervisors

LOG = logging.getLogger(__name__)

_FILE: Final = 'frozen'
#: Seconds after which it is thawed, unless the order says less.
_LONGEST: Final = 300.0


class Freezer:
    """The freezes of one guest.

    :param state_dir: an existing directory, on another file system
    """

    def __init__(
        self, supervisor: supervisors.Supervisor, state_dir: pathlib.Path
    ) -> None:
        self._supervisor = supervisor
        self._mark = state_dir / _FILE
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def start(self) -> None:
        """Thaw what an agent before this one has left frozen."""
        if self._mark.exists():
            LOG.warning('Thawing the volume: the agent ended meanwhile.')
            self._thaw()

    def stop(self) -> None:
        """Thaw it, if it is frozen."""
        with self._lock:
            if self._timer is not None:
                self._end()

    def freeze(self, seconds: object = None) -> None:
        """Have the data on the volume, and nothing more written to it.

        :param seconds: after which it is thawed
        :raises trove.common.exception.TroveError: it is not frozen
        """
        most = _LONGEST
        if isinstance(seconds, int | float) and 0 < seconds < _LONGEST:
            most = float(seconds)
        with self._lock:
            if self._timer is not None:
                # Of an order whose task manager died.
                self._end()
            self._mark.touch()
            try:
                self._supervisor.driver.freeze()
            except BaseException:
                self._thaw()
                raise
            self._timer = threading.Timer(most, self._expire, (most,))
            self._timer.daemon = True
            self._timer.start()

    def thaw(self) -> None:
        """End the freeze.

        :raises trove.common.exception.DatastoreError: it has ended before, so
            what was copied meanwhile may be inconsistent
        """
        with self._lock:
            if self._timer is None:
                raise exception.DatastoreError(
                    action='keep the volume frozen',
                    reason='it was thawed before the snapshot was complete. '
                    'Make the backup again; if that does not help, raise '
                    'volume_time_out of the task managers.',
                )
            self._end()

    def _expire(self, seconds: float) -> None:
        with self._lock:
            if self._timer is threading.current_thread():
                LOG.error(
                    'Thawing the volume after %s s, as no task manager did. '
                    'The backup will fail; make it again.',
                    seconds,
                )
                self._end()

    def _end(self) -> None:
        assert self._timer is not None
        self._timer.cancel()
        self._timer = None
        self._thaw()

    def _thaw(self) -> None:
        self._supervisor.driver.thaw()
        self._mark.unlink(missing_ok=True)
