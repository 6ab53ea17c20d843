# SPDX-License-Identifier: Apache-2.0
"""What became of each message, counted; and the table for the docs.

``outcomes/RELEASE.json`` has what a run has found. A run that finds something
else writes it down there and into the table, and fails: what changed is then
to be seen with ``git diff``, and to be committed if it is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import json
import pathlib
from typing import Any

_DIRECTORY = pathlib.Path(__file__).with_name('outcomes')
TABLE = (
    pathlib.Path(__file__).parents[4]
    / 'doc' / 'source' / 'contributor' / 'interop-outcomes.inc'
)

RESULTS = ('same', 'left out', 'refused')
DIRECTIONS = {
    'theirs': 'their clients, our endpoints',
    'ours': 'our clients, their endpoints',
}
FORMS = {False: 'off', True: 'on'}

Section = dict[str, Any]


class Outcomes:
    """The outcomes of one direction, encryption off or on."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(RESULTS, 0)
        self._others: dict[str, list[str]] = {}

    def add(self, result: str, what: str, why: str = '') -> None:
        """Take note of a message.

        :param what: interface, method, and the argument if it is about one
        :param why: where it is not the same on both sides
        """
        self._counts[result] += 1
        if result != 'same':
            self._others.setdefault(f'{result}: {why}', []).append(what)

    def section(self) -> Section:
        return {
            'counts': self._counts,
            'others': {k: sorted(v) for k, v in sorted(self._others.items())},
        }


def load(release: int) -> dict[str, Section]:
    path = _DIRECTORY / f'{release}.json'
    found: dict[str, Section] = (
        json.loads(path.read_text('utf-8')) if path.exists() else {}
    )
    return found


def save(release: int, name: str, section: Section) -> None:
    """Write down what a run has found, and make the table anew."""
    _DIRECTORY.mkdir(exist_ok=True)
    known = {**load(release), name: section}
    text = json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False)
    (_DIRECTORY / f'{release}.json').write_text(text + '\n', 'utf-8')
    TABLE.write_text(render(), 'utf-8')


def render() -> str:
    """The table of all releases, and below it what is not the same."""
    releases = sorted(int(path.stem) for path in _DIRECTORY.glob('*.json'))
    found = {release: load(release) for release in releases}
    return '\n'.join([*_table(found), *_lists(found)]) + '\n'


def name_of(direction: str, encrypted: bool) -> str:
    return f'{direction}, encryption {FORMS[encrypted]}'


def _table(found: dict[int, dict[str, Section]]) -> Iterator[str]:
    yield '.. list-table::'
    yield '   :header-rows: 1'
    yield ''
    for row in _rows(found):
        for index, cell in enumerate(row):
            yield f'   {"* -" if not index else "  -"} {cell}'
    yield ''


def _rows(found: dict[int, dict[str, Section]]) -> Iterator[tuple[str, ...]]:
    yield ('Release', 'Direction', 'Encryption', *(r.title() for r in RESULTS))
    for release, sections in found.items():
        for direction, words in DIRECTIONS.items():
            for encrypted, form in FORMS.items():
                section = sections.get(name_of(direction, encrypted))
                if section is not None:
                    counts = (str(section['counts'][r]) for r in RESULTS)
                    yield (f'{release}.0.0', words, form, *counts)


def _lists(found: dict[int, dict[str, Section]]) -> Iterator[str]:
    for release, sections in found.items():
        for direction, words in DIRECTIONS.items():
            others = [
                (form, sections[name_of(direction, encrypted)]['others'])
                for encrypted, form in FORMS.items()
                if name_of(direction, encrypted) in sections
            ]
            if len(others) == 2 and others[0][1] == others[1][1]:
                others = [('off or on', others[0][1])]
            for form, reasons in others:
                if reasons:
                    yield f'Release {release}.0.0, {words}, encryption {form}:'
                    yield ''
                    yield from _reasons(reasons)


def _reasons(reasons: dict[str, list[str]]) -> Iterator[str]:
    for reason, messages in reasons.items():
        yield f'* {reason}'
        yield ''
        for name, methods in _grouped(messages):
            listed = ', '.join(f'``{method}``' for method in methods)
            yield f'  * {name}: {listed}'
        yield ''


def _grouped(messages: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for message in messages:
        interface, _, method = message.partition(' ')
        groups.setdefault(interface, []).append(method)
    yield from groups.items()
