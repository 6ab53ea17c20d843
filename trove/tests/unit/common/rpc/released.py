# SPDX-License-Identifier: Apache-2.0
"""Endpoints of the releases, made with nothing but oslo.messaging.

They have exactly the signatures that were measured; see
``trove/tests/unit/released_interfaces.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import pathlib
from typing import Any

import oslo_messaging

from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.taskmanager import api as task_api

_FILE = pathlib.Path(__file__).parents[2] / 'released_interfaces.json'
FACTS = json.loads(_FILE.read_text())['interfaces']

CLIENTS = {
    'conductor': conductor_api.API,
    'guestagent': guest_api.API,
    'taskmanager': task_api.API,
}

#: The OpenStack series of each release that was measured.
SERIES = {
    8: 'pike',
    11: 'stein',
    12: 'train',
    13: 'ussuri',
    14: 'victoria',
    15: 'wallaby',
    17: 'yoga',
    19: '2023.1',
    21: '2024.1',
    23: '2025.1',
    24: '2025.2',
    25: '2026.1',
    26: '2026.2',
}


def pick(by_releases: dict[str, str], release: int) -> str | None:
    """Look up a release where the keys are such as "8" or "12-13"."""
    for key, value in by_releases.items():
        first, _, last = key.partition('-')
        if int(first) <= release <= int(last or first):
            return value
    return None


def served(interface: str, release: int) -> Iterator[tuple[str, str]]:
    """The methods of a release, with their signatures."""
    for name, facts in FACTS[interface]['methods'].items():
        signature = pick(facts['served'], release)
        if signature is not None:
            yield name, signature
    if interface == 'guestagent':
        # Sent by the strategies of clusters, and served by every manager.
        yield 'cluster_complete', ''


class Endpoint:
    """Serves one interface as one release does.

    ``run`` has (method, arguments) of all that was carried out, ``contexts``
    what came with it.
    """

    def __init__(self, interface: str, release: int) -> None:
        facts = FACTS[interface]['releases'][str(release)]
        self.target = oslo_messaging.Target(version=facts['latest'])
        self.run: list[tuple[str, dict[str, Any]]] = []
        self.contexts: list[Any] = []
        for name, signature in served(interface, release):
            setattr(self, name, _compile(name, signature, self._note))

    def _note(
        self, method: str, context: Any, arguments: dict[str, Any]
    ) -> str:
        arguments.pop('_note', None)
        self.run.append((method, arguments))
        self.contexts.append(context)
        return f'{method} is done'


def _compile(name: str, signature: str, note: Any) -> Any:
    parameters = [
        part.replace('**', '**fields')
        .replace('null', 'None')
        .replace('false', 'False')
        .replace('true', 'True')
        for part in filter(None, signature.split(', '))
    ]
    # By Python itself, for its own words about arguments that do not fit.
    scope = {'_note': note}
    exec(
        f'def {name}({", ".join(["_context", *parameters])}):\n'
        '    values = dict(locals())\n'
        '    context = values.pop("_context")\n'
        '    values.update(values.pop("fields", {}))\n'
        f'    return _note({name!r}, context, values)\n',
        scope,
    )
    return scope[name]


class Encrypting(oslo_messaging.NoOpSerializer):
    """Does with what it cannot decrypt what the releases do with it.

    The class name of the error, and that it goes on, are what matters here.
    """

    def deserialize_context(self, context: dict[str, Any]) -> dict[str, Any]:
        return {'was': context['context']}
