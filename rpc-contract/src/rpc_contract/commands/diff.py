# SPDX-License-Identifier: Apache-2.0
"""``rpc-contract diff`` and ``changelog``: what changed, unjudged."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import itertools
import json
import pathlib
from typing import Any
from typing import NamedTuple
from typing import TextIO

from rpc_contract import changes
from rpc_contract import checks
from rpc_contract import cross
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import sources
from rpc_contract.commands import base


class _Changes(base.TreeCommand):
    """Tells changes as text or as JSON."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '-f',
            '--format',
            choices=('text', 'json'),
            default='text',
            help='Output format (default: %(default)s).',
        )


def _write(stdout: TextIO, value: Any) -> None:
    text = json.dumps(value, indent=2)
    stdout.write(f'{text}\n')


class Diff(_Changes):
    """Show what is different between two states of contracts.

    By default the latest revision against the one before it. Nothing is
    judged, and what could not be frozen counts as well; "check" judges.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--from',
            dest='old',
            metavar='REVISION',
            help='The older revision, from its lock if it is frozen.',
        )
        parser.add_argument(
            '--to',
            dest='new',
            metavar='REVISION',
            help='The newer revision (default: the latest).',
        )
        parser.add_argument(
            '--against',
            metavar=base.STATE,
            help=f'Compare with another state of the tree: {base.STATES}.',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        found = {
            new.interface: (old, new) for old, new in self._pairs(given)
        }
        if given.format == 'json':
            _write(
                stdout,
                {
                    name: {
                        'from': _named(old),
                        'to': _named(new),
                        'changes': _as_data(old, new),
                    }
                    for name, (old, new) in found.items()
                }
            )
            return 0
        for name, (old, new) in found.items():
            stdout.write(f'{name} {_named(old)} to {_named(new)}:\n')
            stdout.writelines(_as_text(old, new))
        return 0

    def _pairs(
        self, given: argparse.Namespace
    ) -> Iterator[tuple[model.Contract, model.Contract]]:
        top, project = self.project(given)
        now = list(base.sides(top, project))
        if given.against is None:
            for each in now:
                kept = _frozen(top, project, each)
                yield _of_revisions(each, kept, given)
            return
        with sources.opened(given.against, top) as where:
            before = list(base.sides(where, project))
        for old, new in zip(before, now, strict=True):
            yield _pair(old, new)


class Changelog(_Changes):
    """Tell what each revision changed, the newest first.

    The history of an interface that is written by hand is not in its source.
    It is told from what is frozen, or from other states of the tree, of what
    its client sends.
    """

    def configure(self, parser: argparse.ArgumentParser) -> None:
        super().configure(parser)
        parser.add_argument(
            '--against',
            action='append',
            default=[],
            metavar=base.STATE,
            help=f'An older state of the tree: {base.STATES}. May be '
            'repeated, oldest first.',
        )

    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        top, project = self.project(given)
        with contextlib.ExitStack() as stack:
            tops = [
                stack.enter_context(sources.opened(each, top))
                for each in given.against
            ]
            states = [
                *(list(base.sides(each, project)) for each in tops),
                list(base.sides(top, project)),
            ]
            names = [*given.against, '']
            told = {
                one[-1].subject.interface: list(
                    _told(one, names, _frozen(top, project, one[-1]))
                )
                for one in zip(*states, strict=True)
            }
        if given.format == 'json':
            _write(
                stdout,
                {
                    name: [
                        {
                            'revision': each.revision.name,
                            'releases': list(each.revision.releases),
                            'summary': each.revision.changes,
                            'changes': _as_data(each.old, each.new),
                        }
                        for each in entries
                    ]
                    for name, entries in told.items()
                }
            )
            return 0
        for name, entries in told.items():
            for each in entries:
                releases = ', '.join(each.revision.releases)
                stdout.write(
                    f'{name} {each.revision.name}'
                    + (f' ({releases})' if releases else '')
                    + f'\n    {each.revision.changes}\n'
                )
                stdout.writelines(_as_text(each.old, each.new))
        return 0


class _Entry(NamedTuple):
    """A revision, and what there was before it."""

    revision: model.Revision
    old: model.Contract
    new: model.Contract


def _told(
    states: Sequence[checks.Sides],
    names: Sequence[str],
    kept: Sequence[locks.Lock],
) -> Iterator[_Entry]:
    """Tell the changes of one interface, the newest first.

    :param names: how a person calls each state; empty: the tree itself
    :param kept: what is frozen of it
    :raises reading.Unusable: nothing tells what there was before
    """
    now = states[-1].contract
    if len(states) == 1 and now.history:
        yield from _entries(now)
        return
    if len(states) == 1:
        yield from _since_frozen(states[0], kept)
        return
    pairs = zip(states, states[1:], names, names[1:], strict=False)
    for before, after, name, later in reversed(list(pairs)):
        old, new = _pair(before, after)
        known = old.version or 'no version'
        yield _Entry(
            model.Revision(
                new.version or '(no version)',
                (later,) if later else (),
                changes=f'Since {name} ({known}).',
            ),
            old,
            new,
        )


def _since_frozen(
    sides: checks.Sides, kept: Sequence[locks.Lock]
) -> Iterator[_Entry]:
    """Tell the changes of an interface by its locks, the newest first.

    :raises reading.Unusable: there are none
    """
    if not kept:
        raise reading.Unusable(
            f'The source of {sides.subject.interface} has no history, and no '
            'revision is frozen. Freeze the released ones, or name older '
            'states of the tree with --against.'
        )
    last = kept[-1].contract
    now = sides.beside(last)
    if now.version != last.version or list(changes.between(last, now)):
        revision = model.Revision(
            now.version or '(no version)',
            changes=f'Since {kept[-1].revision}; not frozen.',
        )
        yield _Entry(revision, last, now)
    for before, after in reversed(list(itertools.pairwise(kept))):
        revision = dataclasses.replace(
            after.contract.history[-1], changes=f'Since {before.revision}.'
        )
        yield _Entry(revision, before.contract, after.contract)


def _frozen(
    top: pathlib.Path, project: projects.Project, sides: checks.Sides
) -> list[locks.Lock]:
    """Return the locks of an interface.

    :raises reading.Unusable: one is none
    """
    interface = sides.subject.interface
    kept = locks.read_all(top / project.locks, interface)
    for lock in kept:
        if lock.broken:
            raise reading.Unusable(
                f'{lock.path} is not a lock: {lock.broken}.'
            )
    return kept


def _pair(
    before: checks.Sides, after: checks.Sides
) -> tuple[model.Contract, model.Contract]:
    """Return what is to be compared of two states of a tree."""
    clients = [x.client for x in (before, after) if x.client is not None]
    pair = [_latest(before.contract), _latest(after.contract)]
    if clients and not any(each.history for each in pair):
        pair = cross.sent(pair, clients)
    return pair[0], pair[1]


def _entries(
    contract: model.Contract,
) -> Iterator[_Entry]:
    history = contract.history
    for index in range(len(history) - 1, 0, -1):
        yield _Entry(
            history[index],
            contract.as_of(history[index - 1].name),
            contract.as_of(history[index].name),
        )


def _of_revisions(
    sides: checks.Sides,
    kept: Sequence[locks.Lock],
    given: argparse.Namespace,
) -> tuple[model.Contract, model.Contract]:
    contract = sides.contract
    frozen = {lock.revision: lock.contract for lock in kept}
    names = [each.name for each in contract.history] or list(frozen)
    new = given.new or (names[-1] if contract.history else None)
    old = given.old
    if old is None:
        before = names[: names.index(new)] if new in names else names
        if not before:
            raise reading.Unusable(
                f'{contract.interface} has no revision before '
                f'{new or contract.version}.'
            )
        old = before[-1]
    found: list[model.Contract] = []
    for name in (old, new):
        if name is None:
            found.append(sides.beside(found[0]))
        elif name in frozen:
            found.append(frozen[name])
        elif contract.index(name) is not None:
            found.append(contract.as_of(name))
        else:
            raise reading.Unusable(
                f'{contract.interface} has no revision {name}. Use one of '
                f'{", ".join(names)}.'
            )
    return found[0], found[1]


def _latest(contract: model.Contract) -> model.Contract:
    if not contract.history:
        return contract
    return contract.as_of(contract.history[-1].name)


def _named(contract: model.Contract) -> str:
    if contract.history:
        return contract.history[-1].name
    return contract.version or '(no version)'


def _as_data(old: model.Contract, new: model.Contract) -> list[dict[str, Any]]:
    return [dataclasses.asdict(each) for each in changes.between(old, new)]


def _as_text(old: model.Contract, new: model.Contract) -> Iterator[str]:
    found = list(changes.between(old, new))
    if not found:
        yield '  nothing\n'
    for each in found:
        yield f'  {each}\n'
