# SPDX-License-Identifier: Apache-2.0
"""Discovery of the versions of peers: announced, registered or probed.

A guest of this tree announces its version in its heartbeat, and the conductor
records it. A guest of released Trove announces nothing: it is probed once, and
the result is recorded in the same place. So each guest takes one look-up, by a
unique index. A guest without an announcement, or without heartbeats, is probed
again before a cast to it, or before a refusal because of its version: it may
have been upgraded or rolled back since.

Task managers and conductors of this tree register; the lowest version of the
live ones counts for all, since they share a topic. Those of releases do not
register. :mod:`.census` probes the topic for them and registers them.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import logging
from typing import Any

from oslo_config import cfg

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.objects.guest import probes
from trove.taskmanager import api as task_api

LOG = logging.getLogger(__name__)

#: The client class of each interface.
CLIENTS: dict[str, type[rpc.Client]] = {
    client.interface.name: client
    for client in (task_api.API, conductor_api.API, guest_api.API)
}

#: The interfaces by name, in the order in which they are shown.
INTERFACES: dict[str, rpc.Interface] = {
    name: client.interface for name, client in CLIENTS.items()
}

#: The program of each interface with a shared topic.
BINARIES = {
    'conductor': 'trove-conductor',
    'taskmanager': 'trove-taskmanager',
}

#: Timeout in seconds of a probe of a topic that may have no server.
_TIMEOUT = 2.0

#: Number of probes where the number of servers of a topic is unknown; the
#: broker distributes them round-robin.
ROUNDS = 4

#: Factor of ``refresh_interval`` for which a missing answer of a guest counts,
#: because a probe of a silent guest takes its whole timeout. A heartbeat ends
#: it early.
_SILENT_FACTOR = 3

#: The version of a peer that supports no version of an interface.
_NOTHING = '0.0'


def check_pins(conf: cfg.ConfigOpts) -> None:
    """Validate the pins of all interfaces.

    :raises ConfigurationError: a pin is wrong
    """
    for client in CLIENTS.values():
        client.interface.pin(conf)


def lowest(interface: rpc.Interface, texts: Iterable[str]) -> str | None:
    """Return the version that all services support.

    :param texts: the report of each: a revision, or one per major, separated
        by commas
    :returns: in the same form; ``0.0`` when they have no major in common,
        None when there are no services
    """
    least: dict[int, str] | None = None
    for text in texts:
        try:
            understood = dict(_majors(text))
        except ValueError as error:
            LOG.warning(
                'A service reports a malformed version of %s: %s. It counts '
                'as the oldest one. Upgrade or restart it.',
                interface.name,
                error,
            )
            floor = interface.floor
            understood = {floor.version.major: floor.name}
        if least is None:
            least = understood
            continue
        least = {
            major: _lower(interface, name, understood[major])
            for major, name in least.items()
            if major in understood
        }
    if least is None:
        return None
    return ','.join(least[major] for major in sorted(least)) or _NOTHING


def _majors(text: str) -> Iterator[tuple[int, str]]:
    for name in text.split(','):
        yield _version(name).major, name.strip()


def _version(name: str) -> rpc.Version:
    return rpc.Version.parse(name.strip().partition('/')[0])


def _lower(interface: rpc.Interface, one: str, other: str) -> str:
    versions = _version(one), _version(other)
    if versions[0] != versions[1]:
        return one if versions[0] < versions[1] else other
    # Revisions of one version are ordered by the history only.
    ours = interface.announced(one) <= interface.announced(other)
    return one if ours else other


class Versions:
    """Discovers and keeps the versions of a transport's peers.

    ``discover`` and ``keep`` are arguments of
    :class:`~trove.common.rpc.Transport`; call :meth:`attach` after that.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._transport: rpc.Transport | None = None
        self.discover: dict[str, rpc.Discover] = {
            'guestagent': rpc.Together(self._guest, self._guests),
            'taskmanager': lambda peer: self._services(task_api.API.interface),
            'conductor': lambda peer: self._services(
                conductor_api.API.interface
            ),
        }
        self.keep: dict[str, rpc.Keep] = {'guestagent': _keep_guest}

    def attach(self, transport: rpc.Transport) -> None:
        """Set the transport that probes peers without an announcement."""
        self._transport = transport

    def _guest(self, peer: str | None) -> str | rpc.Unanswered | None:
        return None if peer is None else self._said(
            guest_versions.guest_spoken(peer)
        )

    def _guests(
        self, peers: Sequence[str]
    ) -> dict[str, str | rpc.Unanswered | None]:
        found = guest_versions.guests_spoken(peers)
        return {peer: self._said(each) for peer, each in found.items()}

    def _said(
        self, found: guest_versions.Spoken
    ) -> str | rpc.Unanswered | None:
        if found.revision is None:
            return rpc.Unanswered() if self._has_no_answer(found) else None
        if found.probed or self._is_silent(found.silent):
            age, answered = None, True
            if found.asked is not None and found.asked.age >= 0:
                age = found.asked.age
                answered = found.asked.answered or found.asked.heard
            return rpc.Probed(found.revision, age, answered)
        return found.revision

    def _is_proven(self, interface: rpc.Interface) -> bool:
        """Whether all services of a topic are proven to support seals."""
        return self._transport is not None and self._transport.sealer.proven(
            interface, None
        )

    def _has_no_answer(self, found: guest_versions.Spoken) -> bool:
        """Whether a recent probe of a guest, by any process, timed out."""
        if found.asked is None or found.asked.answered:
            return False
        seconds: float = self._conf.upgrade_levels.refresh_interval
        if not found.asked.heard:
            seconds *= _SILENT_FACTOR
        return 0 <= found.asked.age <= seconds

    def _is_silent(self, seconds: float | None) -> bool:
        """Whether a rollback of the guest would have gone unnoticed."""
        most: float = self._conf.agent_heartbeat_expiry
        # A far negative value means that the clock was set back, so it is no
        # evidence.
        return seconds is None or not -most <= seconds <= most

    def _services(self, interface: rpc.Interface) -> str | None:
        if self._is_proven(interface):
            return self._registered(interface)
        found = spoken(self._conf, interface)
        if found is None and self._transport is not None:
            # None is registered, but services of a release may run.
            revision = probe(self._transport, interface, ROUNDS)
            found = None if revision is None else revision.name
        return found

    def _registered(self, interface: rpc.Interface) -> str:
        """Return the version of services that are proven to support seals."""
        ours = spoken(self._conf, interface, True)
        # A service that is down comes back with support for seals.
        found = ours or interface.first_sealed.name
        other = spoken(self._conf, interface, False)
        if other is None and ours is None and self._transport is not None:
            # No live service runs the census.
            revision = probe(self._transport, interface, ROUNDS)
            other = None if revision is None else revision.name
        if other is None or interface.seals(interface.announced(other)):
            return found
        return rpc.Disputed(found, other)


