# SPDX-License-Identifier: Apache-2.0
"""Which release of Trove this is."""

from __future__ import annotations

from importlib import metadata


def release() -> str:
    """Return the version of the installed package, such as ``27.0.0``.

    Read from what the installation wrote down. Run from a tree that is not
    installed it is ``unknown``.
    """
    try:
        return metadata.version('trove')
    except metadata.PackageNotFoundError:
        return 'unknown'


def banner(prog: str) -> str:
    """Return what a program prints when it is asked for its version."""
    return f'{prog} {release()}'
