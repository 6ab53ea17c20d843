# SPDX-License-Identifier: Apache-2.0
"""Pages of lists."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

T = TypeVar('T', bound=Sequence[Any])


def _first(row: Sequence[Any]) -> str:
    return str(row[0])


def cut(
    rows: Sequence[T],
    limit: int | None,
    marker: Callable[[T], str] = _first,
) -> tuple[Sequence[T], str | None]:
    """Return a page of rows that were read with one more than the limit.

    :param marker: returns the marker of the last row
    :returns: the page, and the marker for the next one or None
    """
    if limit is None or len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, marker(page[-1]) if page else None
