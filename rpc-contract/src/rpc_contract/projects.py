# SPDX-License-Identifier: Apache-2.0
"""What is to be checked of a tree, as its ``pyproject.toml`` says::

[tool.rpc-contract]
source = "src"                       # what packages are in; default: "."
locks = "contracts"
suppressions = "contracts/suppressions.yaml"

[tool.rpc-contract.interfaces.cellar]
client = "wine.cellar.api:API"
endpoint = "wine.cellar.manager:Manager"
allow-unread = ["method_with_a_computed_name"]

A server with several endpoints has a list of them, in its order. All paths
are relative to the file. ``selection.py`` has what is said of the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import difflib
import pathlib
import re
from typing import Literal

from rpc_contract import documents
from rpc_contract import reading
from rpc_contract import selection
from rpc_contract import settings

FILE = 'pyproject.toml'
_LOCKS = 'contracts'
_SUPPRESSIONS = 'contracts/suppressions.yaml'
_NAME = 'rpc-contract'
_SECTION = f'tool.{_NAME}'
#: What there is to say in the section, and of an interface.
KEYS = (
    'source',
    'locks',
    'suppressions',
    'senders',
    'refusing',
    *selection.KEYS,
    'interfaces',
)
INTERFACE_KEYS = ('client', 'endpoint', 'allow-unread')
#: The locks of an interface are in a directory of its name.
_INTERFACE = re.compile(r'\w[\w.-]*', re.ASCII)


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

    :param source: directory that the packages are in, relative to the tree
    :param locks: directory of the lock files, relative to the tree
    :param suppressions: file with what is borne, relative to the tree
    :param senders: as of a subject; ``refusing`` too
    :param whole: these are all interfaces that the tree has
    :param selected: the rules that count
    """

    subjects: tuple[Subject, ...]
    source: str = '.'
    locks: str = _LOCKS
    suppressions: str = _SUPPRESSIONS
    senders: tuple[str, ...] = ()
    refusing: str | None = None
    whole: bool = False
    selected: selection.Selection = selection.Selection()

    def only(self, names: Sequence[str]) -> Project:
        """Return the project with these interfaces only.

        :param names: none: all of them
        :raises reading.Unusable: it has no interface of such a name
        """
        known = {each.interface: each for each in self.subjects}
        for name in names:
            if name not in known:
                raise reading.Unusable(
                    f'There is no interface {name}. Use one of '
                    f'{", ".join(known)}.'
                )
        if not names:
            return self
        subjects = tuple(known[name] for name in dict.fromkeys(names))
        return dataclasses.replace(self, subjects=subjects, whole=False)

    def failing_on(self, severity: str) -> Project:
        """Return the project with another limit of what a check fails on.

        :param severity: one of ``selection.FAIL_ON``
        """
        selected = dataclasses.replace(self.selected, fail_on=severity)
        return dataclasses.replace(self, selected=selected)


def read(top: pathlib.Path) -> Project:
    """Read what a tree says.

    :raises reading.Unusable: it is not there, names no interfaces, or says
        something wrong
    """
    file = top / FILE
    project, near = _read(file)
    if project.subjects:
        return project
    if not file.exists():
        said = f'There is no {file}.'
    else:
        said = f'{file} names no interfaces in [{_SECTION}].'
        if near:
            said += f' It has [tool.{near}], which is not read.'
    raise reading.Unusable(
        f'{said} Add [{_SECTION}.interfaces.NAME] to it, or use --client and '
        '--endpoint.'
    )


def of(top: pathlib.Path, subject: Subject) -> Project:
    """Return a project with another interface than a tree names.

    Everything else is as the tree says, if it says anything.

    :raises reading.Unusable: it says something wrong
    """
    if not _INTERFACE.fullmatch(subject.interface):
        raise reading.Unusable(_misnamed(subject.interface))
    project, _near = _read(top / FILE)
    own = dataclasses.replace(
        subject, senders=project.senders, refusing=project.refusing
    )
    return dataclasses.replace(project, subjects=(own,), whole=False)


def _read(file: pathlib.Path) -> tuple[Project, str | None]:
    """Return what a file says, and the name of a section like ours if any.

    :raises reading.Unusable: something is wrong with it
    """
    try:
        data = documents.from_toml(documents.text(file))
    except FileNotFoundError:
        data = {}
    except documents.Malformed as error:
        raise reading.Unusable(f'{file} cannot be read: {error}.') from None
    tools = settings.Table(file, 'tool', data.get('tool', {}))
    near = difflib.get_close_matches(_NAME, set(tools) - {_NAME}, 1)
    return _project(file, tools.table(_NAME, KEYS)), next(iter(near), None)


def _project(file: pathlib.Path, table: settings.Table) -> Project:
    source = table.path('source') or '.'
    if not (file.parent / source).is_dir():
        raise table.wrong('source', 'a directory that is there')
    senders, refusing = table.texts('senders'), table.text('refusing')
    interfaces = table.table('interfaces')
    for name in interfaces:
        if not _INTERFACE.fullmatch(name):
            raise interfaces.refused(_misnamed(name).rstrip('.'))
    return Project(
        tuple(
            _subject(
                name,
                interfaces.table(
                    name, INTERFACE_KEYS, 'with "client" and "endpoint"'
                ),
                senders,
                refusing,
            )
            for name in interfaces
        ),
        source,
        _path(file, table, 'locks', _LOCKS),
        _path(file, table, 'suppressions', _SUPPRESSIONS),
        senders,
        refusing,
        whole=True,
        selected=selection.read(table),
    )


def _misnamed(name: str) -> str:
    return (
        f'{name!r} is not the name of an interface: use letters, digits, "_", '
        '"-" and ".", and begin with a letter, a digit or "_".'
    )


def _path(
    file: pathlib.Path, table: settings.Table, key: str, default: str
) -> str:
    """Return a path below the directory of a file.

    :raises reading.Unusable: it leads out of it
    """
    path = table.path(key)
    if path is None and not settings.is_below(file.parent, default):
        raise reading.Unusable(
            f'{file.parent / default} leads out of {file.parent}. Remove the '
            f'link, or set "{key}" in [{_SECTION}] of {FILE}.'
        )
    return path or default


def _subject(
    name: str,
    table: settings.Table,
    senders: tuple[str, ...],
    refusing: str | None,
) -> Subject:
    return Subject(
        name,
        table.text('client'),
        table.texts('endpoint') or None,
        _allowed(table, 'allow-unread'),
        senders,
        refusing,
    )


def _allowed(
    table: settings.Table, key: str
) -> frozenset[str] | Literal[True]:
    value = table.value(key)
    if value is None or isinstance(value, bool):
        return value or frozenset()
    if not isinstance(value, list) or not all(
        isinstance(each, str) and each for each in value
    ):
        raise table.wrong(key, 'a list of names, or true or false,')
    return frozenset(value)
