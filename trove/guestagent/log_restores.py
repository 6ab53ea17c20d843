# SPDX-License-Identifier: Apache-2.0
"""Reads the archived log that is replayed on top of a backup."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping
import logging
from typing import Any
from typing import Final
import zlib

from trove import objectstore
from trove.common import exception
from trove.guestagent import log_archive
from trove.guestagent.datastores import archive
from trove.objectstore import base as stores

LOG = logging.getLogger(__name__)

_PIECE: Final = 1 << 20


def ordered(log: Mapping[str, Any]) -> archive.Replay:
    """Return what is to be replayed.

    :param log: ``until``, ``container``, ``prefix``, ``series``, the numbers
        ``first`` and ``last``, and ``store`` for
        :func:`trove.objectstore.open_store`
    :raises trove.common.exception.BadRequest: it is malformed
    """
    try:
        until = archive.from_text(str(log['until']))
        store = objectstore.open_store(log['store'])
        container, prefix = str(log['container']), str(log['prefix'])
        names = [
            log_archive.name(prefix, int(log['series']), number)
            for number in range(int(log['first']), int(log['last']) + 1)
        ]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise exception.BadRequest(
            reason='The order to replay a log is malformed. Upgrade the task '
            'managers.'
        ) from None
    return archive.Replay(until, lambda: _pieces(store, container, names))


def _pieces(
    store: stores.Store, container: str, names: list[str]
) -> Iterator[Generator[bytes, None, None]]:
    """Yield the pieces in a row of objects, without compression.

    Each is read to its end before the next one.
    """
    data = _Data(store, container, names)
    while data.more():
        yield _piece(data)


class _Data:
    """The bytes of a row of objects, and what was read too many of them."""

    def __init__(
        self, store: stores.Store, container: str, names: list[str]
    ) -> None:
        self._pieces = _read(store, container, names)
        self.rest = b''

    def more(self) -> bytes:
        """Return some that were not read yet; none at the end."""
        while not self.rest:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self.rest = piece
        return self.rest


def _read(
    store: stores.Store, container: str, names: list[str]
) -> Generator[bytes, None, None]:
    for name in names:
        LOG.info('Replaying %s', name)
        location = store.location(container, name + log_archive.SUFFIX)
        yield from store.read(location, None)


def _piece(data: _Data) -> Generator[bytes, None, None]:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while not unpacker.eof and (found := data.more()):
        try:
            unpacked = unpacker.decompress(found, _PIECE)
        except zlib.error as error:
            raise exception.ObjectDamaged(
                action='read the archived log',
                reason=f'it is malformed ({error})',
                remedy='Restore another time.',
            ) from None
        data.rest = unpacker.unconsumed_tail or unpacker.unused_data
        yield unpacked
