# SPDX-License-Identifier: Apache-2.0
"""Swift, with objects in the format of released Trove.

An object of a single part is a plain object. A larger one is a static large
object of parts ``NAME_00000000``, ``NAME_00000001`` ... in the same container.
Released Trove and this one can read the objects of each other. Its parts have
2 GiB, and their upload is not retried; here they are small enough to be kept
in memory until they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
from typing import Any
from urllib import parse

from trove.objectstore import _account
from trove.objectstore import _keys
from trove.objectstore import _manifests
from trove.objectstore import _names
from trove.objectstore import _reading
from trove.objectstore import _retry
from trove.objectstore import _saving
from trove.objectstore import _upload
from trove.objectstore import access as accesses
from trove.objectstore import base
from trove.objectstore import errors

Retry = _retry.Retry

#: Bytes of a part: two of them are in memory.
PART_SIZE = 16 << 20


def open_with(
    who: accesses.Access, settings: Mapping[str, Any]
) -> SwiftStore:
    """Return a store with the settings of an order, or of the options.

    :param settings: ``attempts``, and keyword arguments of the store; all of
        them may be missing
    """
    others = dict(settings)
    attempts = others.pop('attempts', None)
    return SwiftStore(
        who,
        retry=_retry.Retry(attempts=attempts) if attempts else None,
        **others,
    )


class SwiftStore(base.Store):
    """Keeps objects in one account of Swift.

    With signed URLs it stores parts, but no large objects; it cannot list or
    create containers.

    :param who: the access to the account
    :param part_size: in bytes, at most :data:`PART_SIZE`
    :param verify: as in requests: a boolean, or the path of certificates
    :param timeout: seconds without data after which a request fails
    """

    def __init__(
        self,
        who: accesses.Access,
        *,
        part_size: int = PART_SIZE,
        retry: Retry | None = None,
        verify: bool | str = True,
        timeout: float = 60.0,
    ) -> None:
        self._access = who
        self._part_size = min(part_size, PART_SIZE)
        self._account = _account.Account(
            who, retry or Retry(), timeout, verify
        )

    def save(
        self,
        container: str,
        name: str,
        source: base.Source,
        metadata: Mapping[str, str],
        *,
        suffix: str = '',
        progress: base.Progress | None = None,
        delete_after: int | None = None,
    ) -> base.Stored:
        if self._access.is_owner:
            self._account.make_container(container)
        saving = _saving.Saving(
            self._account,
            container,
            name,
            name + suffix,
            metadata,
            progress,
            delete_after,
        )
        try:
            _upload.upload(
                source, self._part_size, saving.put, saving.put_only
            )
            return saving.finish()
        except BaseException:
            saving.undo()
            raise

    def assemble(
        self,
        container: str,
        name: str,
        suffix: str,
        *,
        number: int,
        checksum: str,
        metadata: Mapping[str, str],
    ) -> base.Stored:
        parts = list(self._account.parts(container, name, number))
        found = _manifests.checksum(parts)
        if found != checksum:
            raise errors.damaged(
                f'assemble {container}/{name}{suffix}',
                f'the checksum of its {number} parts is {found} instead of '
                f'{checksum}, as they were written',
            )
        saving = _saving.Saving(
            self._account, container, name, name + suffix, metadata
        )
        try:
            for part in parts:
                saving.add(part)
            return saving.finish()
        except BaseException:
            saving.undo()
            raise

    def check(self) -> None:
        self._account.check()

    def renew(self, access: Mapping[str, Any]) -> None:
        if isinstance(self._access, accesses.SignedUrls):
            self._access.renew(access['signed'])

    def read(
        self,
        location: str,
        checksum: str | None,
        *,
        progress: base.Progress | None = None,
    ) -> Iterator[bytes]:
        container, name = self._find(location)
        reading = _reading.Reading(self._account, container, name, location)
        return reading.pieces(checksum, progress)

    def head(self, location: str) -> base.Head:
        answer = self._account.head(*self._find(location))
        prefix = _account.META
        return base.Head(
            location,
            _account.etag(answer),
            _account.size(answer),
            {
                key.lower().removeprefix(prefix): value
                for key, value in answer.headers.items()
                if key.lower().startswith(prefix)
            },
        )

    def location(self, container: str, name: str) -> str:
        return '/'.join((self._access.storage_url, container, name))

    def delete(self, location: str) -> None:
        container, name = self._find(location)
        self._account.delete_one(container, name)
        if self._access.is_owner:
            stem = name.partition('.')[0]
            for each in list(self._objects(container, stem, '_')):
                self._account.delete_one(container, each)

    def discard(self, location: str, most: int = base.MOST) -> bool:
        container, stem = self._find(location)
        names = list(
            itertools.islice(self._objects(container, stem), most + 1)
        )
        # Large objects too: their manifests may name what is not theirs.
        for each in names[:most]:
            self._account.delete_one(container, each)
        return len(names) <= most

    def _objects(
        self, container: str, stem: str, more: str = ''
    ) -> Iterator[str]:
        """Yield the names of the objects of a backup.

        :param more: how they begin after its name
        """
        return _names.of(
            stem,
            self._account.entries(container, stem + more),
            f'delete {container}/{stem}',
        )

    def sign(
        self,
        container: str,
        prefixes: Sequence[str],
        *,
        methods: Sequence[str],
        expires: int,
    ) -> list[dict[str, Any]]:
        """Return TempURLs for a guest without a token, for each prefix.

        A missing container or key is created. Parameters and results are
        those of :func:`.access.sign`.
        """
        self._account.make_container(container)
        key = _keys.current(self._account, container)
        return [
            accesses.sign(
                self._access.storage_url,
                key,
                container,
                prefix,
                methods=methods,
                expires=expires,
            )
            for prefix in prefixes
        ]

    def sign_reading(self, location: str, *, expires: int) -> dict[str, Any]:
        """Return TempURLs to read an object and its parts.

        :param expires: in seconds since the epoch
        """
        container, name = self._find(location)
        return accesses.sign(
            self._access.storage_url,
            _keys.current(self._account, container),
            container,
            name.partition('.')[0],
            methods=('GET',),
            expires=expires,
        )

    def rotate(self, container: str, now: float) -> None:
        """Rotate the keys of TempURLs if that is due; see :mod:`._keys`.

        :param now: in seconds since the epoch
        """
        _keys.rotate(self._account, container, now)

    def entries(
        self, container: str, prefix: str = ''
    ) -> Iterator[base.Entry]:
        return self._account.entries(container, prefix)

    def _find(self, location: str) -> tuple[str, str]:
        """Return container and name of a location in the account.

        The address of Swift may have changed since the object was stored.
        """
        account = self._access.storage_url.rpartition('/')[2]
        path = parse.urlsplit(location).path
        container, _, name = path.partition(f'/{account}/')[2].partition('/')
        if not container or not name:
            raise errors.refused(
                f'find {location!r}',
                f'it is not the URL of an object in account {account}',
            )
        return container, name
