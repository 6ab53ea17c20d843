# SPDX-License-Identifier: Apache-2.0
"""Reading of objects from Swift, completely verified."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import functools
import hashlib

import requests

from trove.common import exception
from trove.objectstore import _account
from trove.objectstore import _arriving
from trove.objectstore import _manifests
from trove.objectstore import base
from trove.objectstore import errors

_PIECE = 1 << 18


class Reading:
    """The reading of one object of a container.

    :param location: for errors
    """

    def __init__(
        self,
        account: _account.Account,
        container: str,
        name: str,
        location: str,
    ) -> None:
        self._account = account
        self._container = container
        self._name = name
        self._location = location
        self._action = f'read {location}'

    def pieces(
        self, checksum: str | None, progress: base.Progress | None
    ) -> Iterator[bytes]:
        """Yield its data; see :meth:`.base.Store.read`."""
        found = self._account.head(self._container, self._name)
        whole = base.Part(
            self._name, _account.etag(found), _account.size(found)
        )
        if checksum not in (None, whole.checksum):
            raise self._damaged(
                f'its checksum is {whole.checksum} instead of {checksum}, as '
                'stored'
            )
        if 'X-Static-Large-Object' not in found.headers:
            parts = iter([whole])
        elif self._account.access.is_owner:
            parts = self._parts(whole)
        else:
            parts = self._named_parts(whole)
        arriving = _arriving.Arriving(
            functools.partial(self._get, whole),
            whole.size,
            self._account.retry,
            self._action,
        )
        with contextlib.closing(arriving):
            for piece in self._verified(arriving, parts):
                yield piece
                if progress is not None:
                    progress(arriving.offset)

    def _damaged(self, reason: str) -> exception.ObjectDamaged:
        return errors.damaged(self._action, reason)

    def _parts(self, manifest: base.Part) -> Iterator[base.Part]:
        """Yield the parts of a large object, those of its manifests too."""
        listed = self._account.listed(self._container, manifest.name)
        if _manifests.checksum(part for part, _ in listed) != (
            manifest.checksum
        ):
            raise self._damaged(f'manifest {manifest.name} does not match')
        for part, is_manifest in listed:
            if is_manifest:
                yield from self._parts(part)
            else:
                yield part

    def _named_parts(self, whole: base.Part) -> Iterator[base.Part]:
        """Yield the parts of a large object by their names.

        Manifests are not accessible with signed URLs.
        """
        stem = self._name.partition('.')[0]
        first = None
        with contextlib.suppress(exception.ObjectMissing):
            first = self._part(_manifests.manifest_name(stem, 0)).size
        fold = _manifests.Fold(first)
        number = size = 0
        while size < whole.size:
            part = self._part(_manifests.part_name(stem, number))
            if not part.size:
                # There could be any number of them.
                raise self._damaged(f'its part {part.name} is empty')
            number += 1
            size += part.size
            fold.add(part)
            yield part
        if fold.checksum() != whole.checksum:
            raise self._damaged('its parts do not match its checksum')

    def _part(self, name: str) -> base.Part:
        return self._account.part(self._container, name)

    def _verified(
        self, arriving: _arriving.Arriving, parts: Iterator[base.Part]
    ) -> Iterator[bytes]:
        """Yield pieces, but not the end of a part that does not match."""
        for part in parts:
            digest = hashlib.md5(usedforsecurity=False)
            left = part.size
            while left:
                piece = arriving.read(min(left, _PIECE))
                if not piece:
                    raise self._damaged(f'it ends within {part.name}')
                digest.update(piece)
                left -= len(piece)
                if not left:
                    self._compare(part, digest.hexdigest())
                yield piece
            if not part.size:
                self._compare(part, digest.hexdigest())
        if arriving.read(1):
            raise self._damaged('it is longer than its parts')

    def _compare(self, part: base.Part, checksum: str) -> None:
        if checksum != part.checksum:
            raise self._damaged(
                f'the checksum of the data of {part.name} is {checksum} '
                f'instead of {part.checksum}'
            )

    def _get(self, whole: base.Part, offset: int) -> _Answer:
        answer = self._account.request(
            'GET',
            self._container,
            self._name,
            action=self._action,
            headers={'Range': f'bytes={offset}-'} if offset else {},
            stream=True,
        )
        length = int(answer.headers.get('Content-Length', -1))
        wanted = whole.size - offset
        if length == wanted and _account.etag(answer) == whole.checksum:
            return _Answer(answer)
        answer.close()
        raise self._damaged(
            f'{length} bytes with checksum {_account.etag(answer)} were '
            f'received from byte {offset} on, instead of {wanted} with '
            f'{whole.checksum}'
        )


class _Answer:
    """The data of an answer."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self.close = answer.close

    def read(self, size: int) -> bytes:
        piece: bytes = self._answer.raw.read(size)
        return piece
