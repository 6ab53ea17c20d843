# SPDX-License-Identifier: Apache-2.0
"""Texts from peers, escaped for logs, the database and terminals."""

from __future__ import annotations

from typing import TextIO

#: Characters of one text that are kept, unless the caller knows better.
MOST = 32_768


def printable(value: object, most: int = MOST, lines: bool = False) -> str:
    """Return a text with nothing in it but what can be seen.

    Control characters, line ends, escapes of terminals, marks that turn the
    direction or have no width, and halves of surrogate pairs are shown as
    Python writes them: ``\\n``, ``\\x1b``, ``\\u202e``.

    :param value: anything; its ``str()``
    :param most: characters beyond which it is cut, and says so
    :param lines: whether its lines stay lines
    """
    said = value if isinstance(value, str) else str(value)
    over = len(said) - most
    if over > 0:
        said = said[:most]
    if not said.isprintable():
        said = ''.join(
            each
            if each.isprintable() or (lines and each == '\n')
            else each.encode('unicode_escape').decode()
            for each in said
        )
    return f'{said}... ({over} characters more)' if over > 0 else said


def say(
    value: object,
    file: TextIO | None = None,
    prefix: str = '',
    end: str = '\n',
) -> None:
    """Print a text of a command, safe for the terminal that shows it.

    :param value: its lines stay lines
    :param file: default: standard output
    :param prefix: the name of the command, where it says what went wrong
    """
    said = printable(value, lines=True)
    print(f'{prefix}{said}', end=end, file=file, flush=True)
