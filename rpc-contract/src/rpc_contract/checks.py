# SPDX-License-Identifier: Apache-2.0
"""A whole check of a tree; this is the door for commands and tests."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
import pathlib

from rpc_contract import compare
from rpc_contract import completeness
from rpc_contract import cross
from rpc_contract import declared
from rpc_contract import endpoints
from rpc_contract import findings
from rpc_contract import frozen
from rpc_contract import hygiene
from rpc_contract import idioms
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import reports
from rpc_contract import serving
from rpc_contract import suppressions
from rpc_contract import versions

Finding = findings.Finding


@dataclasses.dataclass(frozen=True)
class Older:
    """Another state of a tree.

    :param name: how a person calls it: a git revision, a wheel
    :param top: where it can be read
    """

    name: str
    top: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Sides:
    """An interface in a tree: what its client and its endpoint say.

    :param client: None where only the endpoint was to be read, and so on
    """

    subject: projects.Subject
    client: model.Contract | None
    endpoint: model.Contract | None

    @property
    def contract(self) -> model.Contract:
        """What is compared: what is declared, else what is served."""
        client = self.client
        if client is not None and (client.history or client.unsure):
            return client
        found = self.endpoint or self.client
        assert found is not None
        return found

    @property
    def agreed(self) -> model.Contract:
        """What clients and endpoints of this state agree upon.

        That is what is declared, or what is served of what the client sends.
        Nobody minds what becomes of the other methods of a class.

        :raises reading.Unusable: nothing was read that serves it
        """
        contract = self.contract
        if contract.history or self.client is None:
            return contract
        if self.endpoint is None:
            raise reading.Unusable(
                f'{contract.interface} has no endpoint here; a lock freezes '
                'what an endpoint serves.'
            )
        (found,) = cross.sent((contract,), (self.client,))
        return found

    def beside(self, frozen: model.Contract) -> model.Contract:
        """Return what is to be compared with a frozen contract."""
        contract = self.contract
        if contract.history or self.client is None:
            return contract
        clients = cross.client_of(frozen), self.client
        (found,) = cross.sent((contract,), clients)
        return found


def check(
    top: pathlib.Path,
    project: projects.Project,
    today: datetime.date,
    older: Older | None = None,
) -> reports.Report:
    """Check the interfaces of a tree.

    :param today: for the expiry of suppressions
    :param older: compare with this as well as with what was frozen
    :returns: what was checked and found; suppressed findings as well
    :raises reading.Unusable: something is not there, or cannot be read
    """
    tree = reading.Tree(top, project.source)
    before = reading.Tree(older.top, project.source) if older else None
    checked = []
    held = []
    found: list[Finding] = []
    for subject in project.subjects:
        sides = read(tree, subject)
        kept = locks.read_all(top / project.locks, subject.interface)
        against = [f'{subject.interface} {lock.revision}' for lock in kept]
        found += _of_tree(sides)
        found += _of_locks(sides, kept)
        if older is not None and before is not None:
            against.append(older.name)
            found += _of_older(sides, before, older.name)
        contract = sides.contract
        held.append((contract, kept))
        checked.append(
            reports.Checked(
                subject.interface,
                contract.version,
                len(contract.methods),
                tuple(against),
                completeness.sent(sides.client),
                completeness.served(sides.endpoint),
            )
        )
    found += frozen.check(top, project.locks, held)
    found += _of_gone(top, project)
    selected = project.selected
    told = suppressions.apply(
        selected.of(_merged(found)),
        top,
        project.suppressions,
        today,
        None
        if project.whole
        else {each.interface for each in project.subjects},
    )
    return reports.Report(
        tuple(checked), tuple(selected.of(told)), selected
    )


def read(tree: reading.Tree, subject: projects.Subject) -> Sides:
    """Read the client and the endpoint of an interface.

    :raises reading.Unusable: one is not there, or cannot be read
    """
    client = endpoint = None
    if subject.client is not None:
        if declared.declares(tree.find_class(subject.client)):
            return _declared(tree, subject, subject.client)
        client = idioms.read_client(
            tree, subject.client, subject.interface, subject.senders
        )
    if subject.endpoints:
        endpoint = idioms.read_endpoints(
            tree, subject.endpoints, subject.interface, client
        )
    if client is None and endpoint is None:
        raise reading.Unusable(
            f'{subject.interface} has neither a client nor an endpoint.'
        )
    return Sides(subject, client, endpoint)


def _declared(
    tree: reading.Tree, subject: projects.Subject, spec: str
) -> Sides:
    client = declared.read(tree, spec)
    if client.interface != subject.interface:
        raise reading.Unusable(
            f'{spec} declares {client.interface}, but is called '
            f'{subject.interface} here: rename it to {client.interface}.'
        )
    served = [
        endpoints.read(tree, each, client, spec, subject.refusing)
        for each in subject.endpoints
    ]
    return Sides(
        subject, client, endpoints.merged(served, client) if served else None
    )


def coming(contract: model.Contract, kept: Iterable[locks.Lock]) -> str:
    """Return the revision that a change belongs to.

    That is the latest while it is not frozen, and else the one after it.
    """
    if not contract.history:
        return versions.following(contract.version)
    latest = contract.history[-1].name
    if latest in {lock.revision for lock in kept}:
        return versions.following(latest)
    return latest


def _of_tree(sides: Sides) -> Iterator[Finding]:
    client, endpoint = sides.client, sides.endpoint
    yield from completeness.check(sides.subject, client, endpoint)
    if client is not None and endpoint is not None:
        if client.history:
            yield from serving.check(client, endpoint)
        yield from cross.check(client, endpoint)


def _of_locks(sides: Sides, kept: Sequence[locks.Lock]) -> Iterator[Finding]:
    contract = sides.contract
    if contract.history:
        yield from hygiene.check(contract, kept)
    elif contract.unsure:
        # Without its history nothing is known of an older revision.
        return
    for lock in kept:
        if lock.broken:
            continue
        name = f'{contract.interface} {lock.revision}'
        old, new = lock.contract, sides.beside(lock.contract)
        if not contract.history and sides.client is not None:
            yield from cross.check_old(sides.client, new, old, name)
        yield from _compared(old, new, name, coming(contract, kept))


def _of_older(
    sides: Sides, tree: reading.Tree, name: str
) -> Iterator[Finding]:
    try:
        before = read(tree, sides.subject)
    except reading.Absent as reason:
        yield Finding(
            'unread',
            sides.subject.interface,
            '',
            sides.contract.where,
            f'Not compared with {name}: {reason}',
            'Unless the interface is new, name its classes there: --client '
            'and --endpoint.',
            name,
        )
        return
    old, new = before.contract, sides.contract
    if old.history:
        old = old.as_of(old.history[-1].name)
    elif sides.client is not None and before.client is not None:
        # Nobody minds what becomes of the other methods of a class.
        old, new = cross.sent((old, new), (before.client, sides.client))
        yield from cross.check_old(sides.client, new, old, name)
    yield from _compared(old, new, name, coming(new, ()))


def _compared(
    old: model.Contract, new: model.Contract, against: str, coming: str
) -> Iterator[Finding]:
    if not new.history:
        yield from hygiene.check_plain(old, new, against)
    yield from compare.check(old, new, against, coming)


def _of_gone(
    top: pathlib.Path, project: projects.Project
) -> Iterator[Finding]:
    """Find interfaces that were released and are checked no longer."""
    there = {each.interface for each in project.subjects}
    for name in locks.interfaces(top / project.locks):
        if project.whole and name not in there:
            yield Finding(
                'method-removed',
                name,
                '',
                model.Location(projects.FILE),
                f'{project.locks} has frozen contracts of {name}, but '
                f'{projects.FILE} does not name the interface, so it is '
                'neither checked nor served.',
                f'Add it to [tool.rpc-contract.interfaces.{name}]. If no '
                'living peer uses it, delete its locks.',
            )


def _merged(found: Iterable[Finding]) -> list[Finding]:
    """Make one finding of those that say the same against several locks."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in found:
        key = each.rule, each.interface, each.symbol, each.where
        groups.setdefault(key, []).append(each)
    reused = {
        (each.interface, each.symbol)
        for each in found
        if each.rule == 'name-reused'
    }
    merged = []
    for group in groups.values():
        last = group[-1]
        names = [each.against for each in group if each.against]
        if last.rule == 'changed-without-bump' and (
            (last.interface, last.symbol) in reused
        ):
            continue
        if len(names) > 1:
            last = dataclasses.replace(last, against=_told(names))
        merged.append(last)
    return merged


def _told(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}'
