# SPDX-License-Identifier: Apache-2.0
"""What arrives as another thing than was sent."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import jsonable
from rpc_contract import model

Finding = findings.Finding


def changed(
    client: model.Contract, served: Iterable[model.Contract]
) -> Iterator[Finding]:
    """Find the arguments and results that JSON does not keep."""
    for send in client.sends:
        for name, what in send.changed.items():
            yield _arrives(client, f'{send.method}({name})', send.where, what)
    for method in client.methods.values():
        for argument in method.arguments:
            what = jsonable.changed(argument.annotation)
            symbol = f'{method.name}({argument.name})'
            if what:
                yield _arrives(client, symbol, argument.where, what)
    called = {send.method for send in client.sends if send.kind == 'call'}
    for contract in (client, *served):
        for method in contract.methods.values():
            what = jsonable.changed(method.result)
            if what and method.name in called:
                yield _arrives(client, method.name, method.where, what)


def _arrives(
    client: model.Contract, symbol: str, where: model.Location, what: str
) -> Finding:
    subject = symbol if '(' in symbol else f'the result of {symbol}'
    return Finding(
        'json-changes-value',
        client.interface,
        symbol,
        where,
        f'{subject} is {what}; what arrives is {jsonable.ARRIVES[what]}.',
        'Send what JSON keeps (a list, text, a number, a dictionary with '
        'text as keys), and say so in the annotation.',
    )
