# SPDX-License-Identifier: Apache-2.0
"""Writes heartbeats to the database, many in one transaction.

Heartbeats are nearly all messages of a conductor, and no sender waits for an
answer. With a transaction for each, transactions would be most of its work;
with a thread for each, waiting heartbeats would block other messages.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import logging
import queue
import threading

from oslo_config import cfg

from trove.objects import gathering
from trove.objects.guest import heartbeats
from trove.peers import retrying

LOG = logging.getLogger(__name__)

#: Seconds between transactions, in which reports accumulate. The more there
#: are in one, the less processor time each takes.
_INTERVAL = 0.1

#: Maximum number of reports in a transaction, which locks their instances.
_MAX_BATCH = 100

#: Maximum number of waiting reports. Beyond, put() waits, and so the broker
#: keeps the messages while the database is slow.
_MAX_WAITING = 1000

#: Called with the outcome of a report: None, or the error.
Settle = Callable[[Exception | None], None]

_Entry = tuple[heartbeats.Report, Settle]


class Writer:
    """Writes heartbeats; retries while the database is unavailable."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._waiting: queue.Queue[_Entry | None] = queue.Queue(_MAX_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='heartbeats', daemon=True
        )
        self._thread.start()

    def put(self, report: heartbeats.Report, settle: Settle) -> None:
        """Queue a report for the next transaction.

        :param settle: called in another thread
        """
        self._waiting.put((report, settle))

    def flush(self) -> None:
        """Wait until all queued reports are settled."""
        self._waiting.join()

    def close(self) -> None:
        """Wait until all queued reports are settled; accept no more."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            batch = [self._waiting.get()]
            while len(batch) < _MAX_BATCH and not self._waiting.empty():
                # This is the only thread that gets.
                batch.append(self._waiting.get())
            entries = [each for each in batch if each is not None]
            self._write(entries)
            for _ in batch:
                self._waiting.task_done()
            running = len(entries) == len(batch)
            if self._waiting.empty():
                self._closing.wait(_INTERVAL)

    def _write(self, entries: Sequence[_Entry]) -> None:
        results = gathering.write_each(
            self._record, [report for report, _ in entries]
        )
        for (_, settle), result in zip(entries, results, strict=True):
            try:
                settle(result if isinstance(result, Exception) else None)
            except Exception:
                LOG.exception(
                    'Could not log the outcome of a heartbeat. Report this '
                    'as a bug, with the traceback.'
                )

    def _record(
        self, reports: Sequence[heartbeats.Report]
    ) -> Sequence[bool | Exception]:
        return retrying.retrying(
            self._conf, 'conductor', heartbeats.record_heartbeats, reports
        )
