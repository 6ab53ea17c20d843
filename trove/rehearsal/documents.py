# SPDX-License-Identifier: Apache-2.0
"""Reads YAML that anybody may have written.

Size, encoding and form are looked at before a value is made of any of it, so
that no file takes long, or takes memory beyond its own size.

``rpc_contract.documents`` is the same for locks: rpc-contract is not installed
with Trove, and knows nothing of it. A test keeps them alike.
"""

from __future__ import annotations

from collections.abc import Hashable
import pathlib
from typing import Any

import yaml

#: Tables within tables, and the characters of a value.
_DEEPEST = 32
_MAX_VALUE_LENGTH = 4_000

# The one in C is ten times as fast; not every platform has it.
_Loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


class Malformed(Exception):
    """A document is not of the form that is read; the text says why.

    :ivar line: where; the first is 1, and 0 is not known
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f'line {line}: {message}' if line else message)
        self.message = message
        self.line = line


def text(path: pathlib.Path, longest: int) -> str:
    """Return what is in a file.

    :param longest: that it may have, in bytes
    :raises Malformed: it is too long, or no UTF-8
    :raises OSError: it cannot be read
    """
    with path.open('rb') as file:
        data = file.read(longest + 1)
    if len(data) > longest:
        raise Malformed(f'larger than {longest} bytes')
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise Malformed('invalid UTF-8', line) from None


def from_yaml(source: str) -> Any:
    """Return what a YAML document, or a JSON one, says.

    :raises Malformed: it is none, or has what :func:`check` refuses
    """
    check(source)
    try:
        return yaml.load(source, _Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise _malformed(error) from None


def check(source: str) -> None:
    """Look at the form of a YAML document before anything is made of it.

    :raises Malformed: it is no YAML; or it has aliases, keys that are there
        twice, tables in tables without end, or values of great length
    """
    # Of the tables that a place is in, the keys; None where it is a list.
    tables: list[_Table | None] = []
    try:
        for event in yaml.parse(source, _Loader):
            mark = event.start_mark
            line = mark.line + 1 if mark else 0
            match event:
                case yaml.AliasEvent():
                    raise Malformed(
                        f'"*{event.anchor}" is an alias, which is not '
                        'supported; write out its value',
                        line,
                    )
                case yaml.ScalarEvent():
                    if len(event.value) > _MAX_VALUE_LENGTH:
                        raise Malformed(
                            'a value is longer than '
                            f'{_MAX_VALUE_LENGTH} characters',
                            line,
                        )
                    _next(tables, event.value, line)
                case yaml.CollectionStartEvent():
                    _next(tables, None, line)
                    mapping = isinstance(event, yaml.MappingStartEvent)
                    tables.append(_Table() if mapping else None)
                    if len(tables) > _DEEPEST:
                        raise Malformed(
                            f'nested more than {_DEEPEST} times', line
                        )
                case yaml.CollectionEndEvent():
                    tables.pop()
    except yaml.YAMLError as error:
        raise _malformed(error) from None


class _Table:
    """A table while it is read: keys and values take turns."""

    def __init__(self) -> None:
        self.keys: set[Hashable] = set()
        self.awaits_key = True


def _next(tables: list[_Table | None], value: str | None, line: int) -> None:
    table = tables[-1] if tables else None
    if table is None:
        return
    if table.awaits_key and value is not None:
        if value in table.keys:
            raise Malformed(f'duplicate key "{value[:60]}"', line)
        table.keys.add(value)
    table.awaits_key = not table.awaits_key


def _malformed(error: Exception) -> Malformed:
    mark = getattr(error, 'problem_mark', None)
    said = getattr(error, 'problem', None) or ' '.join(str(error).split())
    return Malformed(said, mark.line + 1 if mark else 0)
