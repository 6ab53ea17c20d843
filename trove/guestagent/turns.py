# SPDX-License-Identifier: Apache-2.0
"""A lock that is given in the order in which it is asked for.

Orders that do not wait for each other arrive in the order in which they were
given ("create the database", "create its user") and are carried out by
threads; this keeps them in order.
"""

from __future__ import annotations

import threading


class Turns:
    """Use it in ``with``; it is not reentrant."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given = 0
        self._current = 0

    def __enter__(self) -> None:
        with self._changed:
            mine = self._given
            self._given += 1
            self._changed.wait_for(lambda: self._current == mine)

    def __exit__(self, *exc_info: object) -> None:
        with self._changed:
            self._current += 1
            self._changed.notify_all()
