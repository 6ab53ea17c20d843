# SPDX-License-Identifier: Apache-2.0
"""Checksums of objects in S3, with and without its keys.

The checksum of an object of several parts is the MD5 of their binary MD5s. S3
adds a hyphen and their number, which are omitted here: a checksum has 32
digits in all stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import hashlib
import re
from typing import Final

from trove.objectstore import _arriving
from trove.objectstore import base
from trove.objectstore import errors

#: Metadata of the store, required to compute the checksum again.
SIZE_KEY: Final = 'trove-part-size'
#: What follows the name of an object whose metadata are an object, because
#: its writer could not sign them.
METADATA: Final = '.metadata'
#: Bytes of such an object, at most.
METADATA_SIZE: Final = 1 << 14

_PIECE: Final = 1 << 18


def etag(text: str) -> str:
    """Return the checksum for what S3 says."""
    return text.strip('"').partition('-')[0]


def large(digests: bytes) -> str:
    """Return the checksum of an object for the binary MD5s of its parts."""
    return hashlib.md5(digests, usedforsecurity=False).hexdigest()


def part_size(metadata: Mapping[str, str], size: int, action: str) -> int:
    """Return the size of the parts of an object, which its writer chose.

    :param size: of the object, if it has no parts
    :raises trove.common.exception.ObjectDamaged: it is malformed
    """
    said = metadata.get(SIZE_KEY, str(size or 1))
    if not re.fullmatch('[1-9][0-9]{0,14}', said):
        raise errors.damaged(action, f'its {SIZE_KEY} is {said[:20]!r}')
    return int(said)


def checked(
    arriving: _arriving.Arriving,
    size: int,
    part_bytes: int,
    whole: str,
    action: str,
    progress: base.Progress | None,
) -> Iterator[bytes]:
    """Yield the data of an object; see :meth:`.base.Store.read`.

    :param whole: the checksum that they must have
    :raises trove.common.exception.ObjectDamaged: they have another one
    """
    digest = _Digest(part_bytes)
    with contextlib.closing(arriving):
        while piece := arriving.read(min(_PIECE, size - arriving.offset)):
            digest.update(piece)
            if arriving.offset == size and digest.checksum() != whole:
                break
            yield piece
            if progress is not None:
                progress(arriving.offset)
    if digest.checksum() != whole:
        raise errors.damaged(
            action,
            f'the checksum of its data is {digest.checksum()} instead of '
            f'{whole}',
        )


class _Digest:
    """Computes the checksum of an object whose parts have a known size."""

    def __init__(self, part_size: int) -> None:
        self._part_size = part_size
        self._digests = b''
        self._part = hashlib.md5(usedforsecurity=False)
        self._room = part_size

    def update(self, piece: bytes) -> None:
        while piece:
            if not self._room:
                self._digests += self._part.digest()
                self._part = hashlib.md5(usedforsecurity=False)
                self._room = self._part_size
            mine, piece = piece[: self._room], piece[self._room :]
            self._part.update(mine)
            self._room -= len(mine)

    def checksum(self) -> str:
        if not self._digests:
            return self._part.hexdigest()
        return large(self._digests + self._part.digest())
