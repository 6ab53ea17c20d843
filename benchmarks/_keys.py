# SPDX-License-Identifier: Apache-2.0
"""One key that both sides of a measurement have."""

from __future__ import annotations

from collections.abc import Sequence

_KEY = 'a key of thirty-two characters..'


class Keys:
    """Keys for :class:`trove.common.rpc.Transport`.

    :param identity: the instance whose guest has them
    """

    def __init__(
        self, identity: str | None = None, key: str = _KEY
    ) -> None:
        self.identity = identity
        self._key = key

    def sealing(self, interface: str, peer: str | None) -> str | None:
        return self._key

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> Sequence[str]:
        return (self._key,)

    def opened(self, interface: str, sender: str | None, key: str) -> None:
        """Nothing follows from it."""

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        return False
