# SPDX-License-Identifier: Apache-2.0
"""Verifies stored backups of this guest, whatever its datastore.

One at a time, in a thread, with what the volume has free: never so much that
the database could lack it. Nothing is remembered over a restart: the task
manager orders it again.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
import dataclasses
import logging
import os
import pathlib
import threading
from typing import Any
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.guestagent import reporter as reporters
from trove.guestagent import restores
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import capability

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

#: Of the datastore, for a backup that is ordered with ``verifies``.
NEEDS: Final = capability.Capability.VERIFICATION

#: Seconds between two reports that it goes on.
_INTERVAL: Final = 60.0
#: Part of the file system that stays free, and so many bytes at most.
_FREE: Final = 20
_MOST_FREE: Final = 1 << 30
_MOST_REASON: Final = 1000


class NoRoom(exception.TroveError):
    message = '%(reason)s'


class Verifier:
    """The verifications of one guest."""

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
    ) -> None:
        self._supervisor = supervisor
        self._reporter = reporter
        self._lock = threading.Lock()
        self._running: str | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Remove what an agent before this one has left."""
        driver = self._supervisor.driver
        if NEEDS in driver.capabilities:
            driver.drop_scratch()

    def stop(self) -> None:
        self._stopping.set()

    def doing(self) -> str | None:
        """Return what must not be interrupted, None when nothing must."""
        running = self._running
        return None if running is None else f'backup {running} is verified'

    def begin(
        self, context: Context, info: Mapping[str, Any], access: Any
    ) -> None:
        """Begin to verify a backup, unless one is being verified."""
        backup_id = str(info['id'])
        with self._lock:
            if self._running is not None:
                LOG.info(
                    'Backup %s is not verified while %s is.',
                    backup_id,
                    self._running,
                )
                return
            self._running = backup_id
        threading.Thread(
            target=self._work,
            args=(context, dict(info), dict(access)),
            name='verification',
            daemon=True,
        ).start()

    def _work(
        self, context: Context, info: dict[str, Any], access: dict[str, Any]
    ) -> None:
        backup_id = str(info['id'])
        ended = threading.Event()
        ticker = threading.Thread(
            target=self._tick, args=(context, backup_id, ended), daemon=True
        )
        ticker.start()
        try:
            told = self._verify(context, info, access)
        # Somebody waits for the outcome, whatever it is.
        except Exception as error:  # noqa: BLE001
            told = _outcome(error)
        finally:
            ended.set()
            with self._lock:
                self._running = None
        ticker.join()
        LOG.info('Backup %s: %s', backup_id, told)
        if not self._stopping.is_set():
            self._tell(context, backup_id, told)

    def _tick(
        self, context: Context, backup_id: str, ended: threading.Event
    ) -> None:
        while not ended.wait(_INTERVAL):
            self._tell(context, backup_id, {'state': 'RUNNING'})

    def _tell(
        self, context: Context, backup_id: str, told: dict[str, str]
    ) -> None:
        try:
            self._reporter.backup(context, backup_id, verification=told)
        except exception.TroveError as error:
            LOG.warning(
                'The verification of backup %s could not be reported: %s The '
                'task manager orders it again.',
                backup_id,
                error,
            )

    def _verify(
        self, context: Context, info: dict[str, Any], access: dict[str, Any]
    ) -> dict[str, str]:
        driver = self._supervisor.driver
        chain = restores.ordered(context, info, access)
        directory = driver.scratch()
        try:
            guard = _Guard(directory, self._stopping)
            guard.check(int(access.get('room') or 0))
            driver.verify_backup(
                [
                    dataclasses.replace(link, read=guard.watched(link))
                    for link in chain
                ],
                directory,
            )
        except exception.DatastoreError:
            # A program fails as well when nothing is left.
            guard.check()
            raise
        finally:
            driver.drop_scratch()
        return {'state': 'VERIFIED'}


class _Guard:
    """Watches the free room of a directory."""

    def __init__(
        self, directory: pathlib.Path, stopping: threading.Event
    ) -> None:
        self._directory = directory
        self._stopping = stopping

    def check(self, wanted: int = 0) -> None:
        """Return when so many bytes are free, and more.

        :raises NoRoom: they are not
        """
        if self._stopping.is_set():
            raise NoRoom(reason='The guest agent is stopped.')
        found = os.statvfs(self._directory)
        free = found.f_bavail * found.f_frsize
        kept = min(_MOST_FREE, found.f_blocks * found.f_frsize // _FREE)
        if free < wanted + kept:
            raise NoRoom(
                reason=f'The volume has {free >> 20} MiB free, of which '
                f'{kept >> 20} MiB stay free; to verify it takes '
                f'{wanted >> 20} MiB and more. Make the volume larger, or '
                'restore the backup into a new instance to prove it.'
            )

    def watched(
        self, link: backups.Link
    ) -> Callable[[], Generator[bytes, None, None]]:
        def read() -> Generator[bytes, None, None]:
            for piece in link.read():
                self.check()
                yield piece

        return read


def _outcome(error: Exception) -> dict[str, str]:
    """Return what to report: is it the backup, or is it something else?"""
    damaged = isinstance(
        error,
        exception.DatastoreError
        | exception.ObjectDamaged
        | exception.ObjectMissing,
    )
    reason = masking.error(' '.join(str(error).split()), _MOST_REASON)
    return {'state': 'FAILED' if damaged else 'ERROR', 'reason': reason}
