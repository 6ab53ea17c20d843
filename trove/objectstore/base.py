# SPDX-License-Identifier: Apache-2.0
"""The interface of object stores.

A store keeps objects in containers. Objects are written and read as streams,
with at most 64 MiB of them in memory. An object is stored completely or not at
all, and is completely verified when it is read.

All errors are subclasses of :class:`trove.common.exception.ObjectStoreError`,
and have a remedy.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import Final
from typing import Protocol

#: Objects that are deleted at once, unless told otherwise.
MOST: Final = 100_000

#: Called with the number of bytes so far; from any thread, one at a time.
Progress = Callable[[int], None]


class Source(Protocol):
    """A source of bytes: a pipe or a binary file, open for reading."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most ``size`` bytes; none at the end."""


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
    """A stored object.

    :ivar location: its URL, by which the store finds it
    :ivar checksum: the MD5 of its data; of a large object, the MD5 of the
        concatenated hexadecimal MD5s of its parts
    :ivar size: in bytes
    :ivar parts: not empty if only the parts are stored, because the writer
        may not assemble the object: the control plane does it, see
        :meth:`Store.assemble`
    """

    location: str
    checksum: str
    size: int
    parts: Sequence[Part] = ()


@dataclasses.dataclass(frozen=True)
class Head:
    """An existing object.

    :ivar metadata: names in lower case, such as ``parent-checksum``, without
        the prefix of the store; Swift shows none without a token
    """

    location: str
    checksum: str
    size: int
    metadata: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry in the list of a container; ``size`` is in bytes.

    For a large object it may be the size of the manifest: use the head.
    """

    name: str
    size: int


class Store(abc.ABC):
    """Stores objects, and finds them by their location.

    It is not thread-safe. Connections are opened at the first use.
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
        delete_after: int | None = None,
    ) -> Stored:
        """Store all data of the source as object ``name`` + ``suffix``.

        A missing container is created. The names of parts are ``name``, an
        underscore and a number of eight digits. Do not use these names for
        other objects: leftover parts are deleted with the object.

        After a failure nothing remains. A source must raise if its writer
        failed, because an early end is not detected.

        :param name: unique, such as the id of a backup
        :param metadata: names with letters, digits and hyphens only; values
            in a single line
        :param delete_after: seconds after which the store deletes it by
            itself; None to keep it
        """

    @abc.abstractmethod
    def renew(self, access: Mapping[str, Any]) -> None:
        """Use a later access, as for :func:`trove.objectstore.open_store`.

        It may be called while another thread uses the store.
        """

    @abc.abstractmethod
    def assemble(
        self,
        container: str,
        name: str,
        suffix: str,
        *,
        number: int,
        checksum: str,
        metadata: Mapping[str, str],
    ) -> Stored:
        """Assemble an object from the parts of a writer without token.

        The store is asked for the parts. After a failure they remain: repeat
        it, or delete the location.

        :param name: without suffix
        :param number: of parts, as the writer counted them
        :param checksum: of all parts, as the writer computed it
        :raises trove.common.exception.ObjectDamaged: the parts that are
            stored are others
        """

    @abc.abstractmethod
    def check(self) -> None:
        """Return when the store can be used.

        :raises trove.common.exception.ObjectStoreError: it cannot
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

        The iterator raises at the first piece if the object is missing or
        has another checksum, later if the data are truncated or damaged. So
        discard the former pieces after an error. Close it if it is not
        consumed to the end.

        :param checksum: as in :attr:`Stored.checksum`; None: that of the
            store
        """

    @abc.abstractmethod
    def head(self, location: str) -> Head:
        """Return the metadata of an object.

        :raises trove.common.exception.ObjectMissing: it does not exist
        """

    @abc.abstractmethod
    def location(self, container: str, name: str) -> str:
        """Return the location of an object by its name with suffix.

        It need not exist: an interrupted writer deletes this location.
        """

    @abc.abstractmethod
    def delete(self, location: str) -> None:
        """Delete an object and its parts; idempotent."""

    @abc.abstractmethod
    def discard(self, location: str, most: int = MOST) -> bool:
        """Delete the objects of a backup or of a published log, parts too.

        Others whose names begin so stay. What a writer that died has left is
        removed as well.

        :param location: of the name, such as the id of the backup, without
            suffix
        :param most: delete so many at most
        :returns: whether all are gone; repeat it if not
        """

    @abc.abstractmethod
    def entries(self, container: str, prefix: str = '') -> Iterator[Entry]:
        """Yield the objects with a prefix, parts included, by name.

        A missing container has none.
        """
