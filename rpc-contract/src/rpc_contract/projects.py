# SPDX-License-Identifier: Apache-2.0
"""What is to be checked of a tree, as its ``pyproject.toml`` says::

[tool.rpc-contract]
locks = "contracts"
suppressions = "contracts/suppressions.yaml"

[tool.rpc-contract.interfaces.cellar]
client = "wine.cellar.api:API"
endpoint = "wine.cellar.manager:Manager"
allow-unread = ["method_with_a_computed_name"]

A server with several endpoints has a list of them, in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Any
from typing import Literal

from rpc_contract import documents
from rpc_contract import reading

FILE = 'pyproject.toml'
_LOCKS = 'contracts'
_SUPPRESSIONS = 'contracts/suppressions.yaml'
_SECTION = 'tool.rpc-contract'
#: What there is to say in the section, and of an interface.
_KEYS = ('locks', 'suppressions', 'senders', 'refusing', 'interfaces')
_INTERFACE_KEYS = ('client', 'endpoint', 'allow-unread')


@dataclasses.dataclass(frozen=True)
class Subject:
    """An interface: who sends and who serves.

    :param client: ``package.module:Class``; None where only the endpoint is
        to be looked at
    :param endpoint: the same of the endpoint; of several that one server
        has, in the order in which it asks them
    :param allow_unread: the methods of which parts need not be read, and
        other names that a report gives; True: nothing needs to be read
    :param senders: other classes that the client sends with, where only
        running it tells so: ``package.module:Class``
    :param refusing: the dotted path of a decorator of endpoints, see
        ``endpoints.py``
    """

    interface: str
    client: str | None = None
    endpoint: str | tuple[str, ...] | None = None
    allow_unread: frozenset[str] | Literal[True] = frozenset()
    senders: tuple[str, ...] = ()
    refusing: str | None = None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All endpoints, none where only the client is to be looked at."""
        if self.endpoint is None:
            return ()
        if isinstance(self.endpoint, str):
            return (self.endpoint,)
        return self.endpoint


@dataclasses.dataclass(frozen=True)
class Project:
    """What a tree says about itself.

    :param locks: directory of the lock files, relative to the tree
    :param suppressions: file with what is borne, relative to the tree
    :param whole: these are all interfaces that the tree has
    """

    subjects: tuple[Subject, ...]
    locks: str = _LOCKS
    suppressions: str = _SUPPRESSIONS
    whole: bool = False

    def only(self, names: Sequence[str]) -> Project:
        """Return the project with these interfaces only.

        :param names: none: all of them
        :raises reading.Unusable: it has no interface of such a name
        """
        known = {each.interface: each for each in self.subjects}
        for name in names:
            if name not in known:
                raise reading.Unusable(
                    f'There is no interface {name}. There are '
                    f'{", ".join(known)}.'
                )
        if not names:
            return self
        subjects = tuple(known[name] for name in dict.fromkeys(names))
        return dataclasses.replace(self, subjects=subjects, whole=False)


def read(top: pathlib.Path) -> Project:
    """Read what a tree says.

    :raises reading.Unusable: it says nothing, or something that is wrong
    """
    file = top / FILE
    try:
        data = documents.from_toml(documents.text(file))
    except FileNotFoundError:
        data = {}
    except documents.Malformed as error:
        raise reading.Unusable(f'{file} cannot be read: {error}.') from None
    table = _section(file, data)
    _known(file, _SECTION, table, _KEYS)
    if not table.get('interfaces'):
        raise reading.Unusable(
            f'{file} names no interfaces in [tool.rpc-contract]. Name '
            'what is to be checked there, or with --client and --endpoint.'
        )
    senders = _texts(file, table, 'senders') or ()
    if isinstance(senders, str):
        senders = (senders,)
    refusing = _text(file, table, 'refusing')
    return Project(
        tuple(
            Subject(
                name,
                _text(file, entry, 'client'),
                _texts(file, entry, 'endpoint'),
                _allowed(file, entry, 'allow-unread'),
                senders,
                refusing,
            )
            for name, entry in _interfaces(file, table['interfaces'])
        ),
        _text(file, table, 'locks') or _LOCKS,
        _text(file, table, 'suppressions') or _SUPPRESSIONS,
        whole=True,
    )


def _section(file: pathlib.Path, data: dict[str, Any]) -> dict[str, Any]:
    """Return the section; empty where there is none."""
    path = []
    for name in _SECTION.split('.'):
        path.append(name)
        data = _table(file, '.'.join(path), data.get(name, {}))
    return data


def _interfaces(
    file: pathlib.Path, interfaces: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    section = f'{_SECTION}.interfaces'
    for name, entry in _table(file, section, interfaces).items():
        table = _table(
            file, f'{section}.{name}', entry, 'with "client" and "endpoint"'
        )
        _known(file, f'{section}.{name}', table, _INTERFACE_KEYS)
        yield name, table


def _table(
    file: pathlib.Path, section: str, value: Any, holds: str = ''
) -> dict[str, Any]:
    if not isinstance(value, dict):
        wanted = f'a table {holds}'.rstrip()
        raise reading.Unusable(
            f'{file}: [{section}] is {value!r} where {wanted} belongs.'
        )
    return value


def _known(
    file: pathlib.Path,
    section: str,
    table: dict[str, Any],
    known: Sequence[str],
) -> None:
    """Refuse keys that would do nothing, as misspelt ones.

    :raises reading.Unusable: there are some
    """
    for key in table:
        if key not in known:
            raise reading.Unusable(
                f'{file}: [{section}] has no key "{key}". There are '
                f'{", ".join(known)}.'
            )


def _text(file: pathlib.Path, table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise reading.Unusable(
            f'{file}: "{key}" of [{_SECTION}] is {value!r} where a text '
            'belongs.'
        )
    return value


def _texts(
    file: pathlib.Path, table: dict[str, Any], key: str
) -> str | tuple[str, ...] | None:
    value = table.get(key)
    if isinstance(value, list) and value:
        return tuple(
            _text(file, {key: each}, key) or '' for each in value
        )
    return _text(file, table, key)


def _allowed(
    file: pathlib.Path, table: dict[str, Any], key: str
) -> frozenset[str] | Literal[True]:
    value = table.get(key, False)
    if isinstance(value, bool):
        return value or frozenset()
    if not isinstance(value, list) or not all(
        isinstance(each, str) and each for each in value
    ):
        raise reading.Unusable(
            f'{file}: "{key}" of [tool.rpc-contract] is {value!r} '
            'where a list of names, or true or false, belongs.'
        )
    return frozenset(value)
