# SPDX-License-Identifier: Apache-2.0
"""Looks for services of releases, which do not report themselves."""

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

#: Seconds by which a census may delay the start of a service.
_LONGEST = 10.0

_MOST_ROUNDS = 64

_DOUBTED = (
    'somebody on the topic of the %s answers, in the clear, that he knows '
    'only revision %s, while all of them are known to know what is sealed. '
    'Nothing is sent to them in a weaker form, and casts to them, which one '
    'of a release would drop, are refused until %s seconds ([DEFAULT] '
    'service_down_time) after his last answer. If one was rolled back to '
    'a release, or started beside them, permit that with "trove-rpc sealing '
    'allow %s", or upgrade it. If none was, find out who has access to the '
    'message broker'
)


class Census:
    """Counts the servers of a topic that do not report themselves.

    A service of a release says nothing about itself, so whoever relies on
    the registry alone would send it what only the others understand, and
    that would be lost. Each of ours asks the topic that it shares with them,
    and reports what is older than itself under the host
    ``(unregistered) REVISION``; that counts like any other service, until
    ``service_down_time`` after it was last seen.

    Once all that are there have reported themselves, and nobody else has
    answered for ``service_down_time``, they are proven to know seals, see
    :mod:`trove.common.belief`: what is answered otherwise after that is
    recorded and not believed.

    :param interface: of the topic
    """

    def __init__(
        self,
        transport: rpc.Transport,
        interface: rpc.Interface,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        #: Since when all that answered are known to know seals.
        self._since: float | None = None
        self._allowed = False
        self._transport = transport
        self._conf: cfg.ConfigOpts = transport.conf
        self._interface = interface
        self._binary = versions.BINARIES[interface.name]

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
        found, all_said = versions.probe_each(
            self._transport, self._interface, rounds
        )
        if found is not None and found < self._interface.latest:
            self._report(found, {each.host for each in known} & hosts)
        if self._transport.keys is not None:
            self._learn(found if all_said else None)

    def _learn(self, found: rpc.Revision | None) -> None:
        """Write down what is proven of all of them.

        :param found: the oldest that has answered; None: not all have
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
                # Who has just permitted one of a release starts it yet.
                self._since = now
            self._allowed = allowed
            if now - self._since < self._conf.service_down_time:
                # One of a release may be about to start, or slow.
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
                'Could not look for %s of older releases: %s They are looked '
                'for again with every report.',
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

    def _doubt(self, found: rpc.Revision, new: bool) -> None:
        """Write down that somebody answers who must not be believed."""
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
        """How many processes take messages on each host, as it is here."""
        conductor = self._interface.name == conductor_api.API.interface.name
        return self._conf.trove_conductor_workers if conductor else 1

    def _is_alone(self) -> bool:
        # Nobody of another process can be reached by a broker in this one.
        # The option is there as soon as a transport has been made.
        self._transport.connection.open()
        url: str = self._conf.transport_url or ''
        return url.startswith(('kombu+memory:', 'fake:'))
