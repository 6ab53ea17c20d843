# SPDX-License-Identifier: Apache-2.0
"""Versions, aliases, frozen files and retired names."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import re

from rpc_contract import changes
from rpc_contract import findings
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import versions

#: 2026.2, or a name such as dalmatian; looked up in lower case.
_RELEASE = re.compile(r'\d{4}\.\d|[a-z][a-z0-9_-]*')


def check(
    contract: model.Contract, kept: Sequence[locks.Lock]
) -> Iterator[findings.Finding]:
    """Check a declared contract and what was frozen of it.

    :param kept: the locks of the interface
    """
    yield from _history(contract)
    yield from _mentioned(contract)
    yield from _aliases(contract, kept)
    yield from _bump(contract, kept)
    yield from _unfrozen(contract, kept)
    yield from _reused(contract, kept)


def check_plain(
    old: model.Contract, new: model.Contract, against: str
) -> Iterator[findings.Finding]:
    """Check the version of a contract that has no history.

    :param old: what was released before
    :param against: how a person calls that
    """
    before, after = versions.parse(old.version), versions.parse(new.version)
    if before is None or after is None:
        return
    if after < before:
        yield _finding(
            'version-back',
            new,
            f'The version was {old.version} and is {new.version}.',
            f'Set it to {versions.following(old.version)}.',
            against=against,
        )
    # The others have versions of their own.
    alone = (dataclasses.replace(each, others=()) for each in (old, new))
    changed = [each.symbol for each in changes.between(*alone)]
    if after == before and changed:
        yield _finding(
            'changed-without-bump',
            new,
            f'The version is still {new.version}, but there is a change of '
            f'{", ".join(name or "the target" for name in changed)}.',
            f'Set the version to {versions.following(old.version)}.',
            against=against,
        )


def _finding(
    rule: str,
    contract: model.Contract,
    message: str,
    fix: str,
    *,
    symbol: str = '',
    where: model.Location | None = None,
    against: str | None = None,
) -> findings.Finding:
    return findings.Finding(
        rule,
        contract.interface,
        symbol,
        where or contract.where,
        message,
        fix,
        against,
    )


def _history(contract: model.Contract) -> Iterator[findings.Finding]:
    seen: list[model.Revision] = []
    for revision in contract.history:
        version = versions.parse(revision.name)
        before = versions.parse(seen[-1].name) if seen else None
        if version is None:
            yield _finding(
                'version-unknown',
                contract,
                f'"{revision.name}" is not a version of the form MAJOR.MINOR '
                'or MAJOR.MINOR/label.',
                f'Use {versions.following(contract.floor)} or similar.',
                where=revision.where,
            )
            continue
        if before is not None and version < before:
            yield _finding(
                'version-back',
                contract,
                f'{revision.name} comes after {seen[-1].name} in the history, '
                'but is lower.',
                'Sort the history, or rename it to '
                f'{versions.following(seen[-1].name)}.',
                where=revision.where,
            )
        elif revision.name in {each.name for each in seen}:
            yield _finding(
                'version-back',
                contract,
                f'{revision.name} is in the history twice.',
                'Rename the later one to '
                f'{versions.following(revision.name)}.',
                where=revision.where,
            )
        seen.append(revision)


def _mentioned(contract: model.Contract) -> Iterator[findings.Finding]:
    for owner, what, names in _spans(contract):
        for name in names:
            if name and contract.index(name) is None:
                yield _finding(
                    'version-unknown',
                    contract,
                    f'{owner} refers to {name}, which is not in the history.',
                    f'Add {name} to the history, or use one of '
                    f'{", ".join(each.name for each in contract.history)}.',
                    symbol=owner,
                    where=what,
                )


def _spans(
    contract: model.Contract,
) -> Iterator[tuple[str, model.Location, list[str | None]]]:
    if contract.sealed_since is not None:
        yield '', contract.where, [contract.sealed_since]
    for method in contract.methods.values():
        own = [method.since, method.until, method.again]
        yield method.name, method.where, own
        for argument in method.arguments:
            names = [
                argument.since,
                argument.until,
                argument.again,
                *(argument.required or ()),
            ]
            # What it has of the method is said there.
            yield (
                f'{method.name}({argument.name})',
                argument.where,
                [name for name in names if name not in own],
            )


def _aliases(
    contract: model.Contract, kept: Sequence[locks.Lock]
) -> Iterator[findings.Finding]:
    latest = contract.history[-1:]
    for revision in latest:
        if not revision.releases and contract.aliases:
            yield _finding(
                'alias-missing',
                contract,
                f'{revision.name} is the latest revision and has no release: '
                'operators cannot pin it by the name of a release.',
                "Name its release: releases=('...',).",
                where=revision.where,
            )
    seen: dict[str, str] = {}
    for revision in contract.history:
        for release in revision.releases:
            if not _RELEASE.fullmatch(str(release)):
                yield _finding(
                    'alias-unparsable',
                    contract,
                    f'"{release}" is not a release that [upgrade_levels] '
                    'accepts: use 2026.2, or a name in lower case.',
                    f'Write "{str(release).lower().strip()}".',
                    where=revision.where,
                )
            elif release in seen:
                yield _finding(
                    'alias-unparsable',
                    contract,
                    f'{release} is the name of both {seen[release]} and '
                    f'{revision.name}; the latter applies.',
                    'Keep it at the revision of that release.',
                    where=revision.where,
                )
            seen[release] = revision.name
    for lock in kept:
        if lock.broken or contract.index(lock.revision) is None:
            continue
        for release in lock.contract.history[-1].releases:
            if seen.get(release) != lock.revision:
                yield _finding(
                    'alias-missing',
                    contract,
                    f'{release} was released with {lock.revision}, but '
                    f'belongs to {seen.get(release, "of none")} now: a pin by '
                    'this name changes its meaning.',
                    f'Add {release} to the releases of {lock.revision}.',
                    where=contract.where,
                    against=f'{contract.interface} {lock.revision}',
                )


def _newest(
    contract: model.Contract, kept: Iterable[locks.Lock]
) -> locks.Lock | None:
    whole = [
        lock
        for lock in kept
        if not lock.broken and contract.index(lock.revision) is not None
    ]
    return max(
        whole,
        key=lambda lock: contract.index(lock.revision) or 0,
        default=None,
    )


def _bump(
    contract: model.Contract, kept: Sequence[locks.Lock]
) -> Iterator[findings.Finding]:
    newest = _newest(contract, kept)
    if newest is None or not contract.history:
        return
    latest = contract.history[-1]
    against = f'{contract.interface} {newest.revision}'
    highest = max(
        (versions.parse(lock.revision) or (0, 0) for lock in kept),
        default=(0, 0),
    )
    if (versions.parse(latest.name) or (0, 0)) < highest:
        yield _finding(
            'version-back',
            contract,
            f'The latest revision is {latest.name}, but '
            f'{highest[0]}.{highest[1]} was released: peers of that version '
            'count as newer.',
            'Restore the released revisions in the history.',
            where=latest.where,
            against=against,
        )
    if latest.name != newest.revision and not _differ(
        newest.contract, contract.as_of(latest.name)
    ):
        yield _finding(
            'bump-without-change',
            contract,
            f'{latest.name} serves the same as {newest.revision}: messages at '
            'that version are refused by peers that could handle them.',
            f'Remove {latest.name} until there is a change for it.',
            where=latest.where,
            against=against,
        )


def _differ(old: model.Contract, new: model.Contract) -> bool:
    return any(changes.between(old, new))


def _unfrozen(
    contract: model.Contract, kept: Sequence[locks.Lock]
) -> Iterator[findings.Finding]:
    there = {lock.revision for lock in kept}
    for revision in contract.history[:-1]:
        if revision.name not in there:
            yield _finding(
                'frozen-missing',
                contract,
                f'{revision.name} is not frozen, although '
                f'{contract.history[-1].name} follows it: nothing prevents a '
                'change.',
                'Run "rpc-contract freeze" and commit its output.',
                where=revision.where,
            )


def _reused(
    contract: model.Contract, kept: Sequence[locks.Lock]
) -> Iterator[findings.Finding]:
    """Find names that a revision retired and a later one has anew."""
    order = sorted(
        (
            lock
            for lock in kept
            if not lock.broken and contract.index(lock.revision) is not None
        ),
        key=lambda lock: contract.index(lock.revision) or 0,
    )
    for method in contract.methods.values():
        had = [lock for lock in order if method.name in lock.contract.methods]
        if _retired_before(contract, method, had, order):
            yield _say_reused(contract, method.name, method.where, had[-1])
            continue
        for argument in method.arguments:
            those = [
                lock
                for lock in had
                if lock.contract.methods[method.name].argument(argument.name)
            ]
            if _retired_before(contract, argument, those, had):
                yield _say_reused(
                    contract,
                    f'{method.name}({argument.name})',
                    argument.where,
                    those[-1],
                )


def _retired_before(
    contract: model.Contract,
    what: model.Method | model.Argument,
    had: Sequence[locks.Lock],
    order: Sequence[locks.Lock],
) -> bool:
    """Whether it begins after a time in which it was known and then not."""
    since = contract.index(what.since)
    if since is None or not had or len(had) == len(order):
        return False
    last = contract.index(had[-1].revision) or 0
    return last < since and had[-1] is not order[-1]


def _say_reused(
    contract: model.Contract,
    symbol: str,
    where: model.Location,
    last: locks.Lock,
) -> findings.Finding:
    return _finding(
        'name-reused',
        contract,
        f'{symbol} was supported until {last.revision} and then retired. It '
        'starts anew here, and peers of that time mistake it for the old one.',
        'Choose another name. If it is the old one again, declare so: the '
        f"same since, until='{last.revision}', again=...",
        symbol=symbol,
        where=where,
        against=f'{contract.interface} {last.revision}',
    )
