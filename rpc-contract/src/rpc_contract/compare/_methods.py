# SPDX-License-Identifier: Apache-2.0
"""What has become of the methods of an interface."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import model
from rpc_contract.compare import _arguments
from rpc_contract.compare import _pair

#: How much a name has to be like another to count as the same, renamed: with
#: the same arguments, and with several of the same arguments.
_ALIKE = 0.6
_ALIKE_WITH_ARGUMENTS = 0.4


def check(pair: _pair.Pair) -> Iterator[findings.Finding]:
    """Compare the methods of two contracts."""
    old, now = pair.old.methods, pair.now.methods
    added = {name: now[name] for name in now if name not in old}
    for name, gone in old.items():
        known = pair.new.methods.get(name)
        if known is not None and known.unread:
            # Since when there is what of it is not known: it is said so.
            continue
        if name in now:
            then = pair.then.methods.get(name)
            yield from _arguments.Change(pair, gone, then, now[name]).all()
            if then is None:
                yield _denied(pair, now[name])
            elif then.sealed != gone.sealed:
                yield _sealed(pair, then)
            continue
        came = _renamed(gone, added.values())
        if came is not None:
            del added[came.name]
            yield _say_renamed(pair, gone, came)
        else:
            yield _say_removed(pair, gone)
    for name, came in added.items():
        if name in pair.then.methods and not came.unread:
            yield _say_added(pair, came)


def _renamed(
    gone: model.Method, added: Iterable[model.Method]
) -> model.Method | None:
    names = [argument.name for argument in gone.arguments]
    best = None
    for came in added:
        if names != [argument.name for argument in came.arguments]:
            continue
        needed = _ALIKE_WITH_ARGUMENTS if len(names) > 1 else _ALIKE
        score = _pair.alike(gone.name, came.name)
        if score >= needed and (best is None or score > best[0]):
            best = score, came
    return best[1] if best else None


def _say_renamed(
    pair: _pair.Pair, gone: model.Method, came: model.Method
) -> findings.Finding:
    return pair.finding(
        'method-renamed',
        came.name,
        came.where,
        f'{gone.name} was renamed to {came.name}: old clients still send the '
        'old name, which nobody serves.',
        f'Serve {gone.name} as well, with the same arguments, and add '
        f'{came.name} since {pair.coming}.',
    )


def _say_removed(pair: _pair.Pair, gone: model.Method) -> findings.Finding:
    declared = pair.new.methods.get(gone.name)
    if declared is not None:
        return pair.finding(
            'method-removed',
            gone.name,
            declared.where,
            f'{gone.name} is served until {declared.until} only: old clients '
            'that send it are refused.',
            'Keep serving it, if only to refuse it with a reason, and remove '
            'until=. Or suppress this finding, with the reason, until the '
            f'floor is above {declared.until}.',
        )
    return pair.finding(
        'method-removed',
        gone.name,
        pair.new.where,
        f'{gone.name} was removed: old clients that send it are refused.',
        f'Restore {gone.name} until no living peer has a revision with it.',
    )


def _say_added(pair: _pair.Pair, came: model.Method) -> findings.Finding:
    fix = (
        f"Declare its first version: @rpc.{came.kind}('{pair.coming}')."
        if pair.declared
        else f'Raise the version to {pair.coming}, and have clients send it '
        f"only where can_send_version('{pair.coming}')."
    )
    return pair.finding(
        'method-added',
        came.name,
        came.where,
        f'{came.name} is new, and is sent to peers that do not have it.',
        fix,
    )


def _denied(pair: _pair.Pair, now: model.Method) -> findings.Finding:
    return pair.finding(
        'changed-without-bump',
        now.name,
        now.where,
        f'{pair.against} serves {now.name}, but the contract denies it: the '
        'method is refused to peers that support it.',
        f'Let {now.name} begin as before, at or before '
        f'{pair.old.history[-1].name}.',
    )


def _sealed(pair: _pair.Pair, then: model.Method) -> findings.Finding:
    here, there = ('', 'not ') if then.sealed else ('not ', '')
    return pair.finding(
        'changed-without-bump',
        then.name,
        then.where,
        f'{then.name} is {here}taken sealed only, and was {there}so in '
        f'{pair.against}.',
        f'Keep it as it was, and declare another method since {pair.coming}.',
    )
