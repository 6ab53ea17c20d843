# SPDX-License-Identifier: Apache-2.0
"""Reading of an object, with new connections after failures."""

from __future__ import annotations

from collections.abc import Callable
import logging
import time
from typing import Protocol

import urllib3

from trove.objectstore import _retry
from trove.objectstore import errors

LOG = logging.getLogger(__name__)

#: Errors of a connection that breaks within an answer.
BROKEN: tuple[type[Exception], ...] = (urllib3.exceptions.HTTPError, OSError)


class Data(Protocol):
    """The body of an answer."""

    def read(self, size: int, /) -> bytes:
        """Return as many bytes; fewer only at the end."""

    def close(self) -> None:
        """Close the connection, if it is not at its end."""


class Arriving:
    """The data of an object, with new connections after failures.

    :param get: requests the data from an offset on
    :ivar offset: number of bytes that were read
    """

    def __init__(
        self,
        get: Callable[[int], Data],
        size: int,
        retry: _retry.Retry,
        action: str,
    ) -> None:
        self.offset = 0
        self._get = get
        self._size = size
        self._retry = retry
        self._action = action
        self._answer: Data | None = None

    def read(self, size: int) -> bytes:
        """Return as many bytes; fewer only at the end."""
        size = min(size, self._size - self.offset)
        failed = 0
        while size:
            try:
                if self._answer is None:
                    self._answer = self._get(self.offset)
                piece: bytes = self._answer.read(size)
            except BROKEN as error:
                reason = _retry.bare(error)
            else:
                if len(piece) == size:
                    self.offset += size
                    return piece
                reason = 'the answer ended early'
            failed += 1
            self._take_up(failed, reason)
        return b''

    def _take_up(self, failed: int, reason: str) -> None:
        self.close()
        if failed >= self._retry.attempts:
            raise errors.unreachable(
                self._action,
                f'the connection broke {failed} times at byte {self.offset}: '
                f'{reason}',
            )
        LOG.warning(
            'The connection to the object store broke at byte %(offset)d '
            'of the attempt to %(action)s: %(reason)s. Resuming there. Check '
            'the object store if this persists.',
            {
                'action': self._action,
                'offset': self.offset,
                'reason': reason,
            },
        )
        time.sleep(self._retry.after(failed))

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None