def spoken(
    conf: cfg.ConfigOpts,
    interface: rpc.Interface,
    registered: bool | None = None,
) -> str | None:
    """Return the version that all live services of a topic report.

    :param registered: only those that register themselves, or only those that
        the census found; None: both
    :returns: as :func:`lowest`
    """
    return lowest(
        interface,
        services.live_versions(
            conf, BINARIES[interface.name], interface.name, registered
        ),
    )


def _keep_guest(
    peer: str | None, revision: str | rpc.Unanswered | None
) -> None:
    if peer is None:
        return
    if revision is None:
        guest_versions.record_refuted(peer)
    elif isinstance(revision, rpc.Unanswered):
        probes.record_unanswered([peer])
    else:
        interface = guest_api.API.interface
        seals = interface.seals(interface.announced(revision))
        guest_versions.record_probe(peer, revision, seals)


class _EachServer:
    """Repeats each probe, so that every server of a topic gets it.

    Consecutive messages go to different servers: one round of probes would
    mix the answers of several.
    """

    def __init__(self, transport: rpc.Transport, rounds: int) -> None:
        self.conf = transport.conf
        self._transport = transport
        self._rounds = rounds
        #: Whether all probes were answered.
        self.complete = True

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer of the oldest server, None without an answer."""
        oldest = self._transport.ask(*args, **kwargs)
        for _ in range(self._rounds - 1):
            if oldest is None:
                break
            answer = self._transport.ask(*args, **kwargs)
            self.complete = self.complete and answer is not None
            if answer is not None and _age(answer) > _age(oldest):
                oldest = answer
        return oldest


def _age(answer: Any) -> int:
    """Rank an answer by what is unknown: version, method, argument."""
    if answer.type == 'UnsupportedVersion':
        return 3
    if answer.type == 'NoSuchMethod':
        return 2
    return int('unexpected keyword' in answer.text)


def probe(
    transport: rpc.Transport,
    interface: rpc.Interface,
    rounds: int,
    timeout: float | None = None,
) -> rpc.Revision | None:
    """Probe a shared topic for the lowest version of its servers.

    :param rounds: repetitions of each probe, at least the number of servers
    :param timeout: seconds to wait for each answer
    :returns: None without an answer, or when the broker is unreachable
    """
    return probe_each(transport, interface, rounds, timeout)[0]


def probe_each(
    transport: rpc.Transport,
    interface: rpc.Interface,
    rounds: int,
    timeout: float | None = None,
) -> tuple[rpc.Revision | None, bool]:
    """Like :func:`probe`; also return whether all probes were answered.

    A missing answer may be of a server that is slow, and older.
    """
    timeout = timeout or min(_TIMEOUT, transport.conf.probe_timeout)
    asks = _EachServer(transport, rounds)
    try:
        found = rpc.probe(asks, interface, timeout=timeout)
    except Exception as error:  # noqa: BLE001
        LOG.info(
            'Could not probe the versions of the %s: %s. It is retried.',
            interface.describe(None),
            error,
        )
        return None, False
    return found, found is not None and asks.complete
