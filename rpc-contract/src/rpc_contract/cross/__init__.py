# SPDX-License-Identifier: Apache-2.0
"""What a client sends against what an endpoint serves.

A *fallback* is what a client sends to peers that are older than itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import versions
from rpc_contract.cross import _arrival
from rpc_contract.cross import _levels
from rpc_contract.cross import _sends

__all__ = ('check', 'check_old', 'client_of', 'sent')

Finding = findings.Finding


def check(
    client: model.Contract, endpoint: model.Contract
) -> Iterator[Finding]:
    """Hold a client against the endpoint of the same tree.

    :param client: with sends
    :param endpoint: with methods; its ``others`` are looked at as well
    """
    served = [
        each
        if each.version
        else dataclasses.replace(each, version=client.version)
        for each in (endpoint, *endpoint.others)
    ]
    found: list[Finding] = []
    for send in _living(client):
        found += _sends.Held(client, send).against(served)
    found += _levels.too_low(client)
    found += _levels.needless(client, served)
    found += _arrival.changed(client, served)
    yield from _once(found)


def check_old(
    client: model.Contract,
    endpoint: model.Contract,
    older: model.Contract,
    against: str,
) -> Iterator[Finding]:
    """Hold what a client sends to older peers against an older endpoint.

    What it falls back to has to fit that. What it sends without a question,
    in messages that the older endpoint takes, must be known there: a new
    version alone does not make it so.

    :param endpoint: of the same tree
    :param older: endpoint of an older release, with its version
    :param against: how a person calls that
    """
    found: list[Finding] = []
    for old in (older, *older.others):
        speaks = versions.parse(old.version)
        if speaks is None:
            continue
        for send in client.sends:
            if send.namespace != old.namespace or not _levels.is_sent_to(
                client, send, speaks
            ):
                continue
            if send.asked:
                found += _sends.Held(client, send, against).to(old)
            else:
                held = _sends.Held(client, send, against)
                now = endpoint.methods.get(send.method)
                found += held.unknown_to(old, now)
    yield from _once(found)


def sent(
    contracts: Sequence[model.Contract], clients: Sequence[model.Contract]
) -> list[model.Contract]:
    """Leave nothing of contracts but what any client sends.

    Methods that others of the same process call are public as well, and
    arguments that only they give; nobody gets the result of a cast. What is
    called or cast as one likes, in any of them, is of no kind.
    """
    either = {
        name
        for each in contracts
        for name, method in each.methods.items()
        if method.kind is None
    }
    sends: dict[str, list[model.Send]] = {}
    for client in clients:
        for send in client.sends:
            sends.setdefault(send.method, []).append(send)
    return [
        dataclasses.replace(
            each,
            methods={
                name: dataclasses.replace(
                    _used(method, sends[name]),
                    kind=None if name in either else method.kind,
                )
                for name, method in each.methods.items()
                if name in sends
            },
            others=tuple(sent(each.others, clients)),
        )
        for each in contracts
    ]


def client_of(contract: model.Contract) -> model.Contract:
    """Return a client that sends all that a frozen contract has."""
    return model.Contract(
        contract.interface,
        sends=tuple(
            model.Send(
                method.name,
                arguments={each.name: 'maybe' for each in method.arguments},
                kind=method.kind,
                any_fields=method.any_fields,
            )
            for each in (contract, *contract.others)
            for method in each.methods.values()
        ),
    )


def _used(method: model.Method, sends: Sequence[model.Send]) -> model.Method:
    """Return what is used of a method."""
    names = {name for send in sends for name in send.arguments}
    if any(send.any_fields for send in sends):
        names |= {argument.name for argument in method.arguments}
    called = any(send.kind != 'cast' for send in sends)
    return dataclasses.replace(
        method,
        arguments=tuple(
            argument
            for argument in method.arguments
            if argument.default is None or argument.name in names
        ),
        result=method.result if called else None,
    )


def _living(client: model.Contract) -> Iterator[model.Send]:
    """Leave out what a declared contract says until when there was."""
    if not client.history:
        yield from client.sends
        return
    now = client.as_of(client.history[-1].name)
    for send in client.sends:
        method = now.methods.get(send.method)
        if method is not None:
            yield dataclasses.replace(
                send,
                arguments={
                    name: sure
                    for name, sure in send.arguments.items()
                    if method.argument(name) is not None
                },
            )


def _once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Say each thing once, although it is sent in several forms."""
    seen: set[object] = set()
    for each in found:
        key = each.rule, each.symbol, each.where
        if key not in seen:
            seen.add(key)
            yield each
