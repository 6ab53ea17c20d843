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
do not report. The :class:`Census` asks the topic for them and reports what
it finds on their behalf.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import logging
import threading
from typing import Any

from oslo_config import cfg

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.objects import instance as instances
from trove.objects import service as services
from trove.taskmanager import api as task_api

LOG = logging.getLogger(__name__)

#: The client class of each interface.
CLIENTS: dict[str, type[rpc.Client]] = {
    client.interface.name: client
    for client in (task_api.API, conductor_api.API, guest_api.API)
}

#: Which program serves the interfaces that have one topic for all.
BINARIES = {
    'conductor': 'trove-conductor',
    'taskmanager': 'trove-taskmanager',
}

#: Seconds to wait for an answer from a topic that perhaps nobody serves.
_PATIENCE = 2.0

#: Seconds by which a census may delay the start of a service.
_LONGEST = 10.0

#: How often each question is asked where it is not known how many servers
#: share a topic; the broker deals them out in turn.
_ROUNDS = 4
_MOST_ROUNDS = 64

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
            'guestagent': self._guest,
            'taskmanager': lambda peer: self._services(task_api.API.interface),
            'conductor': lambda peer: self._services(
                conductor_api.API.interface
            ),
        }
        self.keep: dict[str, rpc.Keep] = {'guestagent': _keep_guest}

    def attach(self, transport: rpc.Transport) -> None:
        """Ask by this transport where nobody has announced anything."""
        self._transport = transport

    def _guest(self, peer: str | None) -> str | None:
        if peer is None:
            return None
        found = instances.guest_spoken(peer)
        if found.revision is None:
            return None
        if found.probed or self._is_silent(found.silent):
            return rpc.Probed(found.revision)
        return found.revision

    def _is_silent(self, seconds: float | None) -> bool:
        """Whether nobody would have heard of a rollback of a guest."""
        most: float = self._conf.agent_heartbeat_expiry
        # Of a clock that was set back nothing follows.
        return seconds is None or not -most <= seconds <= most

    def _services(self, interface: rpc.Interface) -> str | None:
        binary = BINARIES[interface.name]
        found = lowest(
            interface,
            services.live_versions(self._conf, binary, interface.name),
        )
        if found is None and self._transport is not None:
            # None of ours lives, but those of a release may.
            revision = probe(self._transport, interface, _ROUNDS)
            found = None if revision is None else revision.name
        return found


def _keep_guest(peer: str | None, revision: str | None) -> None:
    if peer is None:
        return
    if revision is None:
        instances.record_refuted(peer)
    else:
        interface = guest_api.API.interface
        seals = interface.seals(interface.announced(revision))
        instances.record_probe(peer, revision, seals)


class _Thorough:
    """Asks each question so often that every server of a topic has it.

    Consecutive questions go to different servers, so the answers of one
    round would be of a server that there is not.
    """

    def __init__(self, transport: rpc.Transport, rounds: int) -> None:
        self.conf = transport.conf
        self._transport = transport
        self._rounds = rounds

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer of the oldest, None when nobody answers."""
        oldest = self._transport.ask(*args, **kwargs)
        for _ in range(self._rounds - 1):
            if oldest is None:
                break
            answer = self._transport.ask(*args, **kwargs)
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
    timeout = timeout or min(_PATIENCE, transport.conf.probe_timeout)
    try:
        return rpc.probe(
            _Thorough(transport, rounds), interface, timeout=timeout
        )
    except Exception as error:  # noqa: BLE001
        LOG.info(
            'Could not ask the %s what they speak: %s. It is tried again.',
            interface.describe(None),
            error,
        )
        return None


class Census:
    """Counts the servers of a topic that do not report themselves.

    A service of a release says nothing about itself, so whoever relies on
    the registry alone would send it what only the others understand, and
    that would be lost. Each of ours asks the topic that it shares with them,
    and reports what is older than itself under the host
    ``(unregistered) REVISION``; that counts like any other service, until
    ``service_down_time`` after it was last seen.

    :param interface: of the topic
    """

    def __init__(
        self, transport: rpc.Transport, interface: rpc.Interface
    ) -> None:
        self._transport = transport
        self._conf: cfg.ConfigOpts = transport.conf
        self._interface = interface
        self._binary = BINARIES[interface.name]

    def begin(self) -> None:
        """Look for them before this service listens on the topic itself.

        Now only others answer. It raises nothing and takes a few seconds at
        most: the reports go on to look.
        """
        if self._is_alone():
            return
        thread = threading.Thread(
            target=self._first, name='census', daemon=True
        )
        thread.start()
        thread.join(_LONGEST)

    def look(self) -> None:
        """Look once: as many messages as there are others, and a few more.

        :raises ServiceUnavailable: the database does not work
        """
        known = [
            each
            for each in services.list_()
            if each.binary == self._binary
            and each.host.startswith(services.UNREGISTERED)
        ]
        live = services.live(self._conf, self._binary)
        hosts = {each.host for each in live}
        for each in known:
            if each.host not in hosts:
                services.remove(self._binary, each.host)
        if self._is_alone():
            return
        # What it is sent until it is found is lost, so all are asked at once.
        rounds = min(len(live) * self._workers() + 2, _MOST_ROUNDS)
        found = probe(self._transport, self._interface, rounds)
        if found is not None and found < self._interface.latest:
            self._report(found, {each.host for each in known} & hosts)

    def _first(self) -> None:
        try:
            found = probe(self._transport, self._interface, _ROUNDS)
            if found is not None and found < self._interface.latest:
                self._report(found, set())
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not look for %s of older releases: %s They are looked '
                'for again with every report.',
                self._interface.describe(None),
                error,
            )

    def _report(self, found: rpc.Revision, hosts: set[str]) -> None:
        name = f'{services.UNREGISTERED} {found.name}'
        if name not in hosts:
            LOG.warning(
                'There are %s of a release that does not report itself, of '
                'revision %s of the interface. All are sent nothing newer '
                'until it is upgraded or stopped. "trove-rpc peers" shows '
                'what that blocks.',
                self._interface.describe(None),
                found.name,
            )
        services.report(
            self._binary,
            name,
            {self._interface.name: found.name},
            None,
            started=name not in hosts,
        )

    def _workers(self) -> int:
        """How many processes take messages on each host, as it is here."""
        conductor = self._interface.name == conductor_api.API.interface.name
        return self._conf.trove_conductor_workers if conductor else 1

    def _is_alone(self) -> bool:
        # Nobody of another process can be reached by a broker in this one.
        # The option is there as soon as a transport has been made.
        self._transport.connection.open()
        url: str = self._conf.transport_url or ''
        return url.startswith(('kombu+memory:', 'fake:'))
