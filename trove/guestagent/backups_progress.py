# SPDX-License-Identifier: Apache-2.0
"""Reads a backup that is stored, and tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import time
from typing import Any
from typing import Final

from trove.common import exception
from trove.guestagent import log_archive
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base

LOG = logging.getLogger(__name__)

#: Seconds between two reports of how far it is; after one that failed.
_INTERVAL: Final = 2.0
_PAUSE: Final = 60.0


class Progress:
    """Tells now and then how many bytes are stored.

    :param tell: is given fields of the backup; what it raises is no reason
        to give up the backup
    :param about: fields that are told with it
    """

    def __init__(
        self,
        tell: Callable[[dict[str, Any]], None],
        about: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = tell
        self._about = about
        self._clock = clock
        self._next = clock()

    def __call__(self, stored: int) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        try:
            self._report({**self._about, 'progress': stored})
        except exception.TroveError as error:
            self._next = now + _PAUSE
            LOG.debug('Progress was not reported: %s', error)


class Source:
    """What is stored of a stream, up to when ``check`` raises.

    :param known: gets the time of its end, if a log goes on from there
    """

    def __init__(
        self,
        stream: backups.Stream,
        check: Callable[[], None],
        known: dict[str, str],
        driver: base.Driver,
    ) -> None:
        self._stream = stream
        self._check = check
        self._known = known
        self._driver = driver

    def read(self, size: int) -> bytes:
        self._check()
        piece = self._stream.read(size)
        if not piece and log_archive.SERIES in self._known:
            ended = archive.to_text(self._driver.log_time())
            self._known[log_archive.TIME] = ended
        return piece
