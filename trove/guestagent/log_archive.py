# SPDX-License-Identifier: Apache-2.0
"""Stores the log of changes of this guest's database, piece by piece.

The objects are numbered within a *series*; a gap begins another series. The
task managers see from the objects alone up to when the database can be
restored. What fails is tried again; meanwhile the server keeps the log as far
as its volume permits.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import logging
import pathlib
import threading
from typing import Any
from typing import Final

from trove import objectstore
from trove.common import context as trove_context
from trove.common import exception
from trove.common import guest_faults
from trove.guestagent import reporter as reporters
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import files
from trove.objectstore import base as stores

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

_FILE: Final = 'log-archive.json'
SUFFIX: Final = '.gz'
#: Bytes of an object: with signed URLs a larger one would not be complete.
_OBJECT: Final = 8 << 20
#: Metadata of an object: all that was committed before is in it or before it.
UNTIL: Final = 'log-until'
#: Metadata of a backup: where its log begins, and when it was complete.
SERIES: Final = 'log-series'
NUMBER: Final = 'log-number'
TIME: Final = 'log-time'
#: Failures in a row after which the user is told.
_TOLD_AFTER: Final = 3
#: Seconds for an object to be stored when the agent ends.
_STOP_TIMEOUT: Final = 10
_ACTION: Final = guest_faults.ARCHIVE_LOG


@dataclasses.dataclass
class Progress:
    """What was ordered, and how far it is; without secrets.

    :param prefix: of the names of all objects
    :param interval: seconds between two pieces
    :param number: of the next object of the series
    :param after: the last piece that is stored
    :param until: all that was committed before is stored
    """

    container: str
    prefix: str
    interval: float
    series: int
    number: int = 1
    after: str | None = None
    until: str = ''


def name(prefix: str, series: int, number: int) -> str:
    """Return the name of an object, without suffix."""
    return f'{prefix}{series:04d}-{number:08d}'


class LogArchive:
    """The archive of one guest.

    :param state_dir: an existing directory for what must be remembered
    """

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
        state_dir: pathlib.Path,
    ) -> None:
        self._supervisor = supervisor
        self._reporter = reporter
        self._path = state_dir / _FILE
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._progress: Progress | None = None
        self._store: stores.Store | None = None
        self._failed = 0
        # What the object store has not taken yet.
        self._waiting: archive.Closed | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go on with what was ordered; its access is ordered again."""
        values = files.read_json(self._path)
        if values:
            self._progress = Progress(**values)

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT)

    def order(
        self,
        archived: Mapping[str, Any] | None,
        access: Mapping[str, Any] | None,
    ) -> None:
        """Archive from now on, or go on with a later access, or end it.

        :param archived: ``container``, ``prefix``, ``series`` and
            ``interval``; None: end it
        :param access: for :func:`trove.objectstore.open_store`
        """
        with self._lock:
            if archived is None:
                self._end()
                return
            known = self._progress
            series = int(archived['series'])
            if known is None or known.series < series:
                known = Progress(
                    str(archived['container']),
                    str(archived['prefix']),
                    float(archived['interval']),
                    series,
                )
                self._waiting = None
            known.interval = float(archived['interval'])
            self._remember(known)
            self._store = objectstore.open_store(access or {})
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name='log-archive', daemon=True
            )
            self._thread.start()
        self._wake.set()

    def _end(self) -> None:
        self._path.unlink(missing_ok=True)
        self._progress = self._store = self._waiting = None
        with self._supervisor.turn() as driver:
            driver.end_log()
        LOG.info('The log of changes is not archived any more.')

    def position(self) -> dict[str, str]:
        """Return the metadata of a backup that is begun now."""
        known = self._progress
        if known is None:
            return {}
        return {SERIES: str(known.series), NUMBER: str(known.number)}

    def _remember(self, progress: Progress) -> None:
        files.write_json(self._path, dataclasses.asdict(progress))
        self._progress = progress

    # What the thread does

    def _work(self) -> None:
        while True:
            known = self._progress
            self._wake.wait(known.interval if known else None)
            self._wake.clear()
            if self._stopping:
                return
            try:
                with self._lock:
                    if self._progress is not None and self._store is not None:
                        self._look(self._progress, self._store)
            except Exception as error:  # noqa: BLE001
                self._fail(error)
            else:
                self._failed = 0

    def _fail(self, error: Exception) -> None:
        self._failed += 1
        LOG.warning(
            'The log of changes is not archived: %s It is tried again; the '
            'database keeps it as far as its volume permits.',
            error,
        )
        if self._failed == _TOLD_AFTER:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        try:
            with self._reporter.reporting(Context(overwrite=False), _ACTION):
                raise error
        except exception.TroveError as unreachable:
            LOG.warning('This could not be reported: %s', unreachable)

    def _look(self, known: Progress, store: stores.Store) -> None:
        """Store what is complete.

        No further piece is ended before the store has taken those that are
        complete: each takes room on the volume, however little is in it.
        """
        driver = self._supervisor.driver
        if driver.pid() is None:
            return
        closed, self._waiting = self._waiting, None
        if closed is None:
            closed = driver.close_log(known.after)
            if not closed.continues:
                known = self._begin_series(known)
        pieces = list(closed.pieces)
        while pieces:
            piece = pieces[0]
            until = (
                known.until if pieces[1:] else archive.to_text(closed.until)
            )
            try:
                with piece.open() as source:
                    number = self._save(known, store, source, until)
            except exception.ObjectStoreError:
                self._waiting = dataclasses.replace(closed, pieces=pieces)
                raise
            known = dataclasses.replace(
                known, number=number, after=piece.name, until=until
            )
            self._remember(known)
            driver.drop_log(piece.name)
            del pieces[0]

    def _begin_series(self, known: Progress) -> Progress:
        self._tell(_gap(known))
        known = Progress(
            known.container, known.prefix, known.interval, known.series + 1
        )
        self._remember(known)
        return known

    def _save(
        self,
        known: Progress,
        store: stores.Store,
        source: archive.Source,
        until: str,
    ) -> int:
        """Store a piece in as many objects as it takes.

        :returns: the number of the next object
        """
        number, parts = known.number, _Parts(source, known.until, until)
        while not parts.ended:
            parts.begin()
            store.save(
                known.container,
                name(known.prefix, known.series, number),
                parts,
                parts.metadata,
                suffix=SUFFIX,
            )
            number += 1
        return number


class _Parts:
    """A piece as the sources of several objects.

    :param before: what the objects but the last one say, see :data:`UNTIL`
    :param until: what the last one says; empty: not known
    """

    def __init__(
        self, source: archive.Source, before: str, until: str
    ) -> None:
        self._source = source
        self._until = until
        self._left = 0
        self._next = source.read(_OBJECT)
        #: Of the object; complete when it was read to its end.
        self.metadata = {UNTIL: before} if before else {}

    @property
    def ended(self) -> bool:
        return not self._next

    def begin(self) -> None:
        """Let the next object be read."""
        self._left = _OBJECT

    def read(self, size: int) -> bytes:
        piece = self._next[: min(size, self._left)]
        self._left -= len(piece)
        self._next = self._next[len(piece):] or self._source.read(_OBJECT)
        if self.ended and self._until:
            self.metadata[UNTIL] = self._until
        return piece


def _gap(known: Progress) -> exception.DatastoreError:
    return exception.DatastoreError(
        action=_ACTION,
        reason=f'what was written after {known.until or "it was begun"} is '
        'gone, because more was written than was archived. Times since then '
        'can be restored after the next full backup only; make one.',
    )
