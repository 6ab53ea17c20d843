# SPDX-License-Identifier: Apache-2.0
"""Asks the guests of which nothing is known, before somebody has to wait.

A guest of a release announces nothing. Whoever has a message for one asks it
first, which takes some milliseconds, or seconds if it does not answer. After
an upgrade from a release that would be all guests, so the task managers look
for those, and ask them side by side. Each claims some at a time: however many
processes there are, a guest is asked once, and all know what it said, or that
it did not, until it says something by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
import logging
import threading

from trove.common import exception
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects.guest import guest_versions
from trove.objects.guest import probes

LOG = logging.getLogger(__name__)

#: Seconds between two looks; a claim that came to nothing is over by then.
INTERVAL = float(probes.CLAIM)

#: How many findings are written down together.
_TOGETHER = 100


class Survey:
    """Finds out what silent guests speak.

    :param transport: of the control plane
    """

    def __init__(self, transport: rpc.Transport) -> None:
        self._transport = transport
        self._interface = guest_api.API.interface
        self._stopped = threading.Event()
        self._claimed: list[probes.Claimed] = []

    def stop(self) -> None:
        """Have :meth:`look` return soon; guests not asked are asked later."""
        self._stopped.set()

    def look(self) -> int:
        """Ask once all of which nothing is known.

        Others may ask at once those that it has claimed and not asked.

        :returns: how many were asked
        :raises ServiceUnavailable: the database does not work
        :raises Exception: of the transport's driver, when the message broker
            cannot be reached
        """
        self._claimed.clear()
        complete = False
        try:
            asked = self._look()
            complete = not self._stopped.is_set()
        finally:
            if not complete:
                self._release()
        return asked

    def _release(self) -> None:
        try:
            for claimed in self._claimed:
                probes.release(claimed)
        except exception.TroveError:
            # Their claims are over before long.
            LOG.debug('Could not release guests.', exc_info=True)

    def _look(self) -> int:
        asked, silent = 0, set[str]()
        found: dict[str, guest_versions.Found] = {}
        outcomes = self._transport.ask_many(self._interface, self._unknown())
        for peer, revision in outcomes:
            # One that answered too late comes once more.
            asked += peer not in silent
            silent.discard(peer)
            if revision is None:
                silent.add(peer)
            found[peer] = self._found(revision)
            if len(found) >= _TOGETHER:
                guest_versions.record_probes(found)
                found.clear()
            if self._stopped.is_set():
                break
        guest_versions.record_probes(found)
        if asked:
            LOG.info(
                'Asked %d guest agents that announce nothing what they '
                'speak; %d have not answered. "trove-rpc peers --state '
                'unregistered" lists those.',
                asked,
                len(silent),
            )
        return asked

    def _unknown(self) -> Iterator[str]:
        after: str | None = ''
        while after is not None and not self._stopped.is_set():
            page = probes.claim(after)
            self._claimed.append(page)
            after = page.after
            yield from page.ids

    def _found(self, revision: rpc.Revision | None) -> guest_versions.Found:
        if revision is None:
            return guest_versions.Found(None)
        return guest_versions.Found(
            revision.name, self._interface.seals(revision)
        )
