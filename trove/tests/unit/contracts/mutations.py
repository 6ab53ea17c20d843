# SPDX-License-Identifier: Apache-2.0
"""Changes to this tree that a check must notice, or must not.

``mutations/RULE.yaml`` has those of a rule::

    caught:
      - what: restart is deleted
        symbol: guestagent.restart
        also: [changed-without-bump]
        edits:
          - file: trove/guestagent/api/__init__.py
            old: |
              @rpc.call('1.0')
              def restart(self, context: Context) -> None:
            new: |
              def restart(self, context: Context) -> None:
    harmless:
      - what: ...
        edits: [...]

``symbol`` is that of the finding, and ``also`` are the rules that the same
change breaks too. An edit replaces ``old``, which stands in the file once,
by ``new``: part of a line, or several lines, whatever they are indented by;
if ``every``, then wherever it stands. An edit may also add a file with the
given ``text``, ``delete`` one, or ``rename`` it, or ``freeze`` the interface
whose locks are in the directory ``file``.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import pathlib
from typing import Any

import yaml

from rpc_contract import checks
from rpc_contract import locks
from rpc_contract import projects
from rpc_contract import reading
from trove.tests.unit import import_rules
from trove.tests.unit.mutations import replacing

TOP = import_rules.TOP
DATA = pathlib.Path(__file__).with_name('mutations')

#: Interfaces of this tree; the files of each are in a directory of its name.
INTERFACES = frozenset({'conductor', 'guestagent', 'taskmanager'})

SUPPRESSIONS = 'contracts/suppressions.yaml'

#: What a check of this tree reads.
NEEDED = (
    'pyproject.toml',
    'contracts/**/*.yaml',
    'trove/__init__.py',
    *(
        f'trove/{name}/{file}'
        for name in sorted(INTERFACES)
        for file in (
            '__init__.py',
            'api.py',
            'api/*.py',
            'manager.py',
            'accounts.py',
            'agent_orders.py',
            'log_orders.py',
            'replication.py',
            'snapshot_orders.py',
            'tls_orders.py',
            'upgrades.py',
            'unsupported.py',
        )
    ),
)


@dataclasses.dataclass(frozen=True)
class Edit:
    """A change to one file; see the module."""

    file: str
    old: str | None = None
    new: str | None = None
    every: bool = False
    text: str | None = None
    delete: bool = False
    rename: str | None = None
    freeze: bool = False

    def apply(self, tree: pathlib.Path) -> None:
        """Change the file.

        :raises LookupError: the text is not there, or more than once
        """
        path = tree / self.file
        if self.text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text, 'utf-8')
        elif self.delete:
            path.unlink()
        elif self.rename is not None:
            path.rename(tree / self.rename)
        elif self.freeze:
            _freeze(tree, path)
        else:
            path.write_text(self._replaced(path.read_text('utf-8')), 'utf-8')

    def _replaced(self, source: str) -> str:
        old = self.old or ''
        if self.every and old in source:
            return source.replace(old, self.new or '')
        return replacing.replaced(self.file, source, old, self.new or '')


def _freeze(tree: pathlib.Path, directory: pathlib.Path) -> None:
    """Write down what an interface says, its latest revision included."""
    (subject,) = (
        each
        for each in projects.read(tree).subjects
        if each.interface == directory.name
    )
    contract = checks.read(reading.Tree(tree), subject).contract
    locks.freeze(directory.parent, contract, latest=True)


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A change to the tree, and what has to be found then.

    :param symbol: with the name of the interface; None: nothing is found
    :param also: rules that the same change breaks too
    """

    rule: str
    what: str
    edits: tuple[Edit, ...]
    symbol: str | None = None
    also: frozenset[str] = frozenset()

    def apply(self, tree: pathlib.Path) -> None:
        """Change the tree.

        :raises LookupError: it is not the tree that the change is written for
        """
        for edit in self.edits:
            try:
                edit.apply(tree)
            except (LookupError, OSError) as error:
                raise LookupError(
                    f'{self.rule}.yaml, "{self.what}": {error}'
                ) from error

    def touched(self) -> frozenset[str]:
        """Name the interfaces whose files are changed; none: any may be."""
        return frozenset(
            # trove/guestagent/api.py, contracts/guestagent/1.0.yaml
            edit.file.split('/')[1].removesuffix('.py')
            for edit in self.edits
            if edit.file not in (SUPPRESSIONS, 'pyproject.toml')
        )


@dataclasses.dataclass(frozen=True)
class Mutations:
    """Those of one rule."""

    caught: tuple[Mutation, ...]
    harmless: tuple[Mutation, ...]


def read(rule: str) -> Mutations:
    """Return the mutations of a rule; none where there is no file."""
    path = DATA / f'{rule}.yaml'
    found: dict[str, Any] = {}
    if path.exists():
        found = yaml.safe_load(path.read_text('utf-8'))
    return Mutations(
        **{
            name: tuple(_mutation(rule, item) for item in found.pop(name, []))
            for name in ('caught', 'harmless')
        },
        **found,
    )


def _mutation(rule: str, item: dict[str, Any]) -> Mutation:
    edits = tuple(Edit(**edit) for edit in item.pop('edits'))
    also = frozenset(item.pop('also', ()))
    return Mutation(rule, edits=edits, also=also, **item)


class Copy:
    """A copy of what a check reads of this tree.

    :param top: an empty directory
    """

    def __init__(self, top: pathlib.Path) -> None:
        self.top = top
        self._texts = {
            path.relative_to(TOP): path.read_bytes()
            for pattern in NEEDED
            for path in TOP.glob(pattern)
            if path.is_file()
        }
        for name in self._texts:
            self._restore(name)

    @contextlib.contextmanager
    def changed(self, mutation: Mutation) -> Iterator[pathlib.Path]:
        """Change the copy for a while.

        :returns: its directory
        :raises LookupError: it is not the tree that the change is written for
        """
        try:
            mutation.apply(self.top)
            yield self.top
        finally:
            for edit in mutation.edits:
                self._restore(pathlib.Path(edit.file))
            for path in self.top.rglob('*'):
                new = path.relative_to(self.top) not in self._texts
                if new and path.is_file():
                    path.unlink()

    def _restore(self, name: pathlib.Path) -> None:
        if name in self._texts:
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._texts[name])
