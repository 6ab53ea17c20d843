# SPDX-License-Identifier: Apache-2.0
"""The peers of a deployment and their revisions, and their file format."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools
import pathlib
from typing import Any

import jsonschema
import yaml

from trove.common import rpc
from trove.common import text as texts
from trove.peers import versions
from trove.rehearsal import documents
from trove.rehearsal import roles

#: What the files say that they are.
FORMAT = 'trove-rehearsal/1'
#: Services and groups of guests. What each says to each other is looked at
#: for each step, so that twice as many take eight times as long.
MOST_MEMBERS = 150
#: Of a file, in bytes: the IDs of 150,000 guests.
_MAX_BYTES = 8_000_000
#: Of a message about a value, in characters, and the messages looked at.
_MAX_MESSAGE_LENGTH = 300
_MOST_MESSAGES = 100

_TEXT = {'type': 'string', 'minLength': 1}
_PROCESS = {
    'release': _TEXT,
    'revisions': {
        'type': 'object',
        'additionalProperties': False,
        'properties': dict.fromkeys(versions.INTERFACES, _TEXT),
        'minProperties': 1,
    },
    'announces': {'type': 'boolean'},
}
_EITHER = {'oneOf': [{'required': ['release']}, {'required': ['revisions']}]}

SCHEMA: dict[str, Any] = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'type': 'object',
    'additionalProperties': False,
    'required': ['format', 'services', 'guests'],
    'properties': {
        'format': {'const': FORMAT},
        'encrypted': {'type': 'boolean'},
        'pins': {
            'type': 'object',
            'additionalProperties': False,
            'properties': dict.fromkeys(versions.INTERFACES, _TEXT),
        },
        'services': {
            'type': 'array',
            'items': {
                'type': 'object',
                'additionalProperties': False,
                'required': ['kind', 'name'],
                'properties': {
                    'kind': {'enum': ['api', 'taskmanager', 'conductor']},
                    'name': _TEXT,
                    **_PROCESS,
                },
                **_EITHER,
            },
        },
        'guests': {
            'type': 'array',
            'items': {
                'type': 'object',
                'additionalProperties': False,
                'properties': {
                    'name': _TEXT,
                    'count': {
                        'type': 'integer',
                        'minimum': 1,
                        'maximum': 1_000_000,
                    },
                    'instances': {'type': 'array', 'items': _TEXT},
                    **_PROCESS,
                },
                **_EITHER,
            },
        },
        'notes': {'type': 'array', 'items': _TEXT},
    },
}


class Unusable(Exception):
    """It cannot be rehearsed; the text says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A process of the control plane, or the guests that are alike.

    :param count: of guests
    :param instances: the IDs of the guests, as far as they are known
    """

    name: str
    part: roles.Part
    count: int = 1
    instances: tuple[str, ...] = ()

    @property
    def is_guests(self) -> bool:
        return self.part.kind == 'guest'

    def become(self, part: roles.Part) -> Member:
        return dataclasses.replace(self, part=part)


@dataclasses.dataclass(frozen=True)
class Inventory:
    """A deployment.

    :param pins: the values of ``[upgrade_levels]`` of the control plane, by
        interface, where they are not ``auto``
    :param encrypted: messages are sealed between those who know seals
    :param notes: what is not sure of it, for people
    :raises Unusable: it has more members than can be rehearsed
    """

    members: tuple[Member, ...]
    pins: Mapping[str, str] = dataclasses.field(default_factory=dict)
    encrypted: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _limit(len(self.members))

    @property
    def guests(self) -> int:
        """How many guests there are."""
        return sum(each.count for each in self.members if each.is_guests)


def load(path: str) -> Inventory:
    """Read a file; JSON is YAML, too.

    :raises Unusable: it cannot be read, or makes no sense
    """
    try:
        source = documents.text(pathlib.Path(path), _MAX_BYTES)
        return parse(documents.from_yaml(source))
    except (OSError, documents.Malformed) as error:
        raise Unusable(f'cannot read {path}: {error}') from None
    except Unusable as error:
        raise Unusable(f'{path}: {error}') from None


def parse(found: Any) -> Inventory:
    """Make the inventory of what a file has.

    :raises Unusable: it makes no sense
    """
    if isinstance(found, dict):
        lists = [found.get(name) for name in ('services', 'guests')]
        _limit(sum(len(each) for each in lists if isinstance(each, list)))
    problems = jsonschema.Draft202012Validator(SCHEMA).iter_errors(found)
    error = jsonschema.exceptions.best_match(
        itertools.islice(problems, _MOST_MESSAGES)
    )
    if error is not None:
        raise Unusable(_wrong(error))
    members = [
        *(_service(entry) for entry in found['services']),
        *(
            _guests(entry, number)
            for number, entry in enumerate(found['guests'], 1)
        ),
    ]
    counts = collections.Counter(each.name for each in members)
    twice = {name for name, count in counts.items() if count > 1}
    if twice:
        raise Unusable(
            f'duplicate name {", ".join(sorted(twice))}. Use a unique name '
            'for each service and each group of guests.'
        )
    pins = found.get('pins', {})
    for interface, value in pins.items():
        _revision(interface, value)
    return Inventory(
        tuple(members),
        pins,
        found.get('encrypted', True),
        tuple(found.get('notes', ())),
    )


def _limit(members: int) -> None:
    if members > MOST_MEMBERS:
        raise Unusable(
            f'{members} services and groups of guests exceed the maximum of '
            f'{MOST_MEMBERS}. Combine identical guests into one group with a '
            'count, and omit services that are identical to others.'
        )


def _wrong(error: jsonschema.exceptions.ValidationError) -> str:
    place = error.json_path.removeprefix('$').removeprefix('.') or 'the file'
    message = texts.cut(error.message, _MAX_MESSAGE_LENGTH)
    said = f'{place}: {message}.'
    if error.validator == 'type' and isinstance(error.instance, int | float):
        said += ' Quote versions and releases.'
    elif error.validator == 'oneOf':
        said = f'{place}: set either a release or revisions.'
    return said


def _service(entry: Mapping[str, Any]) -> Member:
    return Member(entry['name'], _part(entry['kind'], entry))


def _guests(entry: Mapping[str, Any], number: int) -> Member:
    instances = tuple(entry.get('instances', ()))
    part = _part('guest', entry)
    return Member(
        entry.get('name') or f'guests-{number}',
        part,
        entry.get('count') or len(instances) or 1,
        instances,
    )


def _part(kind: str, entry: Mapping[str, Any]) -> roles.Part:
    if 'release' in entry:
        try:
            revisions = roles.of_release(entry['release'])
        except ValueError as error:
            raise Unusable(f'{error}.') from None
    else:
        given = {
            name: _revision(name, text)
            for name, text in entry['revisions'].items()
        }
        revisions = complete(kind, given)
    return roles.part(kind, revisions, entry.get('announces'))


def complete(
    kind: str, given: Mapping[str, rpc.Revision]
) -> dict[str, rpc.Revision]:
    """Add to what is known of a process what probably goes with it."""
    first = roles.SERVES.get(kind, '')
    if first not in given:
        first = next(iter(given))
    return {**roles.beside(first, given[first]), **given}


def _revision(interface: str, text: str) -> rpc.Revision:
    try:
        return versions.INTERFACES[interface].revision(text)
    except ValueError as error:
        raise Unusable(f'{error}.') from None


def dump(inventory: Inventory) -> dict[str, Any]:
    """The form of the files."""
    return {
        'format': FORMAT,
        'encrypted': inventory.encrypted,
        'pins': dict(inventory.pins),
        'services': list(_dump_services(inventory.members)),
        'guests': list(_dump_guests(inventory.members)),
        **({'notes': list(inventory.notes)} if inventory.notes else {}),
    }


def save(inventory: Inventory, path: str) -> None:
    """Write the file that :func:`load` reads.

    :raises Unusable: it cannot be written
    """
    text = yaml.safe_dump(dump(inventory), sort_keys=False, width=79)
    try:
        pathlib.Path(path).write_text(text, 'utf-8')
    except OSError as error:
        raise Unusable(f'cannot write {path}: {error}') from None


def _dump_services(members: Iterable[Member]) -> Iterator[dict[str, Any]]:
    for each in members:
        if not each.is_guests:
            yield {
                'kind': each.part.kind,
                'name': each.name,
                **_dump_part(each.part),
            }


def _dump_guests(members: Iterable[Member]) -> Iterator[dict[str, Any]]:
    for each in members:
        if each.is_guests:
            yield {
                'name': each.name,
                **(
                    {'instances': list(each.instances)}
                    if each.instances
                    else {'count': each.count}
                ),
                **_dump_part(each.part),
            }


def _dump_part(part: roles.Part) -> dict[str, Any]:
    return {
        'revisions': {
            name: revision.name for name, revision in part.revisions.items()
        },
        'announces': part.announces,
    }
