# SPDX-License-Identifier: Apache-2.0
"""The outcome of each message between any two releases."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import functools
import itertools
from typing import Literal
from typing import NamedTuple

from trove import version
from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.rpcadmin import facts
from trove.rpcadmin.matrix import notes

#: From the best to the worst.
OUTCOMES = ('same', 'left out', 'refused', 'no reply', 'lost')

Outcome = Literal['same', 'left out', 'refused', 'no reply', 'lost']

#: Instead of the outcome, for messages that are never sent.
IN_VAIN = 'in vain'

#: Stands for the identifier of a guest in the text of an error.
_PEER = 'ID'


_UNSUPPORTED = (
    'No datastore of this release supports it, so an upgrade does not help.'
)
_UNUSED = 'The client has it, but no code of that release calls it.'


@dataclasses.dataclass(frozen=True)
class Release:
    """A release of Trove.

    :param number: the first of its version
    :param series: of OpenStack, such as ``victoria`` or ``2026.2``
    :param ours: it is this tree, which asks its peers what they understand
    """

    number: int
    series: str
    ours: bool = False

    def __str__(self) -> str:
        return f'{self.number}.0'


class Row(NamedTuple):
    """The outcome of one message.

    :param argument: that is given besides those the method needs; None: the
        least; released clients always send all they have
    :param outcome: ``same``, ``left out`` and ``refused`` as in
        :class:`trove.common.rpc.Fit`; ``no reply``: it is carried out, but
        its sender waits in vain; ``lost``: it is refused, and nobody is told
    :param told: who learns of a refusal: the ``sender``, or the ``operator``
        by what the receiver writes down
    :param sent: the version that the message bears; None: nothing is sent
    :param needs: the nearest revision of the server that takes it
    :param why: for people
    :param vain: why it does not matter that it is not the same: it would not
        be of use, or is never sent
    """

    method: str
    argument: str | None
    kind: str
    outcome: Outcome
    told: Literal['sender', 'operator'] | None
    sent: str | None
    needs: str | None
    why: str
    remedy: str
    vain: str = ''


@functools.cache
def all_releases() -> tuple[Release, ...]:
    """Return those that were measured, and this one; oldest first."""
    series = {
        interface.latest.release or ''
        for interface in versions.INTERFACES.values()
    }
    number, _, _ = version.release().partition('.')
    latest = max(releases.SERIES) + 1
    if number.isdecimal():
        latest = max(latest, int(number))
    return (
        *(Release(*each) for each in releases.SERIES.items()),
        Release(latest, max(series), ours=True),
    )


def find(text: str) -> Release:
    """Return the release of a number, a series, or ``latest``.

    :raises ValueError: there is none
    """
    wanted = text.lower().removesuffix('.0.0').removesuffix('.0')
    for release in all_releases():
        if wanted in (str(release.number), release.series):
            return release
        if wanted == 'latest' and release.ours:
            return release
    raise ValueError(text)


@functools.cache
def between(
    name: str, client: Release, server: Release
) -> tuple[Row, ...]:
    """Return the outcomes of all messages of a client to a server.

    :param name: of the interface
    """
    interface = versions.INTERFACES[name]
    if client.ours:
        return tuple(_ours(interface, server))
    return tuple(_released(interface, client, server))


def _revision(interface: rpc.Interface, release: Release) -> rpc.Revision:
    if release.ours:
        return interface.latest
    return interface.revision(release.series)


def _ours(interface: rpc.Interface, server: Release) -> Iterator[Row]:
    for method in interface.methods.values():
        optional = [
            argument.name
            for argument in method.arguments.values()
            if argument.default is not rpc.REQUIRED
        ]
        for name in (None, *optional):
            fit = rpc.fit(
                interface,
                method.name,
                () if name is None else (name,),
                client=interface.latest,
                endpoint=_revision(interface, server),
                peer=_PEER,
            )
            row = _row(method.name, name, method.kind, fit)
            if _is_in_vain(interface, method.name, fit):
                row = row._replace(remedy='', vain=_UNSUPPORTED)
            yield row


def _is_in_vain(
    interface: rpc.Interface, method: str, fit: rpc.Fit
) -> bool:
    """Whether only a server of ours takes it, and answers that it cannot."""
    released = interface.revision(releases.SERIES[max(releases.SERIES)])
    return (
        fit.needs is not None
        and fit.needs > released
        and method in facts.IN_VAIN.get(interface.name, ())
    )


def _released(
    interface: rpc.Interface, client: Release, server: Release
) -> Iterator[Row]:
    known = notes.about(interface.name, client.number, server.number)
    unanswered = [note for note in known if note.unanswered]
    for sent in releases.sent(interface.name, client.number):
        fit = rpc.received(
            interface,
            sent.method,
            sent.version,
            sent.arguments,
            _revision(interface, server),
        )
        row = _row(sent.method, None, sent.kind, fit)
        if row.outcome == 'refused' and sent.kind == 'cast':
            row = _unheard(row, server)
        for note in unanswered:
            if note.kind == sent.kind and row.outcome == 'same':
                row = row._replace(
                    outcome='no reply',
                    why=note.text,
                    remedy=interface.remedy,
                )
        if row.outcome != 'same' and notes.unused(
            interface.name, row.method, client.number
        ):
            row = row._replace(remedy='', vain=_UNUSED)
        yield row


def _unheard(row: Row, server: Release) -> Row:
    """A cast is refused by who gets it: its sender does not learn that."""
    if server.ours:
        return row._replace(told='operator')
    return row._replace(outcome='lost', told=None)


def _row(method: str, argument: str | None, kind: str, fit: rpc.Fit) -> Row:
    why = fit.reason.removesuffix(fit.remedy).strip()
    if fit.outcome == 'left out':
        why = (
            f'{", ".join(fit.left_out)} is omitted: the server does not know '
            'it and behaves the same without it.'
        )
    elif fit.by == 'endpoint':
        why = f'{why[0].upper()}{why[1:]}.'
    return Row(
        method,
        argument,
        kind,
        fit.outcome,
        told='sender' if fit.outcome == 'refused' else None,
        sent=fit.version,
        needs=None if fit.needs is None else str(fit.needs),
        why=why,
        remedy=fit.remedy,
    )


class Group(NamedTuple):
    """Releases between which all messages have the same outcome."""

    interface: str
    clients: tuple[Release, ...]
    servers: tuple[Release, ...]
    rows: tuple[Row, ...]

    def counts(self) -> dict[str, int]:
        """How many messages have each outcome; those in vain apart."""
        found = dict.fromkeys((*OUTCOMES, IN_VAIN), 0)
        for row in self.rows:
            found[IN_VAIN if row.vain else row.outcome] += 1
        return found


def groups(
    name: str, clients: Sequence[Release], servers: Sequence[Release]
) -> Iterator[Group]:
    """Put neighbours together that do not differ, oldest first.

    :param name: of the interface
    """
    senders = _alike(
        clients, lambda c: tuple(between(name, c, each) for each in servers)
    )
    receivers = _alike(
        servers, lambda s: tuple(between(name, each, s) for each in clients)
    )
    for some, others in itertools.product(senders, receivers):
        yield Group(name, some, others, between(name, some[0], others[0]))


def _alike(
    ordered: Sequence[Release],
    look: Callable[[Release], tuple[tuple[Row, ...], ...]],
) -> list[tuple[Release, ...]]:
    return [
        tuple(alike) for _, alike in itertools.groupby(ordered, key=look)
    ]
