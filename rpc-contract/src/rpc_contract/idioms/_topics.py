# SPDX-License-Identifier: Apache-2.0
"""Topics by their value, however they are written.

A topic that is an option is that of its default: what operators set is the
same for both sides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
import re

import griffe

from rpc_contract import reading
from rpc_contract.idioms import _values

_OPTION = re.compile(
    r"(?:.*\.)?(?:CONF|cfg\.CONF|conf)"
    r"(?:\.(?P<group>\w+)|\[['\"](?P<key>[\w:-]+)['\"]\])?\.(?P<name>\w+)"
)
#: Of a file with options, in bytes, and the files looked at.
_MAX_BYTES = 200_000
_MOST_FILES = 5_000


def told(
    tree: reading.Tree, own: griffe.Class, topic: _values.Value
) -> str | None:
    """Return the value of a topic, and its source where there is none.

    :returns: None where nothing tells it
    """
    match topic:
        case _values.Known(str(text)):
            return text or None
        case _values.Unknown(text) | _values.Name(text):
            option = _OPTION.fullmatch(text)
            if option is None:
                return text or None
            group = option['group'] or option['key'] or 'DEFAULT'
            return _default(
                tree, own.path.partition('.')[0], group, option['name']
            ) or (f'the option {group}.{option["name"]}')
    return None


def _default(
    tree: reading.Tree, package: str, group: str, name: str
) -> str | None:
    """Return the default of an option, if all that are so called agree."""
    found: set[str] = set()
    for source in _sources(tree, package, name):
        if group != 'DEFAULT' and not re.search(
            rf"['\"]{re.escape(group)}['\"]", source
        ):
            continue
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in nodes:
            match node:
                case ast.Call(
                    ast.Name(kind) | ast.Attribute(attr=kind),
                    [ast.Constant(value), *_],
                    keywords,
                ) if kind.endswith('Opt') and value == name:
                    found |= set(_defaults(keywords))
    return found.pop() if len(found) == 1 else None


def _defaults(keywords: list[ast.keyword]) -> Iterator[str]:
    for each in keywords:
        if each.arg == 'default' and isinstance(each.value, ast.Constant):
            if isinstance(each.value.value, str):
                yield each.value.value


def _sources(
    tree: reading.Tree, package: str, name: str
) -> Iterator[str]:
    """Return the modules of a package that define an option so called."""
    wanted = re.compile(rf"Opt\(\s*['\"]{re.escape(name)}['\"]")
    base = tree.top / package
    paths = sorted(base.rglob('*.py')) or [base.with_suffix('.py')]
    for path in paths[:_MOST_FILES]:
        if 'tests' in path.relative_to(tree.top).parts:
            continue
        try:
            if path.stat().st_size > _MAX_BYTES:
                continue
            source = reading.source(path)
        except (SyntaxError, ValueError, OSError):
            continue
        if wanted.search(source):
            yield source
