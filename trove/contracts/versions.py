# SPDX-License-Identifier: Apache-2.0
"""Versions as text: ``MAJOR.MINOR``."""

from __future__ import annotations

import re

_VERSION = re.compile(r'(\d{1,6})\.(\d{1,6})')


def parse(text: str | None) -> tuple[int, int] | None:
    """Return the numbers of a version or a revision, None if it has none."""
    match = _VERSION.fullmatch((text or '').partition('/')[0])
    return (int(match[1]), int(match[2])) if match else None


def following(text: str | None) -> str:
    """Return the minor version after one."""
    major, minor = parse(text) or (1, 0)
    return f'{major}.{minor + 1}'
