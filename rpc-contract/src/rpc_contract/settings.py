# SPDX-License-Identifier: Apache-2.0
"""Tables of settings: what stands in one counts, or is refused."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
import difflib
import pathlib
from typing import Any

from rpc_contract import reading

#: Of a value in a message, in characters.
_MAX_LENGTH = 60


class Table:
    """A table of a file.

    :param file: that it is in
    :param name: dotted, as in the file
    :param value: what stands there
    :param keys: those that it may have; None: any
    :param holds: what belongs there, for the message
    :raises reading.Unusable: it is no table, or has another key
    """

    def __init__(
        self,
        file: pathlib.Path,
        name: str,
        value: Any,
        keys: Collection[str] | None = None,
        holds: str = '',
    ) -> None:
        self._file = file
        self._name = name
        if not isinstance(value, dict):
            wanted = f'a table {holds}'.rstrip()
            raise reading.Unusable(
                f'{file}: [{name}] is {_shown(value)} where {wanted} belongs.'
            )
        self._value = value
        for key in value:
            if keys is not None and key not in keys:
                raise self.refused(
                    f'has no key "{key}".{nearest(key, keys)} There are '
                    f'{", ".join(keys)}'
                )

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def refused(self, why: str) -> reading.Unusable:
        """Return the error that says what is wrong with the table."""
        return reading.Unusable(f'{self._file}: [{self._name}] {why}.')

    def wrong(self, key: str, wanted: str) -> reading.Unusable:
        """Return the error that says what belongs in the place of a value."""
        return self.refused(
            f'has "{key}" = {_shown(self._value[key])} where {wanted} belongs'
        )

    def value(self, key: str) -> Any:
        """Return a value as it is, None where there is none."""
        return self._value.get(key)

    def table(
        self, key: str, keys: Collection[str] | None = None, holds: str = ''
    ) -> Table:
        """Return a table in it; an empty one where there is none."""
        name = f'{self._name}.{key}'
        return Table(
            self._file, name, self._value.get(key, {}), keys, holds
        )

    def text(self, key: str) -> str | None:
        """Return a text, None where there is none."""
        value = self._value.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise self.wrong(key, 'a string')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return texts; one alone may stand without a list."""
        value = self._value.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(
            isinstance(each, str) and each for each in value
        ):
            raise self.wrong(key, 'a string, or a list of strings,')
        return tuple(value)

    def path(self, key: str) -> str | None:
        """Return a path below the directory of the file."""
        path = self.text(key)
        if path is not None and not is_below(self._file.parent, path):
            raise self.wrong(key, 'a path below the directory of that file')
        return path

    def paths(self, key: str) -> tuple[str, ...]:
        """Return paths of files and directories that are there."""
        found = self.texts(key)
        for path in found:
            if not is_below(self._file.parent, path):
                raise self.wrong(key, 'paths below the directory of that file')
            if not (self._file.parent / path).exists():
                raise self.refused(
                    f'names "{path}" in "{key}", which does not exist'
                )
        return tuple(pathlib.PurePath(path).as_posix() for path in found)

    def choice(self, key: str, choices: Collection[str]) -> str | None:
        """Return one of some words, None where there is none."""
        value = self.text(key)
        if value is not None and value not in choices:
            raise self.wrong(key, f'one of {", ".join(choices)}')
        return value


def nearest(word: str, known: Collection[str]) -> str:
    """Return the question for what is like a word, or nothing."""
    found = difflib.get_close_matches(word, known, 1)
    return f' Is it "{found[0]}"?' if found else ''


def is_below(directory: pathlib.Path, path: str) -> bool:
    """Whether a path stays in a directory; links are followed."""
    found = pathlib.PurePath(path)
    if found.is_absolute() or '..' in found.parts or '\0' in path:
        return False
    try:
        return (directory / path).resolve().is_relative_to(directory.resolve())
    except (OSError, RuntimeError):  # links in a circle
        return False


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_LENGTH else f'{text[:_MAX_LENGTH]}...'
