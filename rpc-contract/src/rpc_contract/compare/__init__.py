# SPDX-License-Identifier: Apache-2.0
"""Holds an older contract against a newer one.

Two questions are asked of each difference. Does a server of now still take
what clients of then send? And does a client of now send to servers of then
only what they know? The second is answered by the contract itself where it
says since when there is what (``as_of``); else a higher minor version is
taken for it, and what a client does at a lower one is for ``cross``.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import versions
from rpc_contract.compare import _methods
from rpc_contract.compare import _pair

__all__ = ('check',)


def check(
    old: model.Contract, new: model.Contract, against: str, coming: str
) -> Iterator[findings.Finding]:
    """Compare a contract with an older one.

    :param old: of one revision, see ``Contract.as_of``
    :param new: as a tree has it, with its history if it has one
    :param against: how a person calls the old one
    :param coming: the revision that a change belongs to
    """
    for other in old.others:
        for now in (new, *new.others):
            if _is_alike(other, now):
                alone = dataclasses.replace(other, others=())
                yield from check(alone, now, against, coming)
                break
    pair = _pair_of(old, new, against, coming)
    yield from _target(pair)
    if _is_other_major(pair):
        served = [
            other
            for other in new.others
            if not _is_other_major(dataclasses.replace(pair, new=other))
        ]
        if not served:
            yield _say_major(pair)
            return
        pair = _pair_of(old, served[0], against, coming)
    if _is_below_floor(pair):
        yield _say_floor(pair)
    elif pair.declared and new.index(old.history[-1].name) is None:
        yield _say_unknown(pair)
    else:
        yield from _seals(pair)
        yield from _methods.check(pair)


def _is_alike(old: model.Contract, new: model.Contract) -> bool:
    """Whether one endpoint beside others is the older form of another."""
    before, after = versions.parse(old.version), versions.parse(new.version)
    same = None in (before, after) or (before or (0,))[0] == (after or (0,))[0]
    return old.namespace == new.namespace and same


def _pair_of(
    old: model.Contract, new: model.Contract, against: str, coming: str
) -> _pair.Pair:
    if not new.history:
        # What is sent to whom is not in the contract; a new version says
        # that somebody has thought of it.
        before, after = (
            versions.parse(old.version),
            versions.parse(new.version),
        )
        bumped = before is not None and after is not None and after > before
        then = old if bumped else new
        return _pair.Pair(old, new, then, new, against, coming)
    now = new.as_of(new.history[-1].name)
    name = old.history[-1].name if old.history else ''
    then = new.as_of(name) if new.index(name) is not None else old
    return _pair.Pair(old, new, then, now, against, coming)


def _target(pair: _pair.Pair) -> Iterator[findings.Finding]:
    old, new = pair.old, pair.new
    for what, before, after in (
        ('topic', old.topic, new.topic),
        ('namespace', old.namespace, new.namespace),
    ):
        told = what == 'namespace' or None not in (before, after)
        if before != after and told:
            yield pair.finding(
                f'{what}-changed',
                '',
                new.where,
                f'The {what} was {before} and is {after}: messages of old '
                'clients reach no new server, and those of new clients no old '
                'one.',
                f'Restore the {what} {before}. To change it, serve both until '
                'no living peer needs the old one.',
            )


def _seals(pair: _pair.Pair) -> Iterator[findings.Finding]:
    if pair.declared and pair.then.sealed != pair.old.sealed:
        yield pair.finding(
            'changed-without-bump',
            '',
            pair.new.where,
            f'Sealed messages begin with {pair.new.sealed_since}, which '
            f'contradicts {pair.against}.',
            f"Restore the revision, or use '{pair.coming}'.",
        )


def _is_other_major(pair: _pair.Pair) -> bool:
    before = versions.parse(pair.old.version)
    after = versions.parse(pair.new.version)
    return before is not None and after is not None and before[0] != after[0]


def _say_major(pair: _pair.Pair) -> findings.Finding:
    return pair.finding(
        'major-changed',
        '',
        pair.new.where,
        f'The version was {pair.old.version} and is {pair.new.version}: a '
        'server accepts messages of its own major version only.',
        'Serve the new major version beside the old one: an interface of '
        'its own, with follows=True, its own client and its own manager.',
    )


def _is_below_floor(pair: _pair.Pair) -> bool:
    old, floor = (
        versions.parse(pair.old.version),
        versions.parse(pair.new.floor),
    )
    if old is None or floor is None:
        return False
    if old < floor:
        return True
    # Several revisions share the version of the floor.
    history, name = pair.new.history, pair.old.history[-1:]
    return (
        old == floor
        and bool(history and name)
        and history[0].name.partition('/')[1] == '/'
        and pair.new.index(name[0].name) is None
    )


def _say_floor(pair: _pair.Pair) -> findings.Finding:
    return pair.finding(
        'floor-raised',
        '',
        pair.new.where,
        f'The lowest revision is {pair.new.floor}, above that of '
        f'{pair.against}: such peers are no longer supported.',
        f'Restore {pair.old.floor} in the history. If no living peer uses it, '
        'delete its lock, as an explicit decision that can be reviewed.',
    )


def _say_unknown(pair: _pair.Pair) -> findings.Finding:
    return pair.finding(
        'version-unknown',
        '',
        pair.new.where,
        f'The released revision {pair.old.history[-1].name} is missing from '
        'the history: peers that announce it are misidentified.',
        'Restore the entry in the history, at its place.',
    )
