# SPDX-License-Identifier: Apache-2.0
"""What the peers of the control plane speak: looked up, asked, kept.

A guest of ours announces itself in its heartbeat, and the conductor writes
that down; a silent one, of a released Trove, is asked once and the answer is
written down in the same place. So for each guest there is one look-up, by a
unique index. The silent one, and one that is not heard any more, is asked
again before something is cast to it or refused because of it, for it may have
been upgraded or rolled back meanwhile.

Task managers and conductors of ours report to the registry; the lowest of
those that live counts for all, since they share a topic. Those of releases
do not report. :mod:`.census` asks the topic for them and reports what
it finds on their behalf.
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

#: Which program serves the interfaces that have one topic for all.
BINARIES = {
    'conductor': 'trove-conductor',
    'taskmanager': 'trove-taskmanager',
}

#: Seconds to wait for an answer from a topic that perhaps nobody serves.
_PATIENCE = 2.0

#: How often each question is asked where it is not known how many servers
#: share a topic; the broker deals them out in turn.
ROUNDS = 4

#: How many times as long as what a guest answers it counts that it does not:
#: it is waited for. The first that it says by itself ends that.
_SILENT = 3

#: A text that stands for a peer that speaks no version of any interface.
_NOTHING = '0.0'


def check_pins(conf: cfg.ConfigOpts) -> None:
    """Read the pins of all interfaces, so that a wrong one shows now.

    :raises ConfigurationError: one is wrong
    """
    for client in CLIENTS.values():
        client.interface.pin(conf)


def lowest(interface: rpc.Interface, texts: Iterable[str]) -> str | None:
    """Return what all services of these texts understand.

    :param texts: what each reports: a revision, or several of different
        majors, separated by commas
    :returns: in the same form; ``0.0`` when there is nothing that all of
        them understand, None when there are no services
    """
    least: dict[int, str] | None = None
    for text in texts:
        try:
            understood = dict(_majors(text))
        except ValueError as error:
            LOG.warning(
                'A service reports wrongly what it speaks of %s: %s. It is '
                'treated like the oldest. Upgrade or restart it.',
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
    # Of one version: only the history tells which came first.
    ours = interface.announced(one) <= interface.announced(other)
    return one if ours else other


class Versions:
    """How a transport finds out what its peers speak.

    ``discover`` and ``keep`` are what :class:`~trove.common.rpc.Transport`
    takes under these names; :meth:`attach` has to follow.
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
        """Ask by this transport where nobody has announced anything."""
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
        """Whether all services of a topic have shown that they know seals."""
        return self._transport is not None and self._transport.sealer.proven(
            interface, None
        )

    def _has_no_answer(self, found: guest_versions.Spoken) -> bool:
        """Whether some process has asked a guest in vain, not long ago."""
        if found.asked is None or found.asked.answered:
            return False
        seconds: float = self._conf.upgrade_levels.refresh_interval
        if not found.asked.heard:
            seconds *= _SILENT
        return 0 <= found.asked.age <= seconds

    def _is_silent(self, seconds: float | None) -> bool:
        """Whether nobody would have heard of a rollback of a guest."""
        most: float = self._conf.agent_heartbeat_expiry
        # Of a clock that was set back nothing follows.
        return seconds is None or not -most <= seconds <= most

    def _services(self, interface: rpc.Interface) -> str | None:
        if self._is_proven(interface):
            return self._registered(interface)
        found = spoken(self._conf, interface)
        if found is None and self._transport is not None:
            # None of ours lives, but those of a release may.
            revision = probe(self._transport, interface, ROUNDS)
            found = None if revision is None else revision.name
        return found

    def _registered(self, interface: rpc.Interface) -> str:
        """Return what those understand who are all proven to know seals."""
        ours = spoken(self._conf, interface, True)
        # Who is away comes back as one that knows them.
        found = ours or interface.first_sealed.name
        other = spoken(self._conf, interface, False)
        if other is None and ours is None and self._transport is not None:
            # No census looks for those of a release any more.
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
    """Return what all live services of a topic understand, as reported.

    :param registered: only those that report by themselves, or only those
        that do not
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


class _Thorough:
    """Asks each question so often that every server of a topic has it.

    Consecutive questions go to different servers, so the answers of one
    round would be of a server that there is not.
    """

    def __init__(self, transport: rpc.Transport, rounds: int) -> None:
        self.conf = transport.conf
        self._transport = transport
        self._rounds = rounds
        #: Whether each question was answered each time.
        self.complete = True

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer of the oldest, None when nobody answers."""
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
    """Rank what a server does not know: the version, method, argument."""
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
    """Ask a shared topic what the lowest of its servers speaks.

    :param rounds: how often each question is asked; not less than there are
        servers, to reach all of them
    :param timeout: seconds to wait for each answer
    :returns: None when nobody answers, or the broker is away
    """
    return probe_each(transport, interface, rounds, timeout)[0]


def probe_each(
    transport: rpc.Transport,
    interface: rpc.Interface,
    rounds: int,
    timeout: float | None = None,
) -> tuple[rpc.Revision | None, bool]:
    """Like :func:`probe`; also say whether all questions were answered.

    One that was not may have gone to a server that is slow, and older.
    """
    timeout = timeout or min(_PATIENCE, transport.conf.probe_timeout)
    asks = _Thorough(transport, rounds)
    try:
        found = rpc.probe(asks, interface, timeout=timeout)
    except Exception as error:  # noqa: BLE001
        LOG.info(
            'Could not ask the %s what they speak: %s. It is tried again.',
            interface.describe(None),
            error,
        )
        return None, False
    return found, found is not None and asks.complete
