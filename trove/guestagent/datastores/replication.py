# SPDX-License-Identifier: Apache-2.0
"""What drivers do for replication, whatever their datastore.

Who follows whom is decided by the task managers. A driver keeps the role of
its server, so that a server that was made a replica never starts as a primary
again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import socket
from typing import Any
from typing import Final
from typing import NotRequired
from typing import TypedDict

from trove.common import exception
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import server as servers

Capability = capability.Capability

#: Any address elsewhere: nothing is sent there.
_ELSEWHERE: Final = ('192.0.2.1', 9)


class Primary(TypedDict):
    """Where a primary accepts connections."""

    host: str
    port: int


class ReplicationUser(TypedDict):
    """The user that replicas connect with."""

    name: str
    password: str


class ReplicaConf(TypedDict):
    """What else a replica needs.

    ``log_position`` is where to start, empty where the data tell;
    ``administrator`` has the password of the agent's own user, which a
    replica has from its primary. It is in snapshots only.
    """

    log_position: dict[str, Any]
    replication_user: ReplicationUser
    administrator: NotRequired[dict[str, str]]


class Context(TypedDict):
    """How to follow a primary, in the form of released Trove."""

    master: Primary
    replica_conf: ReplicaConf
    ssl_mode: NotRequired[str]
    cert_container: NotRequired[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class State:
    """How a replica follows its primary.

    :param lag: seconds since it had all that its primary has; None: unknown
    :param errant: transactions that its primary does not have; empty: none,
        or they cannot be told
    :param error: why it does not follow; empty: not known
    :param stalled: it must be restarted to go on
    """

    follows: bool
    lag: float | None = None
    errant: str = ''
    error: str = ''
    stalled: bool = False


class Replicating:
    """The methods of :class:`.base.Driver` for replication."""

    #: What snapshots name as ``replication_strategy``.
    replication_strategy: str = ''

    @capability.of(Capability.REPLICATION)
    def replica_snapshot(self, replica_id: str | None) -> Context:
        """Let a new replica follow, from where its data end.

        They are of the newest full backup, or were copied after
        :meth:`keep_log`. What it needs for that is kept on this primary,
        within bounds. Can be repeated.

        :param replica_id: None, when the task manager does not tell it
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def keep_log(self) -> None:
        """Keep what replicas need that begin with a snapshot of the volume.

        It is made next. What is kept is within bounds. Can be repeated.
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def replica_context(self) -> Context:
        """Return how replicas that have data follow this primary."""
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def attach_replica(self, context: Context) -> None:
        """Follow a primary, and return when that works.

        A former primary becomes read-only first of all, whatever happens
        then; what it has and the other has not is discarded where the
        datastore can do that. The server is restarted only if it must be.

        :raises trove.common.exception.TroveError: it does not follow
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def detach_replica(self, for_failover: bool) -> dict[str, Any]:
        """Stop following.

        :param for_failover: stay read-only, to be promoted or attached;
            otherwise become an instance of its own, which can be written
        :returns: for :meth:`remove_replica` on the former primary
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def remove_replica(self, replica_info: Mapping[str, Any]) -> None:
        """Remove what this primary keeps for a replica; may be repeated."""
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def enable_as_primary(self) -> None:
        """Prepare to be followed; does not make the server writable."""
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def demote_primary(self) -> None:
        """Remove what was kept for replicas; the server follows another."""
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def set_read_only(self, read_only: bool) -> None:
        """Make the server read-only for all users, or writable.

        Read-only outlasts a restart, and no user can bypass it. All that was
        acknowledged before is on the disk then. To make a replica that no
        longer follows writable is its promotion. Can be repeated.
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def latest_transaction(self) -> str:
        """Return the position up to which the server has all changes."""
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def has_transaction(self, transaction: str) -> bool:
        """Whether a replica has all changes up to a position.

        :raises trove.common.exception.TroveError: it never will have
        """
        raise NotImplementedError

    @capability.of(Capability.REPLICATION)
    def last_transaction(self) -> tuple[str, int]:
        """Return what a replica has received, though not applied yet.

        :returns: what is the same for all replicas of a primary; and a
            number that is the higher the more was received
        """
        raise NotImplementedError

    def replication_state(self) -> State | None:
        """Return how it follows its primary; None when it is a primary."""
        return None

    @capability.of(Capability.REPLICATION)
    def transaction_count(self) -> int:
        """Return about how many transactions there were."""
        raise NotImplementedError


def parse(context: Mapping[str, Any]) -> Context:
    """Check what a task manager sent, and return it.

    :raises trove.common.exception.BadRequest: it is malformed
    """
    try:
        conf = context['replica_conf']
        user = conf['replication_user']
        found: Context = {
            'master': {
                'host': str(context['master']['host']),
                'port': int(context['master']['port']),
            },
            'replica_conf': {
                'log_position': dict(conf.get('log_position') or {}),
                'replication_user': {
                    'name': str(user['name']),
                    'password': str(user['password']),
                },
            },
        }
        if conf.get('administrator'):
            password = str(conf['administrator']['password'])
            found['replica_conf']['administrator'] = {'password': password}
        if context.get('ssl_mode'):
            found['ssl_mode'] = str(context['ssl_mode'])
            found['cert_container'] = dict(context.get('cert_container') or {})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise exception.BadRequest(
            reason='The order to follow a primary is malformed: it needs '
            '"master" with host and port, and "replica_conf" with '
            '"replication_user". Upgrade the guest agent of the primary.'
        ) from None
    return found


def own_address(endpoint: servers.Endpoint) -> str:
    """Return the address at which others reach this server."""
    if endpoint.address is not None:
        return endpoint.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_ELSEWHERE)
        return str(probe.getsockname()[0])
