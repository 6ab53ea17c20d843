# SPDX-License-Identifier: Apache-2.0
"""Heartbeats are written down by one thread, as many as there are at once.

They are nearly all that a conductor hears, and nobody waits for an answer. A
transaction for each would be most of its work, and a thread for each that
waits for its transaction would be kept from other messages.
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

#: Seconds between transactions, in which reports come together. The more there
#: are in one, the less processor time each takes.
_PAUSE = 0.1

#: Reports of a transaction. It locks the rows of their instances.
_TOGETHER = 100

#: Reports that may wait. Who brings one more waits as well, and so in the
#: end the broker keeps what the database does not take.
_WAITING = 1000

#: Told what became of a report: None, or what it met with.
Settle = Callable[[Exception | None], None]

_Entry = tuple[heartbeats.Report, Settle]


class Writer:
    """Writes heartbeats down. Waits for a database that does not work."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._waiting: queue.Queue[_Entry | None] = queue.Queue(_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='heartbeats', daemon=True
        )
        self._thread.start()

    def put(self, report: heartbeats.Report, settle: Settle) -> None:
        """Have a report written down soon.

        :param settle: called in another thread
        """
        self._waiting.put((report, settle))

    def flush(self) -> None:
        """Return when all that was put is settled."""
        self._waiting.join()

    def close(self) -> None:
        """Return when all that was put is settled; nothing is put again."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        going_on = True
        while going_on:
            taken = [self._waiting.get()]
            while len(taken) < _TOGETHER and not self._waiting.empty():
                # No other thread takes.
                taken.append(self._waiting.get())
            entries = [each for each in taken if each is not None]
            self._write(entries)
            for _ in taken:
                self._waiting.task_done()
            going_on = len(entries) == len(taken)
            if self._waiting.empty():
                self._closing.wait(_PAUSE)

    def _write(self, entries: Sequence[_Entry]) -> None:
        results = gathering.write_each(
            self._record, [report for report, _ in entries]
        )
        for (_, settle), result in zip(entries, results, strict=True):
            try:
                settle(result if isinstance(result, Exception) else None)
            except Exception:
                LOG.exception('Could not say what became of a heartbeat.')

    def _record(
        self, reports: Sequence[heartbeats.Report]
    ) -> Sequence[bool | Exception]:
        return retrying.retrying(
            self._conf, 'conductor', heartbeats.record_heartbeats, reports
        )
