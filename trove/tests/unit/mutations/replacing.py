# SPDX-License-Identifier: Apache-2.0
"""Replaces a text of a file that is written down elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
import re


def replaced(file: str, source: str, old: str, new: str) -> str:
    """Replace what stands in a file once.

    :param file: its name, for the error
    :param old: part of a line, or lines, whatever they are indented by
    :raises LookupError: it is not there, or more than once
    """
    places = list(_places(source, old))
    if len(places) == 1:
        start, indent = places[0]
        end = start + len(_shifted(old, indent))
        return source[:start] + _shifted(new, indent) + source[end:]
    raise LookupError(
        f'{file} has this text {len(places)} times, not once:\n'
        f'{old}\nThe file was changed since the mutation was written: '
        'give it the text that stands there now, and as much of it as '
        'makes it unique.'
    )


def _shifted(text: str, indent: str) -> str:
    """Return a text as it stands in a line that is indented."""
    first, *rest = text.splitlines() or ['']
    return '\n'.join(
        [first, *(f'{indent}{line}' if line else '' for line in rest)]
    )


def _places(source: str, old: str) -> Iterator[tuple[int, str]]:
    """Find a text, whatever its lines are indented by there."""
    first = old.splitlines()[0]
    for match in re.finditer(re.escape(first), source):
        begin = source.rfind('\n', 0, match.start()) + 1
        indent = source[begin : match.start()]
        indent = indent[: len(indent) - len(indent.lstrip(' '))]
        if source.startswith(_shifted(old, indent), match.start()):
            yield match.start(), indent
