# SPDX-License-Identifier: Apache-2.0
"""Texts from peers, escaped for logs, the database and terminals."""

from __future__ import annotations

from typing import TextIO

#: Characters of one text that are kept, unless the caller knows better.
MOST = 32_768

#: Stands for what a text has between its beginning and its end.
GAP = ' ... '


def cut(said: str, most: int) -> str:
    """Return at most so many characters of a text: its beginning and end.

    What happened is said first, so most of it is kept; by its last words a
    reader sees what kind of a remedy it had. Secrets are taken out before: of
    half a secret nobody sees that it is one.
    """
    if len(said) <= most:
        return said
    begin = _beginning(most)
    end = max(most - begin - len(GAP), 0)
    return f'{said[:begin]}{GAP}{said[len(said) - end :]}'


def left(shown: str, most: int) -> tuple[str, str] | None:
    """Return beginning and end of what was cut, None if a text is whole."""
    begin = _beginning(most)
    if len(shown) != most or not shown.startswith(GAP, begin):
        return None
    return shown[:begin], shown[begin + len(GAP) :]


def _beginning(most: int) -> int:
    # What happened matters most, and an error may have others within it.
    return max(most - len(GAP), 0) * 9 // 10


def start(value: str, most: int) -> str:
    """Return the beginning of a value, which says nothing at its end."""
    return value if len(value) <= most else f'{value[:most]}…'


def printable(value: object, most: int = MOST, lines: bool = False) -> str:
    """Return a text with nothing in it but what can be seen.

    Control characters, line ends, escapes of terminals, marks that turn the
    direction or have no width, and halves of surrogate pairs are shown as
    Python writes them: ``\\n``, ``\\x1b``, ``\\u202e``.

    :param value: anything; its ``str()``
    :param most: characters, before they are escaped, beyond which it is cut
    :param lines: whether its lines stay lines
    """
    said = value if isinstance(value, str) else str(value)
    said = cut(said, most)
    if not said.isprintable():
        said = ''.join(
            each
            if each.isprintable() or (lines and each == '\n')
            else each.encode('unicode_escape').decode()
            for each in said
        )
    return said


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
