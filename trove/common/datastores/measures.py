# SPDX-License-Identifier: Apache-2.0
"""Amounts with a unit, as PostgreSQL has them: ``64MB``, ``5s``."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Final

#: Bytes, and microseconds.
_MEMORY: Final[Mapping[str, int]] = {
    'B': 1,
    'kB': 1024,
    'MB': 1024**2,
    'GB': 1024**3,
    'TB': 1024**4,
}
_TIME: Final[Mapping[str, int]] = {
    'us': 1,
    'ms': 1000,
    's': 1000**2,
    'min': 60 * 1000**2,
    'h': 3600 * 1000**2,
    'd': 24 * 3600 * 1000**2,
}
#: PostgreSQL counts some memory in pages.
_PAGES: Final[dict[str, int]] = {'8kB': 8 * 1024}

_AMOUNT = re.compile(r'(-?[0-9]+(?:[.][0-9]+)?) ?([A-Za-z]*)')


def units(base: str) -> tuple[str, ...]:
    """Return the units that can be given instead of a base unit."""
    return tuple(_factors(base))


def example(base: str) -> str:
    """Return an amount, to show how one is written."""
    return '5s' if base in _TIME else '64MB'


def convert(text: str, base: str) -> float | None:
    """Return an amount in its base unit; None when it is not one.

    :param text: a number, with one of :func:`units` or in the base unit
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    number, unit = float(found[1]), found[2]
    factors = _factors(base)
    if not unit:
        return number
    if unit not in factors:
        return None
    return number * factors[unit] / (factors | _PAGES)[base]


def _factors(base: str) -> dict[str, int]:
    return dict(_TIME if base in _TIME else _MEMORY)
