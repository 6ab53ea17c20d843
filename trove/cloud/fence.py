# SPDX-License-Identifier: Apache-2.0
"""A fence around a cloud, see :meth:`trove.cloud.base.Cloud.fenced`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: What only looks.
LOOKS = frozenset(
    {
        *('list_flavors', 'get_flavor', 'get_server', 'console'),
        'check_rebuild',
        *('get', 'get_snapshot', 'has_snapshots', 'detachable'),
        *('addresses', 'refusal_to_place'),
    }
)


class Part:
    """A part of a cloud whose driver makes no checks of its own."""

    def __init__(self, part: Any, check: Callable[[], None]) -> None:
        self._part = part
        self._check = check

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        if name in LOOKS:
            return call

        def checked(*args: Any, **kwargs: Any) -> Any:
            self._check()
            return call(*args, **kwargs)

        return checked
