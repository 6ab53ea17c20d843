# SPDX-License-Identifier: Apache-2.0
"""The interface of a carrier of messages."""

from __future__ import annotations

from typing import Any
from typing import Protocol


class Network(Protocol):
    """Carries the messages of a world.

    :ivar cut_off: processes that cannot reach it
    :ivar tag: put on each message that is sent
    """

    cut_off: set[str]
    tag: str | None

    def connection(self, process: str) -> Any:
        """The connection of a process, for its transport."""

    def listening(self, topic: str) -> list[Any]:
        """The servers of a topic that can be reached."""

    def waiting(self) -> set[str | None]:
        """The tags of the casts that wait for somebody to take them."""

    def settle(self) -> None:
        """Return when all has been done that can be."""
