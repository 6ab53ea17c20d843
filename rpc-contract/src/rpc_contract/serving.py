# SPDX-License-Identifier: Apache-2.0
"""Holds an endpoint against the contract that its client declares.

What clients send and the endpoint does not take is for ``cross``.
"""

from __future__ import annotations

from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import hints
from rpc_contract import model


def check(
    client: model.Contract, endpoint: model.Contract
) -> Iterator[findings.Finding]:
    """Find what the endpoint hides, exposes, or means otherwise.

    :param client: a declared contract
    :param endpoint: what the endpoint of the same tree serves
    """
    yield from _version(client, endpoint)
    served = (
        client.as_of(client.history[-1].name) if client.history else client
    )
    for method in served.methods.values():
        own = endpoint.methods.get(method.name)
        if own is None:
            # A base class that could not be read may have it.
            if not endpoint.unread:
                yield _hidden(client, endpoint, method)
        else:
            yield from _result(client, own, method)
            declared = client.methods[method.name]
            yield from _others(client, own, declared)
            for argument in declared.arguments:
                if method.argument(argument.name):
                    yield from _argument(client, own, argument)
    for method in endpoint.methods.values():
        if method.name not in client.methods:
            yield _exposed(client, method)


def _finding(
    client: model.Contract,
    rule: str,
    symbol: str,
    where: model.Location,
    message: str,
    fix: str,
) -> findings.Finding:
    return findings.Finding(
        rule, client.interface, symbol, where, message, fix
    )


def _version(
    client: model.Contract, endpoint: model.Contract
) -> Iterator[findings.Finding]:
    ours = client.interface, client.version
    if (endpoint.interface, endpoint.version) == ours:
        return
    if endpoint.version is None:
        said = 'names no interface'
    else:
        said = f'is of {endpoint.interface} {endpoint.version}'.replace(
            '  ', ' '
        )
    yield _finding(
        client,
        'version-disagreement',
        '',
        endpoint.where,
        f'The endpoint {said}; the client is of {client.interface} '
        f'{client.version}.',
        'Use the interface of the client in the endpoint: interface = '
        'api.API.interface.',
    )


def _hidden(
    client: model.Contract, endpoint: model.Contract, method: model.Method
) -> findings.Finding:
    return _finding(
        client,
        'method-hidden',
        method.name,
        endpoint.where,
        f'{method.name} is declared but cannot be called: the endpoint has no '
        'public method with that name that takes a context.',
        f'Add {method.name} to the endpoint, if only to refuse it.',
    )


def _exposed(client: model.Contract, method: model.Method) -> findings.Finding:
    return _finding(
        client,
        'method-exposed',
        method.name,
        method.where,
        f'{method.name} is public and takes a context, like a served method, '
        'but no client declares it.',
        f'Declare it in the client, or rename it to _{method.name}.',
    )


def _result(
    client: model.Contract, own: model.Method, declared: model.Method
) -> Iterator[findings.Finding]:
    if hints.change(declared.result, own.result) in ('widened', 'changed'):
        yield _finding(
            client,
            'result-widened',
            own.name,
            own.where,
            f'{own.name} is declared to return {declared.result}, but returns '
            f'{own.result}.',
            f'Return {declared.result}, or declare the actual type.',
        )


def _others(
    client: model.Contract, own: model.Method, declared: model.Method
) -> Iterator[findings.Finding]:
    """Find what is taken besides what is declared, or is not any more."""
    for served in own.arguments:
        # One without a default, which nobody sends, is told by cross.
        if (
            served.default is not None
            and not declared.any_fields
            and declared.argument(served.name) is None
        ):
            yield _finding(
                client,
                'argument-added-optional',
                f'{own.name}({served.name})',
                served.where,
                f'{served.name} of {own.name} is served but not declared: no '
                'client sends it.',
                f'Declare {served.name}, with its revision, or remove it.',
            )
    if declared.any_fields and not own.any_fields:
        yield _finding(
            client,
            'argument-removed',
            own.name,
            own.where,
            f'{own.name} is declared with any further arguments, and the '
            'endpoint takes none: a message that has some is refused.',
            'Accept **fields in the endpoint.',
        )


def _argument(
    client: model.Contract, own: model.Method, declared: model.Argument
) -> Iterator[findings.Finding]:
    served = own.argument(declared.name)
    if served is None:
        return
    symbol = f'{own.name}({declared.name})'
    where = served.where
    if None not in (served.default, declared.default) and (
        served.default != declared.default
    ):
        yield _finding(
            client,
            'default-changed',
            symbol,
            where,
            f'{declared.name} of {own.name} is declared with the default '
            f'{declared.default} and served with {served.default}.',
            f'Use {declared.name}={declared.default} in both.',
        )
    if (served.default is None) != (declared.default is None):
        now = 'required' if served.default is None else 'optional'
        yield _finding(
            client,
            f'argument-made-{now}',
            symbol,
            where,
            f'{declared.name} of {own.name} is declared '
            f'{_with(declared.default)} and served {_with(served.default)}: '
            'the service does not start.',
            f'Use {declared.name} {_with(declared.default)} in both.',
        )
    if hints.change(declared.annotation, served.annotation) in (
        'narrowed',
        'changed',
    ):
        yield _finding(
            client,
            'type-narrowed',
            symbol,
            where,
            f'{declared.name} of {own.name} is declared as '
            f'{declared.annotation} and served as {served.annotation}, which '
            'takes less.',
            f'Accept {declared.annotation} in the endpoint.',
        )


def _with(default: str | None) -> str:
    return 'without a default' if default is None else f'with ={default}'
