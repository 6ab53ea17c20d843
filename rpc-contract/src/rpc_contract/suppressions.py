# SPDX-License-Identifier: Apache-2.0
"""What was decided to be borne, why, and until when.

The file is YAML; ``suppressions.schema.json`` says what is in it::

    suppressions:
      - rule: default-changed
        symbol: cellar.store(bottles)
        reason: No release had a sender of it.
        expires: 2027-04-01

An entry that hides nothing, whose last day has passed, or that cannot be read
is a finding itself.
"""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import difflib
import functools
from importlib import resources
import json
import pathlib
from typing import Any

import yaml

from rpc_contract import documents
from rpc_contract import findings
from rpc_contract import model
from rpc_contract import rules

Finding = findings.Finding

EXPIRED = 'suppression-expired'
UNUSED = 'suppression-unused'
INVALID = 'suppression-invalid'

#: In bytes: a thousand entries.
_MAX_BYTES = 200_000
#: Of a finding about the file as a whole.
_FILE = 'suppressions'


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One entry of the file, with the place where it stands."""

    rule: str
    symbol: str
    reason: str
    expires: datetime.date
    where: model.Location

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.symbol

    def about(self, rule: str, message: str, fix: str) -> Finding:
        """Return a finding about this entry itself."""
        interface, _, symbol = self.symbol.partition('.')
        return Finding(rule, interface, symbol, self.where, message, fix)


def apply(
    found: Iterable[Finding],
    tree: pathlib.Path,
    name: str,
    today: datetime.date,
    checked: Container[str] | None = None,
) -> list[Finding]:
    """Mark what is borne, and add what is wrong with the file.

    :param found: what a check has found
    :param tree: the tree that was checked
    :param name: the file, relative to it; nothing is borne if it is not there
    :param today: an entry counts until the end of its last day
    :param checked: the interfaces that were looked at, for an entry about
        another may have its use; None: all of them
    :returns: all of ``found``, those that are borne with the reason, and
        findings about the entries
    :raises OSError: the file is there but cannot be read
    """
    path = tree / name
    entries: dict[tuple[str, str], _Entry] = {}
    told: list[Finding] = []
    for item in _read(path, name):
        if isinstance(item, Finding):
            told.append(item)
        elif item.key in entries:
            told.append(
                item.about(
                    INVALID,
                    f'{item.symbol} is already suppressed for {item.rule} in '
                    f'line {entries[item.key].where.line}.',
                    'Delete one of the two.',
                )
            )
        else:
            entries[item.key] = item
    used = set()
    for finding in found:
        entry = entries.get((finding.rule, _symbol(finding)))
        if entry is not None:
            used.add(entry.key)
        if entry is not None and today <= entry.expires:
            finding = dataclasses.replace(
                finding, suppressed=f'{entry.reason} (Until {entry.expires}.)'
            )
        told.append(finding)
    for key, entry in entries.items():
        if checked is None or entry.symbol.partition('.')[0] in checked:
            told.extend(_complaints(entry, key in used, today))
    return told


def _symbol(finding: Finding) -> str:
    return '.'.join(filter(None, (finding.interface, finding.symbol)))


def _complaints(
    entry: _Entry, used: bool, today: datetime.date
) -> Iterator[Finding]:
    if not used:
        yield entry.about(
            UNUSED,
            f'{entry.rule} no longer finds anything at {entry.symbol}.',
            'Delete the entry.',
        )
    elif today > entry.expires:
        yield entry.about(
            EXPIRED,
            f'The suppression of {entry.rule} at {entry.symbol} expired on '
            f'{entry.expires}: {entry.reason}',
            'Fix the finding and delete the entry, or set a new date and give '
            'the reason.',
        )


# --- the file ---------------------------------------------------------------


@functools.cache
def _validator() -> Any:
    # It takes as long to load as all locks take to read.
    import jsonschema

    source = resources.files('rpc_contract') / 'suppressions.schema.json'
    kind = jsonschema.Draft202012Validator
    return kind(
        json.loads(source.read_text('utf-8')),
        format_checker=kind.FORMAT_CHECKER,
    )


def _read(path: pathlib.Path, name: str) -> Iterator[_Entry | Finding]:
    """Read the entries; what is wrong with one is a finding."""
    if not path.exists():
        return
    try:
        source = documents.text(path, _MAX_BYTES)
        documents.check(source)
        # It reads every value as text, so that a day is not made a date.
        loader = yaml.BaseLoader(source)
        root = loader.get_single_node()
        document = loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        yield _invalid(name, 0, f'The file cannot be read: {error}.')
        return
    except documents.Malformed as error:
        said = f'The file cannot be read: {error.message}.'
        yield _invalid(name, error.line, said)
        return
    if document is None:
        return
    problems = _problems(document)
    for index, errors in problems.items():
        words = '; '.join(errors) + '.'
        place: list[str | int] = [] if index is None else [_FILE, index]
        entry = '' if index is None else f'Entry {index + 1}: '
        yield _invalid(name, _line(root, place), entry + words)
    if None in problems:
        return
    for index, entry in enumerate(document[_FILE]):
        if index not in problems:
            yield _Entry(
                entry['rule'],
                entry['symbol'],
                entry['reason'],
                datetime.date.fromisoformat(entry['expires']),
                model.Location(name, _line(root, [_FILE, index])),
            )


def _problems(document: Any) -> dict[int | None, list[str]]:
    """Say what is wrong, by the index of the entry.

    :returns: None is the index of the file as a whole
    """
    problems: dict[int | None, list[str]] = {}
    for error in _validator().iter_errors(document):
        # The name of the list, the index, the name of the field.
        place = list(error.absolute_path)
        index = place[1] if len(place) > 1 else None
        field = f'{place[2]}: ' if len(place) > 2 else ''
        problems.setdefault(index, []).append(field + error.message)
    if None not in problems:
        for index, entry in enumerate(document[_FILE]):
            unknown = index not in problems and _unknown(entry['rule'])
            if unknown:
                problems[index] = [unknown]
    return problems


def _unknown(rule: str) -> str | None:
    """Say why a rule cannot be suppressed, if it cannot."""
    if rule in (EXPIRED, UNUSED, INVALID):
        return f'{rule} is about this file; fix the file instead'
    if rule in rules.RULES:
        return None
    close = difflib.get_close_matches(rule, rules.RULES, 1)
    hint = f'is it {close[0]}?' if close else '"rules" lists them'
    return f'there is no rule {rule}; {hint}'


def _invalid(name: str, line: int, message: str) -> Finding:
    return Finding(
        INVALID,
        _FILE,
        '',
        model.Location(name, line),
        message,
        'An entry has rule, symbol, reason, and expires as YYYY-MM-DD.',
    )


def _line(node: Any, place: list[str | int]) -> int:
    """Return the line of what stands at a place in a document."""
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next(
                (value for key, value in node.value if key.value == step), node
            )
    return node.start_mark.line + 1 if node is not None else 0
