# SPDX-License-Identifier: Apache-2.0
"""Amounts with a unit, as PostgreSQL has them: ``64MB``, ``5s``."""

from __future__ import annotations

from collections.abc import Mapping
import math
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

#: As C reads numbers, with any of its prefixes.
_AMOUNT = re.compile(
    r' *([+-]?(?:0x[0-9a-f]+(?:[.][0-9a-f]*)?(?:p[+-]?[0-9]+)?'
    r'|(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:e[+-]?[0-9]+)?))'
    r' *([a-z]*) *',
    re.IGNORECASE | re.ASCII,
)
_OCTAL = re.compile(r'[+-]?0[0-7]+')


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
    factors = {'': 1, **_factors(base)}
    if found is None or found[2] not in factors:
        return None
    number = _number(found[1])
    if found[2]:
        number *= factors[found[2]] / (factors | _PAGES)[base]
    return number if math.isfinite(number) else None


def _number(text: str) -> float:
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if 'x' not in text.lower():
        return float(text)
    try:
        return float.fromhex(text)
    except OverflowError:
        return math.inf


def _factors(base: str) -> dict[str, int]:
    return dict(_TIME if base in _TIME else _MEMORY)
