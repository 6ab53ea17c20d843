# SPDX-License-Identifier: Apache-2.0
"""Whether all of a client and an endpoint was read, and what was not."""

from __future__ import annotations

from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import projects

Finding = findings.Finding


def check(
    subject: projects.Subject,
    client: model.Contract | None,
    endpoint: model.Contract | None,
) -> Iterator[Finding]:
    """Find what was not read, and what is allowed although it was."""
    allowed = subject.allow_unread
    used = set()
    others = endpoint.others if endpoint else ()
    for side in (client, endpoint, *others):
        if side is None:
            continue
        for where, what in side.unsure:
            yield _unsure(subject.interface, where, what)
        for unread in (*side.unread, *_in_messages(side)):
            used.add(unread.symbol)
            yield _partly(subject, unread)
    if allowed is not True:
        yield from _nothing_read(subject.interface, client, endpoint)
        for name in sorted(allowed - used):
            yield _needless(subject.interface, name)


def sent(client: model.Contract | None) -> int | None:
    """Count the methods that a client sends; None where there is none."""
    if client is None:
        return None
    return len({send.method for send in client.sends}.union(client.withheld))


def served(endpoint: model.Contract | None) -> int | None:
    """Count the methods that endpoints serve; None where there is none."""
    if endpoint is None:
        return None
    return sum(len(each.methods) for each in (endpoint, *endpoint.others))


def _in_messages(side: model.Contract) -> Iterator[model.Unread]:
    for send in side.sends:
        for text in send.unread:
            what = f'{text}, which {send.method} is sent with'
            yield model.Unread(send.where, what, send.method)


def _partly(subject: projects.Subject, unread: model.Unread) -> Finding:
    allowed = subject.allow_unread
    borne = allowed is True or unread.symbol in allowed
    name = unread.symbol or 'the class'
    return Finding(
        'unread' if borne else 'partly-read',
        subject.interface,
        unread.symbol,
        unread.where,
        f'What this is could not be read from the source: {unread.what}. It '
        'is not checked.',
        'Write it as a literal, or as the name of one, if it should be '
        'checked.'
        if borne
        else 'Write it as a literal, or as the name of one. If it has to be '
        f'as it is, take "{name}" into allow-unread of '
        f'{_section(subject.interface)}.',
    )


def _unsure(interface: str, where: model.Location, what: str) -> Finding:
    return Finding(
        'declaration-unread',
        interface,
        '',
        where,
        f'This is not to be told from the source: {what}. It is not checked.',
        'Write it as a literal, or as the name of one.',
    )


def _nothing_read(
    interface: str,
    client: model.Contract | None,
    endpoint: model.Contract | None,
) -> Iterator[Finding]:
    """Find sides about which the check can say nothing at all."""
    # Where anything of it is told already, that is enough.
    if client is not None and not (sent(client) or client.unread):
        yield _nothing(interface, client, 'sends')
    if endpoint is not None and not (served(endpoint) or endpoint.unread):
        yield _nothing(interface, endpoint, 'serves')


def _nothing(interface: str, side: model.Contract, does: str) -> Finding:
    return Finding(
        'nothing-read',
        interface,
        does,
        side.where,
        f'Nothing that this class {does} could be read, so nothing of it is '
        'checked.',
        f'Name the class that {does}. If this is the one, write out what the '
        'checker cannot follow, or say allow-unread = true in '
        f'{_section(interface)}.',
    )


def _needless(interface: str, name: str) -> Finding:
    return Finding(
        'suppression-unused',
        interface,
        name,
        model.Location(projects.FILE),
        f'All of "{name}" was read, and allow-unread of '
        f'{_section(interface)} has it.',
        'Remove it from the list.',
    )


def _section(interface: str) -> str:
    return f'[tool.rpc-contract.interfaces.{interface}]'
