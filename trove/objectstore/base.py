# SPDX-License-Identifier: Apache-2.0
"""The interface of object stores.

A store keeps objects in containers. An object is written and read as a
stream: whatever its size, a store holds at most 64 MiB of it in memory. What
is written is all there, or nothing of it is; what is read is verified to its
last byte.

Errors, all with a remedy, are those below
:class:`trove.common.exception.ObjectStoreError`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Protocol

#: Is told the bytes stored or read so far; from any thread, one at a time.
Progress = Callable[[int], None]


class Source(Protocol):
    """What can be stored: a pipe or a file, opened to read bytes."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most ``size`` bytes; none of them at the end."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a large object, in the container of the object.

    :ivar checksum: MD5 of its data, hexadecimal
    :ivar size: in bytes
    """

    name: str
    checksum: str
    size: int


@dataclasses.dataclass(frozen=True)
class Stored:
    """An object that was stored.

    :ivar location: its URL, from which the store finds it again
    :ivar checksum: the MD5 of its data; of a large object, the MD5 of the
        hexadecimal MD5s of its parts, one after the other
    :ivar size: in bytes
    :ivar parts: not empty if the parts are stored, but the object is not
        there yet, because the writer may only write parts: somebody with a
        token calls :meth:`Store.assemble` with them
    """

    location: str
    checksum: str
    size: int
    parts: Sequence[Part] = ()


@dataclasses.dataclass(frozen=True)
class Head:
    """An object that is there.

    :ivar metadata: names in lower case, such as ``parent-checksum``, without
        the prefix that the store puts before them; Swift shows none to who
        has no token
    """

    location: str
    checksum: str
    size: int
    metadata: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """An object in the list of a container; ``size`` is in bytes.

    A large object may have the size of its manifest here: see its head.
    """

    name: str
    size: int


class Store(abc.ABC):
    """Stores objects, and finds them again by their location.

    A store is for one thread. It opens connections when it is used.
    """

    @abc.abstractmethod
    def save(
        self,
        container: str,
        name: str,
        source: Source,
        metadata: Mapping[str, str],
        *,
        suffix: str = '',
        progress: Progress | None = None,
    ) -> Stored:
        """Store all that the source has as object ``name`` + ``suffix``.

        The container is made if it is not there. Parts are named ``name``,
        an underscore and a number of eight digits. No other object may be
        named so: what is left of them is deleted with the object.

        If it fails, for whatever reason, nothing stays behind. So it does if
        the source raises: let a source do that whose writer failed, for a
        stream that ends early looks like one that is complete.

        :param name: of one backup only, such as its id
        :param metadata: names with letters, digits and hyphens only; values
            in a single line
        """

    @abc.abstractmethod
    def assemble(
        self,
        container: str,
        name: str,
        parts: Sequence[Part],
        metadata: Mapping[str, str],
    ) -> Stored:
        """Make an object of parts that were stored by a writer without token.

        :param name: with its suffix
        If it fails, the parts stay: repeat it, or delete the location.

        :param parts: as :attr:`Stored.parts` has them
        """

    @abc.abstractmethod
    def read(
        self,
        location: str,
        checksum: str | None,
        *,
        progress: Progress | None = None,
    ) -> Iterator[bytes]:
        """Yield the data of an object, in pieces of at most 1 MiB.

        The iterator raises, at the first piece if the object is missing or
        has another checksum, later if the data is cut or does not match. So
        whoever consumes it must not take what came so far for complete.
        Close it if it is not consumed to the end.

        :param checksum: as :attr:`Stored.checksum` had it; None verifies the
            data against what the store itself says
        """

    @abc.abstractmethod
    def head(self, location: str) -> Head:
        """Return what is known of an object.

        :raises trove.common.exception.ObjectMissing: it is not there
        """

    @abc.abstractmethod
    def location(self, container: str, name: str) -> str:
        """Return where an object of this name, with its suffix, is stored.

        So who was interrupted deletes what there may be of it.
        """

    @abc.abstractmethod
    def delete(self, location: str) -> None:
        """Delete an object and its parts; one that is gone already is fine."""

    @abc.abstractmethod
    def discard(self, location: str) -> None:
        """Remove all objects whose location begins so, parts too.

        :param location: of a name of one backup, such as its id, without
            suffix; what a writer that died has left is removed as well
        """

    @abc.abstractmethod
    def entries(self, container: str, prefix: str = '') -> Iterator[Entry]:
        """Yield the objects whose name begins so, parts too, by name.

        There are none in a container that does not exist.
        """
