# SPDX-License-Identifier: Apache-2.0
"""Chooses the version of a message, and what of it a peer can take."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from trove.common.rpc import _contract


@dataclasses.dataclass(frozen=True)
class Message:
    """What goes over the wire for one call of a client's method."""

    version: _contract.Version
    arguments: dict[str, Any]
    left_out: tuple[str, ...]


class Unsendable(Exception):
    """The values cannot be said to a peer with this cap.

    :param what: the method, or the method and the argument
    :param needs: the lowest version that has it
    """

    def __init__(self, what: str, needs: _contract.Version) -> None:
        super().__init__(f'{what} needs {needs}')
        self.what = what
        self.needs = needs


def plan(
    method: _contract.Method,
    values: Mapping[str, Any],
    cap: _contract.Version,
) -> Message:
    """Choose the lowest version that expresses ``values``.

    :raises Unsendable: even ``cap`` does not express them
    """
    if method.since > cap:
        raise Unsendable(method.name, method.since)
    version = method.since
    latest_allowed = cap
    arguments = {}
    left_out = []
    for name, value in values.items():
        argument = method.arguments.get(name)
        if argument is None:
            arguments[name] = value
            continue
        is_base = argument.since == method.since and argument.until is None
        if not is_base and _same(value, argument.default):
            continue
        if argument.since > cap:
            if not argument.may_omit:
                raise Unsendable(
                    f'{method.name} with {name}', argument.since
                )
            left_out.append(name)
            continue
        if argument.until is not None:
            latest_allowed = min(latest_allowed, argument.until)
        version = max(version, argument.since)
        arguments[name] = value
    if version > latest_allowed:
        raise TypeError(
            f'{method.name}: no version has all of the arguments '
            f'{sorted(arguments)}'
        )
    return Message(version, arguments, tuple(left_out))


def _same(value: Any, default: Any) -> bool:
    # 0 is not False on the wire.
    return type(value) is type(default) and bool(value == default)
