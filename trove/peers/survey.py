# SPDX-License-Identifier: Apache-2.0
"""Probes guests of an unknown version ahead of their first message.

A guest of a release announces nothing, so a sender probes it first. That takes
some milliseconds, or seconds if the guest does not answer. After an upgrade
from a release that concerns all guests, so the task managers probe them in
parallel. Each task manager claims a page of guests at a time: a guest is
probed once, and all processes share the result.
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

#: Interval between two looks in seconds; unused claims have expired by then.
INTERVAL = float(probes.CLAIM)

#: Number of results that are recorded together.
_BATCH = 100


class Survey:
    """Probes the guests that announce nothing.

    :param transport: of the control plane
    """

    def __init__(self, transport: rpc.Transport) -> None:
        self._transport = transport
        self._interface = guest_api.API.interface
        self._stopped = threading.Event()
        self._claimed: list[probes.Claimed] = []

    def stop(self) -> None:
        """Have :meth:`look` return soon; its claims are released."""
        self._stopped.set()

    def look(self) -> int:
        """Probe all guests of an unknown version once.

        Claims that are left after an error are released.

        :returns: the number of probed guests
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
            # The claims expire after probes.CLAIM seconds.
            LOG.debug('Could not release claimed guests.', exc_info=True)

    def _look(self) -> int:
        asked, silent = 0, set[str]()
        found: dict[str, guest_versions.Found] = {}
        outcomes = self._transport.ask_many(self._interface, self._unknown())
        for peer, revision in outcomes:
            # A late answer yields a guest a second time.
            asked += peer not in silent
            silent.discard(peer)
            if revision is None:
                silent.add(peer)
            found[peer] = self._found(revision)
            if len(found) >= _BATCH:
                guest_versions.record_probes(found)
                found.clear()
            if self._stopped.is_set():
                break
        guest_versions.record_probes(found)
        if asked:
            LOG.info(
                'Probed %d guest agents that announce no version; %d did not '
                'answer. List those with "trove-rpc peers --state '
                'unregistered".',
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
