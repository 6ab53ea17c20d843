# SPDX-License-Identifier: Apache-2.0
"""Whether a database server is of the version that was ordered.

And whether it is too old for data of another one.
"""

from __future__ import annotations

import re

_NUMBERS = re.compile(r'\d{1,6}(?:\.\d{1,6}){0,3}')


def number(text: object) -> str | None:
    """Return the number that a version begins with, None when it has none.

    :param text: such as ``18``, ``18.6`` or ``18.6 (Debian 18.6-1)``
    """
    found = _NUMBERS.match(text) if isinstance(text, str) else None
    return found[0] if found else None


def fits(found: str, ordered: str | None) -> bool:
    """Say whether a version is the one that was ordered.

    :param found: that of the server, such as ``18.6``
    :param ordered: that of the datastore version; ``18`` is any 18, and what
        does not begin with a number promises none
    """
    wanted = number(ordered)
    if wanted is None:
        return True
    pairs = zip(found.split('.'), wanted.split('.'), strict=False)
    return all(int(one) == int(other) for one, other in pairs)


def is_older(version: str | None, than: str | None, parts: int) -> bool:
    """Say whether a version is of an older series than another one.

    :param parts: how many numbers name a series: of 18.6 it is 1, of 10.11.6
        it is 2
    :returns: False if one of them has no number
    """
    one, other = number(version), number(than)
    if one is None or other is None:
        return False
    return _first(one, parts) < _first(other, parts)


def series(manager: str | None) -> int:
    """Return how many numbers name a series of versions of a datastore.

    All versions of a series use the same data.
    """
    return 1 if manager == 'postgresql' else 2


def can_change_series(manager: str | None) -> bool:
    """Return whether data of one series can be made those of a newer one."""
    return manager == 'postgresql'


def _first(version: str, parts: int) -> list[int]:
    return [int(each) for each in version.split('.')[:parts]]
