# SPDX-License-Identifier: Apache-2.0
"""Tells how far a backup is, and not too often."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import time
from typing import Any
from typing import Final

from trove.common import exception

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
