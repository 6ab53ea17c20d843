# SPDX-License-Identifier: Apache-2.0
"""Storing of objects in Swift, completely or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import functools
import logging

from trove.common import exception
from trove.objectstore import _account
from trove.objectstore import _manifests
from trove.objectstore import base

LOG = logging.getLogger(__name__)


class Saving:
    """The storing of one object of a container.

    :param stem: its name without suffix
    :param final: its name
    """

    def __init__(
        self,
        account: _account.Account,
        container: str,
        stem: str,
        final: str,
        metadata: Mapping[str, str],
        progress: base.Progress | None = None,
        delete_after: int | None = None,
    ) -> None:
        self._account = account
        self._container = container
        self._stem = stem
        self._final = final
        self._metadata = metadata
        self._progress = progress
        self._delete_after = delete_after
        self._size = 0
        #: Number of parts that may exist.
        self._begun: int = 0
        self._parts: list[base.Part] = []
        self._only: base.Part | None = None

    @functools.cached_property
    def _manifests(self) -> _manifests.Manifests:
        return _manifests.Manifests(
            self._stem, self._account.manifest_limit(), self._write
        )

    def _write(self, name: str, parts: Sequence[base.Part]) -> base.Part:
        last = name == self._final
        return self._account.put_manifest(
            self._container,
            name,
            parts,
            self._metadata if last else {},
            self._delete_after,
        )

    def put(self, number: int, data: bytearray) -> None:
        """Store a part, verified by Swift."""
        name = _manifests.part_name(self._stem, number)
        self._begun = number + 1
        checksum = _manifests.md5(data)
        self._account.put(
            self._container, name, data, checksum, {}, self._delete_after
        )
        self.add(base.Part(name, checksum, len(data)))

    def put_only(self, data: bytearray) -> None:
        """Store an object of a single part."""
        checksum = _manifests.md5(data)
        self._account.put(
            self._container,
            self._final,
            data,
            checksum,
            self._metadata,
            self._delete_after,
        )
        self._only = base.Part(self._final, checksum, len(data))
        self._tell(len(data))

    def add(self, part: base.Part) -> None:
        """Add a stored part."""
        if self._account.access.is_owner:
            self._manifests.add(part)
        else:
            self._parts.append(part)
        self._tell(part.size)

    def _tell(self, more: int) -> None:
        self._size += more
        if self._progress is not None:
            self._progress(self._size)

    def finish(self) -> base.Stored:
        """Assemble the object, if the access permits that."""
        if self._parts:
            checksum = _manifests.checksum(self._parts)
        else:
            whole = self._only or self._manifests.finish(self._final)
            checksum = whole.checksum
        location = '/'.join(
            (self._account.access.storage_url, self._container, self._final)
        )
        return base.Stored(location, checksum, self._size, self._parts)

    def undo(self) -> None:
        """Delete its parts after a failure."""
        manifests = 0
        if '_manifests' in self.__dict__:
            manifests = self._manifests.written
        names = [
            self._final,
            *(
                _manifests.manifest_name(self._stem, number)
                for number in reversed(range(manifests))
            ),
            *(
                _manifests.part_name(self._stem, number)
                for number in reversed(range(self._begun))
            ),
        ]
        for index, name in enumerate(names):
            try:
                self._account.delete_one(self._container, name)
            except exception.ObjectStoreDenied as error:
                # Of a log: the next try stores it again.
                LOG.info('What was stored in part is left: %s', error)
                return
            except exception.ObjectStoreError as error:
                LOG.error(
                    'Could not delete up to %(count)d objects of a failed '
                    'backup in container %(container)s: %(names)s. %(error)s '
                    'Delete the backup, or these objects.',
                    {
                        'count': len(names) - index,
                        'container': self._container,
                        'names': f'{name}, {self._stem}_*',
                        'error': error,
                    },
                )
                return
