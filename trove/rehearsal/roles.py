# SPDX-License-Identifier: Apache-2.0
"""The kinds of processes, what each says to whom, and in which revision."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from trove.common import rpc
from trove.peers import versions

#: By kind of process: the interfaces that it sends messages of.
SENDS: dict[str, tuple[str, ...]] = {
    'api': ('taskmanager', 'guestagent'),
    'taskmanager': ('guestagent', 'conductor'),
    'conductor': (),
    'guest': ('conductor',),
}
#: And the one that it serves.
SERVES = {
    'taskmanager': 'taskmanager',
    'conductor': 'conductor',
    'guest': 'guestagent',
}

#: The last release whose processes say nothing about what they speak, and
#: drop what they do not understand.
_LAST_SILENT = '2026.2'

#: What a guest asks the conductors with.
_QUESTION = 'get_versions'

Revisions = Mapping[str, rpc.Revision]


@dataclasses.dataclass(frozen=True)
class Part:
    """What a process is of, in one deployment.

    :param kind: ``api``, ``taskmanager``, ``conductor`` or ``guest``
    :param revisions: of each interface that it sends or serves
    :param announces: it says what it speaks, and writes down what it does
        not understand; releases up to 2026.2 do neither
    """

    kind: str
    revisions: Revisions
    announces: bool

    @property
    def serves(self) -> rpc.Revision | None:
        interface = SERVES.get(self.kind)
        return None if interface is None else self.revisions[interface]

    @property
    def seen(self) -> rpc.Revision | None:
        """The revision that it serves, as far as others can tell."""
        served = self.serves
        if served is None or self.announces:
            return served
        history = versions.INTERFACES[SERVES[self.kind]].history
        while (
            served.probe is None
            and served.index
            and history[served.index - 1].version == served.version
        ):
            # Nothing tells it from the one before.
            served = history[served.index - 1]
        return served

    def asks(self, limit: rpc.Revision) -> bool:
        """Whether, as a guest, it asks what the conductors understand.

        :param limit: the highest revision that it may send them
        """
        if self.kind != 'guest' or not self.announces:
            return False
        interface = versions.INTERFACES['conductor']
        return interface.knows(interface.methods[_QUESTION].span, limit)


def interfaces(kind: str) -> tuple[str, ...]:
    """The interfaces that a process of this kind sends or serves."""
    served = SERVES.get(kind)
    return (*SENDS[kind], *([served] if served else []))


def part(kind: str, revisions: Revisions, announces: bool | None) -> Part:
    """Make the part of a process.

    :param announces: None: as those of its revision do
    """
    if announces is None:
        announces = any(
            revision > versions.INTERFACES[name].revision(_LAST_SILENT)
            for name, revision in revisions.items()
        )
    mine = {name: revisions[name] for name in interfaces(kind)}
    return Part(kind, mine, announces)


def of_release(name: str) -> dict[str, rpc.Revision]:
    """Return what processes of a release speak, by interface.

    :param name: of a release, or ``latest``
    :raises ValueError: there is no such release; the text names those there
        are
    """
    return {
        interface.name: _of_release(interface, name)
        for interface in versions.INTERFACES.values()
    }


def _of_release(interface: rpc.Interface, name: str) -> rpc.Revision:
    found = interface.aliases.get(name.lower())
    if found is None:
        raise ValueError(
            f'"{name}" is not a release; use one of '
            f'{", ".join(versions.INTERFACES["guestagent"].aliases)}'
        )
    return found


def beside(interface: str, revision: rpc.Revision) -> dict[str, rpc.Revision]:
    """Return what a process speaks of which only one revision is known.

    Of the releases that it may be of the oldest counts: less is surely
    understood. A revision between two releases counts as of the one before.
    """
    history = versions.INTERFACES[interface].history
    named = [r for r in history[: revision.index + 1] if r.releases]
    found = of_release((named[-1] if named else history[0]).releases[0])
    return {**found, interface: revision}
