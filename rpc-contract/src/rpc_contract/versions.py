# SPDX-License-Identifier: Apache-2.0
"""Versions as text: ``MAJOR.MINOR``."""

from __future__ import annotations

from collections.abc import Iterable
import re

_VERSION = re.compile(r'(\d{1,6})\.(\d{1,6})')


def parse(text: str | None) -> tuple[int, int] | None:
    """Return the numbers of a version or a revision, None if it has none."""
    match = _VERSION.fullmatch((text or '').partition('/')[0])
    return (int(match[1]), int(match[2])) if match else None


def all_of(texts: Iterable[str | None]) -> list[tuple[int, int]]:
    """Return the numbers of those texts that are versions."""
    return [found for each in texts if (found := parse(each)) is not None]


def text(version: tuple[int, int]) -> str:
    return '{}.{}'.format(*version)


def takes(speaks: tuple[int, int], message: tuple[int, int]) -> bool:
    """Whether who speaks a version takes a message of another.

    That is how oslo.messaging compares a target or a cap with a message.
    """
    return speaks[0] == message[0] and speaks[1] >= message[1]


def following(text: str | None) -> str:
    """Return the minor version after one."""
    major, minor = parse(text) or (1, 0)
    return f'{major}.{minor + 1}'
