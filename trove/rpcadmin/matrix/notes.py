# SPDX-License-Identifier: Apache-2.0
"""Known incompatibilities of releases with matching signatures.

Found by running the releases against each other; see
``doc/source/contributor/interop.rst``.
"""

from __future__ import annotations

from collections.abc import Container
import dataclasses

_OLD = range(8, 16)
_NEW = range(17, 27)


@dataclasses.dataclass(frozen=True)
class Note:
    """Something about the messages of some clients to some servers.

    :param interfaces: their names; empty: all
    :param clients: the numbers of the releases that send
    :param servers: and of those that receive
    :param kind: only calls, or only casts; empty: both
    :param unanswered: what is carried out is not answered, so that the
        sender waits in vain
    """

    text: str
    clients: Container[int]
    servers: Container[int]
    interfaces: tuple[str, ...] = ()
    kind: str = ''
    unanswered: bool = False

    def holds(self, interface: str, client: int, server: int) -> bool:
        return (
            (not self.interfaces or interface in self.interfaces)
            and client in self.clients
            and server in self.servers
        )


NOTES = (
    Note(
        'A guest of release 8 sends the reply of a call to a queue that '
        'clients of later releases do not read: the call is carried out, and '
        'its sender times out.',
        interfaces=('guestagent',),
        clients=range(11, 27),
        servers=(8,),
        kind='call',
        unanswered=True,
    ),
    Note(
        'Conductors of releases up to 12 do not know the status "healthy", '
        'which guests report since release 13: such a heartbeat fails there '
        'with a ValueError. Upgrade the conductors before the guests.',
        interfaces=('conductor',),
        clients=range(13, 100),
        servers=range(8, 13),
        kind='cast',
    ),
    Note(
        'Task managers of these releases report volume snapshots unencrypted '
        'even where messages are encrypted. This conductor rejects and '
        'records these.',
        interfaces=('conductor',),
        clients=range(23, 27),
        servers=range(27, 100),
        kind='cast',
    ),
    Note(
        'The project ID is lost: releases up to 15 read it from another key '
        'of the context than releases since 17.',
        clients=_OLD,
        servers=_NEW,
    ),
    Note(
        'The project ID is lost: releases since 17 write it to another key of '
        'the context than releases up to 15.',
        clients=_NEW,
        servers=_OLD,
    ),
    Note(
        'The guest agent of 14.1.0 behaves like that of 15, not like that of '
        '14.0.0, which is shown.',
        interfaces=('guestagent',),
        clients=range(100),
        servers=(14,),
    ),
    Note(
        'To guests, 14.1.0 sends the same as 15, not as 14.0.0, which is '
        'shown.',
        interfaces=('guestagent',),
        clients=(14,),
        servers=range(100),
    ),
)


#: By interface and method, the releases whose client has the method although
#: no code of theirs calls it.
UNUSED: dict[tuple[str, str], Container[int]] = {
    ('guestagent', 'attach_replication_slave'): range(12, 27),
    ('guestagent', 'cleanup_source_on_replica_detach'): range(12, 27),
    ('guestagent', 'update_guest'): range(12, 27),
}


def unused(interface: str, method: str, client: int) -> bool:
    """Whether a release can send a message, but never does."""
    return client in UNUSED.get((interface, method), ())


def about(interface: str, client: int, server: int) -> tuple[Note, ...]:
    """Return the notes about two releases.

    :param interface: name of the interface
    :param client: number of the release that sends
    :param server: number of the release that receives
    """
    return tuple(n for n in NOTES if n.holds(interface, client, server))
