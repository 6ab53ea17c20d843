# SPDX-License-Identifier: Apache-2.0
"""The messages that clients of released Trove send, as measured.

Released clients do not check the version of a peer: each sends the messages of
its release, always with all arguments. ``releases.json`` has them, and the
methods that released endpoints serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import functools
from importlib import resources
import json
from typing import Any
from typing import Literal
from typing import NamedTuple

FACTS: dict[str, Any] = json.loads(
    resources.files(__package__).joinpath('releases.json').read_text('utf-8')
)

#: The OpenStack series of each release that was measured, by its number.
SERIES: dict[int, str] = {
    int(number): series for number, series in FACTS['series'].items()
}


class Sent(NamedTuple):
    """A message of a released client.

    :param arguments: their names, as in the contract; without the fields of a
        method that takes ``**kwargs``
    """

    method: str
    kind: Literal['call', 'cast']
    version: str
    arguments: tuple[str, ...]


@functools.cache
def sent(interface: str, release: int) -> tuple[Sent, ...]:
    """Return the messages that the client of a release can send.

    :param interface: name of the interface
    :raises KeyError: there is no such interface
    """
    return tuple(_sent(interface, release))


def _sent(interface: str, release: int) -> Iterator[Sent]:
    for name, facts in FACTS['interfaces'][interface]['methods'].items():
        arguments = of_release(facts['sent'], release)
        if arguments is None:
            continue
        version = of_release(facts.get('version', {}), release) or '1.0'
        names = (each for each in arguments.split(', ') if each)
        yield Sent(
            name,
            facts['kind'],
            version,
            tuple(each for each in names if each != '**'),
        )


def names(kind: str, release: int) -> frozenset[str]:
    """Return the names of a kind that a release knows, for use in messages.

    :param kind: ``datastore_manager``, ``notification`` or
        ``service_status``
    """
    return frozenset(
        name
        for name, known in FACTS['names'][kind].items()
        if of_release({known: name}, release)
    )


def of_release(by_releases: Mapping[str, str], release: int) -> str | None:
    """Return the entry of a release, by keys such as "8" or "12-13"."""
    for numbers, entry in by_releases.items():
        first, _, last = numbers.partition('-')
        if int(first) <= release <= int(last or first):
            return entry
    return None
