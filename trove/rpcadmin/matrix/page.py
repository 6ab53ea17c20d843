# SPDX-License-Identifier: Apache-2.0
"""The matrix as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections.abc import Hashable
import hashlib
from importlib import resources
import json
import string
from typing import Any
from typing import Generic
from typing import TypeVar

from trove import version
from trove.common import rpc
from trove.peers import versions
from trove.rpcadmin.matrix import notes
from trove.rpcadmin.matrix import rows

T = TypeVar('T', bound=Hashable)

#: The senders and receivers of the messages of an interface.
_PEOPLE = {
    'taskmanager': ('API services', 'task managers'),
    'conductor': ('guest agents', 'conductors'),
    'guestagent': ('API services and task managers', 'guest agents'),
}


def render() -> str:
    """Return the text of the page."""
    style, script = _file('page.css'), _file('page.js')
    return string.Template(_file('page.html')).substitute(
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=version.release(),
        data=_embedded(document()),
    )


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text('utf-8')


def _hash(text: str) -> str:
    """Return what the policy of the page knows a part of it by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f'sha256-{base64.b64encode(digest).decode()}'


def _embedded(document: dict[str, Any]) -> str:
    text = json.dumps(document, separators=(',', ':'), ensure_ascii=False)
    # Nothing in it must end the element, or begin a comment in it.
    return text.replace('<', '\\u003c')


def document() -> dict[str, Any]:
    """Return what the page shows.

    ``releases``: in the order of rows and columns; ``notes``: texts;
    ``interfaces``: see :func:`_interface`.
    """
    return {
        'releases': [
            {'number': each.number, 'series': _title(each), 'ours': each.ours}
            for each in rows.all_releases()
        ],
        'notes': [
            {'text': note.text, 'kind': note.kind} for note in notes.NOTES
        ],
        'interfaces': [
            _interface(each) for each in versions.INTERFACES.values()
        ],
    }


def _title(release: rows.Release) -> str:
    return release.series.title()


class _Numbers(Generic[T]):
    """Gives each thing a number, equal things the same."""

    def __init__(self) -> None:
        self._known: dict[T, int] = {}

    def __call__(self, thing: T) -> int:
        return self._known.setdefault(thing, len(self._known))

    def all(self) -> list[T]:
        return list(self._known)


def _interface(interface: rpc.Interface) -> dict[str, Any]:
    """Return what the page shows of one interface.

    ``fates``: what can become of a message, as [outcome, told, sent, needs,
    why, remedy, in vain]; ``lists``: of messages, as [number of the method,
    argument or null, number of the fate]; ``cells``: the number of the list,
    by client and server; ``notes``: the numbers of the notes, likewise.
    """
    everyone = rows.all_releases()
    methods = list(interface.methods)
    fates: _Numbers[tuple[str | None, ...]] = _Numbers()
    lists: _Numbers[tuple[tuple[int, str | None, int], ...]] = _Numbers()

    def number(found: tuple[rows.Row, ...]) -> int:
        return lists(
            tuple(
                (methods.index(row.method), row.argument, fates(row[3:]))
                for row in found
            )
        )

    sends, takes = _PEOPLE[interface.name]
    return {
        'name': interface.name,
        'sends': sends,
        'takes': takes,
        'methods': [
            [method.name, method.kind, method.doc.partition('\n\n')[0]]
            for method in interface.methods.values()
        ],
        'cells': [
            [
                number(rows.between(interface.name, client, server))
                for server in everyone
            ]
            for client in everyone
        ],
        'notes': [
            [
                [
                    notes.NOTES.index(note)
                    for note in notes.about(
                        interface.name, client.number, server.number
                    )
                ]
                for server in everyone
            ]
            for client in everyone
        ],
        'fates': fates.all(),
        'lists': lists.all(),
    }
