# SPDX-License-Identifier: Apache-2.0
"""Finds services of releases, which are not in the registry."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time

from oslo_config import cfg

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.objects import sealing
from trove.objects import service as services
from trove.peers import versions

LOG = logging.getLogger(__name__)

#: Maximum delay of a service's start by a census, in seconds.
_START_TIMEOUT = 10.0

_MAX_ROUNDS = 64

_DOUBTED = (
    'a server on the topic of the %s answers in the clear that it supports '
    'only revision %s, although all of them are proven to support seals. '
    'Messages to them stay sealed, and casts, which a server of a release '
    'would drop, are refused until %s seconds ([DEFAULT] service_down_time) '
    'after its last answer. If one was rolled back to a release, or started '
    'beside them, permit that with "trove-rpc sealing allow %s", or upgrade '
    'it. If none was, find out who has access to the message broker'
)


class Census:
    """Finds the servers of a topic that are not in the registry.

    A service of a release does not register. A sender that relies on the
    registry alone would send it messages that only the others understand, and
    those would be lost. So each service of this tree probes its own topic, and
    reports an older revision under the host ``(unregistered) REVISION``. That
    counts like any other service, until ``service_down_time`` after the last
    answer.

    When all servers are in the registry and no other has answered for
    ``service_down_time``, they are proven to support seals, see
    :mod:`trove.common.belief`. A different answer after that is recorded and
    not believed.

    :param interface: of the topic
    :param clock: returns monotonic seconds
    """

    def __init__(
        self,
        transport: rpc.Transport,
        interface: rpc.Interface,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        #: Since when all answers are of servers that support seals.
        self._since: float | None = None
        self._allowed = False
        self._transport = transport
        self._conf: cfg.ConfigOpts = transport.conf
        self._interface = interface
        self._binary = versions.BINARIES[interface.name]

    def begin(self) -> None:
        """Probe before this service listens, so that only others answer.

        It raises nothing and ends after some seconds; :meth:`look` follows.
        """
        if self._is_alone():
            return
        thread = threading.Thread(
            target=self._first, name='census', daemon=True
        )
        thread.start()
        thread.join(_START_TIMEOUT)

    def look(self) -> None:
        """Probe once, with a few more messages than there are servers.

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
        # Casts to a server of a release are lost until it is found, so all
        # servers are probed in one go.
        rounds = min(len(live) * self._workers() + 2, _MAX_ROUNDS)
        found, all_said = versions.probe_each(
            self._transport, self._interface, rounds
        )
        if found is not None and found < self._interface.latest:
            self._report(found, {each.host for each in known} & hosts)
        if self._transport.keys is not None:
            self._learn(found if all_said else None)

    def _learn(self, found: rpc.Revision | None) -> None:
        """Record what is proven about all servers.

        :param found: the oldest answer; None: not all have answered
        """
        interface = self._interface
        text = versions.spoken(self._conf, interface, True)
        if text is None:
            return
        seals = interface.seals(interface.announced(text))
        if seals:
            other = versions.spoken(self._conf, interface, False)
            if (
                found is None
                or not interface.seals(found)
                or (other and not interface.seals(interface.announced(other)))
            ):
                self._since = None
                return
            now = self._clock()
            allowed = sealing.of_services(interface.name).allowed
            if self._since is None or (allowed and not self._allowed):
                # A service of a release that was just permitted starts soon.
                self._since = now
            self._allowed = allowed
            if now - self._since < self._conf.service_down_time:
                # One of a release may be starting, or slow.
                return
        sealing.record_registered(interface.name, seals)

    def _first(self) -> None:
        try:
            found = versions.probe(
                self._transport, self._interface, versions.ROUNDS
            )
            if found is not None and found < self._interface.latest:
                self._report(found, set())
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'Could not probe for %s of older releases: %s It is retried '
                'with every report.',
                self._interface.describe(None),
                error,
            )

    def _report(self, found: rpc.Revision, hosts: set[str]) -> None:
        name = f'{services.UNREGISTERED} {found.name}'
        if not self._interface.seals(found) and self._transport.sealer.proven(
            self._interface, None, fresh=True
        ):
            self._doubt(found, name not in hosts)
        elif name not in hosts:
            LOG.warning(
                'Found %s of a release, which do not register, with revision '
                '%s of the interface. All of them are capped at that until it '
                'is upgraded or stopped. "trove-rpc peers" shows what that '
                'blocks.',
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

    def _doubt(self, found: rpc.Revision, new: bool) -> None:
        """Record an answer that is not believed."""
        interface = self._interface
        reason = _DOUBTED % (
            interface.describe(None),
            found.name,
            self._conf.service_down_time,
            interface.name,
        )
        if new:
            LOG.warning('%s.', reason[0].upper() + reason[1:])
        if self._transport.suspects is not None:
            self._transport.suspects(
                rpc.Rejection(
                    interface=interface.name,
                    peer=None,
                    sender=None,
                    method='',
                    version=found.name,
                    kind='call',
                    cause='downgrade',
                    reason=reason,
                    arguments={},
                )
            )

    def _workers(self) -> int:
        """Return the number of processes per host, as on this one."""
        conductor = self._interface.name == conductor_api.API.interface.name
        return self._conf.trove_conductor_workers if conductor else 1

    def _is_alone(self) -> bool:
        # A broker in memory reaches no other process. oslo.messaging registers
        # transport_url when it makes the first transport.
        self._transport.connection.open()
        url: str = self._conf.transport_url or ''
        return url.startswith(('kombu+memory:', 'fake:'))
