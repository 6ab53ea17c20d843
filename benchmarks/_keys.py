# SPDX-License-Identifier: Apache-2.0
"""One key that both sides of a measurement have."""

from __future__ import annotations

from trove.tests.fixtures import keys

_KEY = 'a key of thirty-two characters..'


def one(identity: str | None = None, key: str = _KEY) -> keys.Keys:
    """Return keys for :class:`trove.common.rpc.Transport`.

    :param identity: the instance whose guest has them
    """
    return keys.Keys(identity, key)
