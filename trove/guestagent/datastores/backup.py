# SPDX-License-Identifier: Apache-2.0
"""What the agent and a driver tell each other about backups.

A driver makes a stream and takes streams; where they are stored is nothing
to it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
import dataclasses
from typing import Protocol

#: What is known of a backup: names in lower case, values in a single line.
Metadata = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Request:
    """A backup to make.

    :param backup_id: its id, which is its label, too
    :param parent: what is known of the backup that it builds on; None for a
        full one
    :param check: raises when the backup is to be given up; called at least
        every second while nothing can be read
    :param apart: it is for a replica, and later ones do not build on it
    """

    backup_id: str
    parent: Metadata | None = None
    check: Callable[[], None] = lambda: None
    apart: bool = False


class Stream(Protocol):
    """A backup while it is made.

    :ivar suffix: how the name of its object ends, such as ``.tar.gz``
    :ivar metadata: what is known of it; complete when it was read to its end
    """

    suffix: str
    metadata: dict[str, str]

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none when it is complete.

        :raises trove.common.exception.TroveError: it will not be complete
        """


@dataclasses.dataclass(frozen=True)
class Link:
    """A stored backup of a chain: a full one, or one that builds on it.

    :param location: names it in errors
    :param read: yields its data; raises when they are not what was stored,
        at the end at the latest
    """

    location: str
    metadata: Metadata
    read: Callable[[], Generator[bytes, None, None]]
