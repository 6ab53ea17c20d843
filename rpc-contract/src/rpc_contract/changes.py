# SPDX-License-Identifier: Apache-2.0
"""What is different between two contracts, without a judgement."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from typing import Literal

from rpc_contract import hints
from rpc_contract import model
from rpc_contract import versions

What = Literal['added', 'removed', 'changed']


@dataclasses.dataclass(frozen=True)
class Change:
    """A difference.

    :param symbol: the method, or ``method(argument)``; empty: the interface
    :param before: how it was written; None of what was added
    :param after: how it is written; None of what was removed
    """

    symbol: str
    what: What
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        match self.what:
            case 'added':
                return f'added {self.symbol}: {self.after}'
            case 'removed':
                return f'removed {self.symbol}: {self.before}'
        name = f' {self.symbol}' if self.symbol else ''
        return f'changed{name}: {self.before} -> {self.after}'


def between(old: model.Contract, new: model.Contract) -> Iterator[Change]:
    """Compare what two contracts serve.

    :param old: as of its last revision, see ``Contract.as_of``
    :param new: as of its last revision as well
    """
    for what, before, after in (
        ('topic', old.topic, new.topic),
        ('namespace', old.namespace, new.namespace),
        ('sealed', str(old.sealed), str(new.sealed)),
    ):
        if before != after:
            yield Change('', 'changed', f'{what} {before}', f'{what} {after}')
    yield from _methods(old, new)
    then = {_kept_apart(each): each for each in old.others}
    now = {_kept_apart(each): each for each in new.others}
    for key in {**then, **now}:
        nothing = model.Contract(new.interface)
        yield from _methods(then.get(key, nothing), now.get(key, nothing))


def _kept_apart(contract: model.Contract) -> tuple[object, ...]:
    """Return what tells one endpoint of a server from the others."""
    version = versions.parse(contract.version)
    return contract.namespace, version and version[0]


def _methods(old: model.Contract, new: model.Contract) -> Iterator[Change]:
    for name in sorted(old.methods.keys() | new.methods.keys()):
        then, now = old.methods.get(name), new.methods.get(name)
        if then is None and now is not None:
            yield Change(name, 'added', after=signature(now))
        elif now is None and then is not None:
            yield Change(name, 'removed', before=signature(then))
        elif then is not None and now is not None:
            yield from _method(then, now)


def signature(method: model.Method) -> str:
    """Write a method down as people read it."""
    arguments = [_argument(each) for each in method.arguments]
    if method.any_fields:
        arguments.append('...')
    text = f'{method.name}({", ".join(arguments)})'
    if method.result is not None:
        text += f' -> {method.result}'
    sealed = 'sealed ' if method.sealed else ''
    return f'{sealed}{method.kind or "method"} {text}'


def _argument(argument: model.Argument) -> str:
    text = argument.name
    if argument.annotation is not None:
        text += f': {argument.annotation}'
    if argument.default is not None:
        text += f' = {argument.default}'
    return text


def _method(old: model.Method, new: model.Method) -> Iterator[Change]:
    if _outside(old) != _outside(new) or (
        hints.change(old.result, new.result) != 'same'
    ):
        yield Change(new.name, 'changed', signature(old), signature(new))
    for argument in new.arguments:
        symbol = f'{new.name}({argument.name})'
        then = old.argument(argument.name)
        if then is None:
            yield Change(symbol, 'added', after=_argument(argument))
        elif then.default != argument.default or (
            hints.change(then.annotation, argument.annotation) != 'same'
        ):
            yield Change(
                symbol, 'changed', _argument(then), _argument(argument)
            )
    for argument in old.arguments:
        if new.argument(argument.name) is None:
            symbol = f'{new.name}({argument.name})'
            yield Change(symbol, 'removed', before=_argument(argument))


def _outside(method: model.Method) -> tuple[object, ...]:
    return method.kind, method.any_fields, method.sealed
