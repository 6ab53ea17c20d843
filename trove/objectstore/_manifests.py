# SPDX-License-Identifier: Apache-2.0
"""Large objects: manifests of parts, and manifests of those."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import hashlib

from trove.objectstore import base

#: Writes a manifest with a name, and returns it as a part.
Write = Callable[[str, Sequence[base.Part]], base.Part]


def md5(data: bytes | bytearray) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def checksum(parts: Iterable[base.Part]) -> str:
    """Return the checksum of a large object in Swift."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part.checksum.encode())
    return digest.hexdigest()


def part_name(name: str, number: int) -> str:
    """Return the name of a part, as in released Trove."""
    return f'{name}_{number:08d}'


def manifest_name(name: str, number: int) -> str:
    """Return the name of a manifest that another one lists."""
    return f'{name}_manifest_{number:08d}'


class Manifests:
    """Collects parts, and writes a manifest for each full list of them.

    So memory does not grow with the number of parts. If one manifest can list
    all parts, it is the only one, as in released Trove.

    :param name: of the object, without suffix
    :param limit: maximum number of entries of a manifest; at least 2
    :ivar written: number of begun manifests, without the last one
    """

    def __init__(self, name: str, limit: int, write: Write) -> None:
        self._name = name
        self._limit = limit
        self._write = write
        #: Entries without a manifest yet: parts, manifests of those, ...
        self._levels: list[list[base.Part]] = [[]]
        self.written = 0

    def add(self, part: base.Part) -> None:
        self._add(0, part)

    def _add(self, level: int, part: base.Part) -> None:
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == self._limit:
            self._close(level)
        self._levels[level].append(part)

    def _close(self, level: int) -> None:
        """Write a manifest of a level, and add it to the next level."""
        name = manifest_name(self._name, self.written)
        self.written += 1
        parts, self._levels[level] = self._levels[level], []
        self._add(level + 1, self._write(name, parts))

    def finish(self, name: str) -> base.Part:
        """Write the manifest of the whole object under this name."""
        level = 0
        while level < len(self._levels) - 1:
            self._close(level)
            level += 1
        return self._write(name, self._levels[level])


class Fold:
    """Computes the checksum of a large object from its parts.

    For readers without access to the manifests of :class:`Manifests`.

    :param first: size of the first manifest that another lists; None if
        there is just one manifest
    """

    def __init__(self, first: int | None) -> None:
        self._first = first
        self._early: list[base.Part] = []
        self._manifests: Manifests | None = None

    def add(self, part: base.Part) -> None:
        if self._manifests is not None:
            self._manifests.add(part)
            return
        self._early.append(part)
        if sum(each.size for each in self._early) == self._first:
            # This is the number of entries of a manifest.
            self._manifests = Manifests('', len(self._early), _joined)
            for each in self._early:
                self._manifests.add(each)

    def checksum(self) -> str:
        if self._manifests is None:
            return checksum(self._early)
        return self._manifests.finish('').checksum


def _joined(name: str, parts: Sequence[base.Part]) -> base.Part:
    return base.Part(name, checksum(parts), sum(part.size for part in parts))
