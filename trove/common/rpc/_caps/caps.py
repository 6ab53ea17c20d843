# SPDX-License-Identifier: Apache-2.0
"""The highest revision that may be sent to each peer."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import math
import time

from oslo_config import cfg

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _plan
from trove.common.rpc._caps import discovery
from trove.common.rpc._caps import memory

LOG = logging.getLogger(__name__)

#: Seconds between two look-ups after a failure, and between two log lines
#: about it.
_RETRY_INTERVAL = 1.0
_SILENCE = 60.0

#: How much longer it counts that a peer does not answer: each probe waits,
#: and leaves a message in the queue of a peer that is away.
_SILENT = 3


#: Peers for which this part of their time is left are looked up along with
#: others.
_EARLY = 0.2


class Caps:
    """The caps of a process: pins and what the peers announce, combined.

    A pin and a discovered version combine to the lower; a peer of which
    nothing is known gets the floor. Safe for use by many threads.

    :param discover: by interface name; what a peer announced
    :param keep: by interface name; only peers of these are probed
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        discover: Mapping[str, discovery.Discover],
        keep: Mapping[str, discovery.Keep],
        probe: discovery.Prober,
        clock: Callable[[], float] = time.monotonic,
        proven: discovery.Proven = lambda interface, peer: False,
    ) -> None:
        self._conf = conf
        self._discovery = discovery.Discovery(discover, keep, probe, proven)
        self._clock = clock
        self._known = memory.Remembered(clock)
        self._told: dict[str, float] = {}
        self._pins: dict[
            memory.Key, tuple[str, _contract.Revision | None]
        ] = {}

    def get(
        self, interface: _interface.Interface, peer: str | None
    ) -> _plan.Cap:
        key = interface.name, interface.major, peer
        had = self._known.get(key)
        if had is not None and had.used and had.until < self._clock():
            self._renew(interface, key)
            had = self._known.get(key)
        if had is not None and had.until >= self._clock():
            had.used = True
            return had.cap
        forgotten = self._known.forgotten
        # Believed on, where nothing better is to be had.
        fallback = had.cap.peer if had is not None and had.cap.known else None
        sure = None if had is None else had.sure
        seconds = self._interval
        revision, doubted = fallback, None
        try:
            found = self._discovery.look_up(interface, peer)
        except discovery.Busy:
            return self._limited(interface, fallback)
        except Exception as error:  # noqa: BLE001
            self._tell(interface, peer, fallback or interface.unknown, error)
            seconds = _RETRY_INTERVAL
        else:
            revision, sure = found.revision, self._sure(found, sure)
            doubted = found.doubted
        with self._known.lock:
            now = self._known.get(key), self._known.forgotten
            if now == (had, forgotten):
                return self._remember(
                    interface, peer, revision, seconds, sure, doubted
                )
        # The result may be older than a rejection by the peer.
        return self.get(interface, peer)

    def _renew(
        self, interface: _interface.Interface, key: memory.Key
    ) -> None:
        """Look up a peer together with others whose time is over.

        So what thousands of peers take costs no query for each. Where there
        are no others, nothing has changed.
        """
        if not self._discovery.looks_up_several(interface):
            return
        claimed = self._known.claim(key, self._interval * _EARLY)
        if not claimed:
            return
        found: Mapping[str, discovery.Found] = {}
        # Peers that are missing in the result are probed one by one, not
        # looked up together again for each of them.
        until, again = -math.inf, False
        try:
            found = self._discovery.look_up_several(
                interface, [peer for _, _, peer in claimed if peer is not None]
            )
        except Exception as error:  # noqa: BLE001
            cap = claimed[key].cap
            believed = cap.peer if cap.known else interface.unknown
            self._tell(interface, key[2], believed, error)
            until, again = self._clock() + _RETRY_INTERVAL, True
        with self._known.lock:
            for each, known in claimed.items():
                if self._known.get(each) is not known:
                    # It was forgotten, or something was learned, meanwhile.
                    continue
                it = found.get(each[2] or '')
                if it is None:
                    known.until, known.used = until, again
                    continue
                self._remember(
                    interface,
                    each[2],
                    it.revision,
                    self._interval,
                    self._sure(it, known.sure),
                    it.doubted,
                    each == key,
                )

    def confirmed(
        self, interface: _interface.Interface, peer: str | None
    ) -> _plan.Cap:
        """Return the cap of a peer, after asking one that announces nothing.

        A released peer that was upgraded or rolled back in place tells
        nobody, and drops what it does not understand. So this is for what
        nobody answers, and for what is about to be refused. Each process
        asks a peer once in ``refresh_interval`` seconds at most.
        """
        cap = self.get(interface, peer)
        if not cap.known:
            # Another thread may just be asking it.
            self._discovery.wait(interface, peer)
            cap = self.get(interface, peer)
        while self._is_doubtful(interface, peer):
            try:
                cap = self._ask_again(interface, peer, cap)
            except discovery.Busy:
                self._discovery.wait(interface, peer)
                cap = self.get(interface, peer)
        return cap

    def doubted(
        self, interface: _interface.Interface, peer: str | None
    ) -> _contract.Revision | None:
        """What a peer answered last, if what is known of it outweighs that.

        It, or somebody in its place, does not understand what is sealed.
        """
        known = self._known.get(memory.key(interface, peer))
        return None if known is None else known.doubted

    def _is_doubtful(
        self, interface: _interface.Interface, peer: str | None
    ) -> bool:
        known = self._known.get(memory.key(interface, peer))
        sure = None if known is None else known.sure
        return sure is not None and sure < self._clock()

    def _ask_again(
        self,
        interface: _interface.Interface,
        peer: str | None,
        cap: _plan.Cap,
    ) -> _plan.Cap:
        believed, seconds = cap.peer, self._interval
        revision = doubted = None
        try:
            found = self._discovery.ask(
                interface, peer, believed if cap.known else None
            )
            revision, doubted = found.revision, found.doubted
        except discovery.Busy:
            raise
        except Exception as error:  # noqa: BLE001
            self._tell(interface, peer, believed, error)
        sure = self._clock() + seconds * (1 if revision else _SILENT)
        if revision not in (None, believed):
            LOG.info(
                'The %s now speaks version %s of %s instead of %s.',
                interface.describe(peer),
                revision,
                interface.name,
                believed,
            )
            self._warn(interface, peer, believed, revision)
        return self._remember(
            interface, peer, revision or believed, seconds, sure, doubted
        )

    def _sure(
        self, found: discovery.Found, before: float | None
    ) -> float | None:
        """Until when a peer need not be asked again."""
        if found.revision is None or found.by == 'announced':
            return None
        if found.by == 'asked':
            return self._clock() + self._interval
        if found.kept is not None and found.kept.age is not None:
            # Perhaps another process has asked.
            seconds = self._interval * (1 if found.kept.answered else _SILENT)
            return self._clock() + seconds - found.kept.age
        return -math.inf if before is None else before

    @property
    def _interval(self) -> float:
        seconds: float = self._conf.upgrade_levels.refresh_interval
        return seconds

    def _tell(
        self,
        interface: _interface.Interface,
        peer: str | None,
        fallback: _contract.Revision,
        error: Exception,
    ) -> None:
        now = self._clock()
        if now < self._told.get(interface.name, now):
            return
        self._told[interface.name] = now + _SILENCE
        LOG.warning(
            'Could not determine the version of the %s: %s. Sending version '
            '%s of %s meanwhile. Check the database and the message broker.',
            interface.describe(peer),
            error,
            fallback,
            interface.name,
            exc_info=not isinstance(error, exception.TroveError),
        )

    def _limited(
        self,
        interface: _interface.Interface,
        found: _contract.Revision | None,
    ) -> _plan.Cap:
        pin = self.pin(interface)
        revision = found or interface.unknown
        limit = revision if pin is None or pin > revision else pin
        return _plan.cap(limit, revision, found is not None)

    def pin(
        self, interface: _interface.Interface
    ) -> _contract.Revision | None:
        """The operator's pin, None where the peers decide alone.

        A wrong value is refused when the process starts; one that comes in
        later, by SIGHUP, is logged, and the pin before it goes on to hold.
        A right one counts for a peer when that is looked up the next time,
        which :meth:`forget` makes the next message.

        :raises trove.common.exception.ConfigurationError: there is none
            before it
        """
        value: str = self._conf.upgrade_levels[interface.name]
        key = memory.key(interface, None)
        known = self._pins.get(key)
        if known is not None and known[0] == value:
            return known[1]
        try:
            pin = interface.pin(self._conf)
        except exception.ConfigurationError as error:
            if known is None:
                raise
            LOG.error('%s The previous pin remains in effect.', error)
            pin = known[1]
        self._pins[key] = value, pin
        return pin

    def refuted(
        self, interface: _interface.Interface, peer: str | None
    ) -> None:
        """Find out anew: the peer refused what it was believed to take.

        What it announced is out of date (it was rolled back, say). It is
        probed if it can be, and otherwise counts as of the floor until it
        announces itself again.
        """
        known = self._known.get(memory.key(interface, peer))
        believed = interface.latest if known is None else known.cap.peer
        found = discovery.Found(None, 'guessed')
        try:
            self._discovery.keep(interface, peer, None)
            found = self._discovery.ask(interface, peer)
        except discovery.Busy:
            # Its result goes for this thread, too, as soon as it is there.
            pass
        except Exception:
            LOG.exception(
                'Could not record that the %s no longer supports version %s '
                'of %s. Check the database.',
                interface.describe(peer),
                believed,
                interface.name,
            )
        if found.revision == believed:
            found = discovery.Found(None, 'asked')
        revision = found.revision or interface.unknown
        self._warn(interface, peer, believed, revision)
        sure = self._sure(found, None)
        self._remember(interface, peer, revision, self._interval, sure)

    def _warn(
        self,
        interface: _interface.Interface,
        peer: str | None,
        believed: _contract.Revision,
        revision: _contract.Revision,
    ) -> None:
        """Log that messages are no longer sealed because of a rejection."""
        if not (
            self._conf.enable_secure_rpc_messaging
            and interface.seals(believed)
            and not interface.seals(revision)
            and revision != _contract.NOTHING
            and not self._discovery.assumes(interface, peer)
        ):
            return
        LOG.warning(
            'The %s no longer accepts sealed messages. Until it announces '
            'itself again, it is sent version %s of %s, whose encryption does '
            'not authenticate the sender. If it was not rolled back, find out '
            'who else has access to the message broker; [DEFAULT] '
            'rpc_seal_minimum = authenticated forbids this.',
            interface.describe(peer),
            revision,
            interface.name,
        )
        event = _events.Event(
            'downgraded',
            interface.name,
            peer,
            '',
            revision.name,
            release=revision.release,
            form='released',
        )
        _events.record(event)

    def forget(self, name: str | None = None, peer: str | None = None) -> None:
        """Drop what is remembered: of all, of an interface, of a peer."""
        self._known.forget(name, peer)

    def _remember(
        self,
        interface: _interface.Interface,
        peer: str | None,
        revision: _contract.Revision | None,
        seconds: float,
        sure: float | None,
        doubted: _contract.Revision | None = None,
        used: bool = True,
    ) -> _plan.Cap:
        cap = self._limited(interface, revision)
        until = self._clock() + seconds
        known = memory.Known(cap, until, sure, doubted, used)
        self._known.put(memory.key(interface, peer), known)
        return cap
