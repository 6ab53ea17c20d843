# SPDX-License-Identifier: Apache-2.0
"""Generated passwords."""

from __future__ import annotations

import pathlib
import secrets
import string

from trove.guestagent.datastores import files

#: How often a primary may be rebuilt before a replica has followed it.
_MOST_FORMERS = 5

_CHARACTERS = string.ascii_letters + string.digits


def generate(length: int) -> str:
    """Return a random password of letters and digits."""
    return ''.join(secrets.choice(_CHARACTERS) for _ in range(length))


def replace(path: pathlib.Path, password: str) -> None:
    """Keep a new password; the former one may hold for a while."""
    kept = [path.read_text(encoding='utf-8'), *former(path)]
    files.write(_formers(path), '\n'.join(kept[:_MOST_FORMERS]))
    files.write(path, password)


def former(path: pathlib.Path) -> list[str]:
    """Return the passwords that were replaced, newest first."""
    try:
        return _formers(path).read_text(encoding='utf-8').splitlines()
    except FileNotFoundError:
        return []


def _formers(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f'{path.name}s-before')
