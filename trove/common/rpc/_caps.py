# SPDX-License-Identifier: Apache-2.0
"""The highest revision that may be sent to each peer."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import threading
import time

from oslo_config import cfg

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _plan

LOG = logging.getLogger(__name__)

#: Gives what a peer announced, as text, or None if it did not.
Discover = Callable[[str | None], str | None]

#: Takes what a probe of a peer found, None when that proved to be wrong.
Keep = Callable[[str | None, str | None], None]

#: Asks a peer itself; None when it does not answer.
Prober = Callable[
    [_interface.Interface, str | None], _contract.Revision | None
]

#: Interface, its major version, and the peer.
_Key = tuple[str, int, str | None]

#: Peers remembered at most; beyond it all are looked up anew.
_MOST = 20_000

#: Seconds for which a look-up that failed is not made again, and for which
#: the log is silent about it.
_BREATH = 1.0
_SILENCE = 60.0

#: How much longer it counts that a peer does not answer: each probe waits,
#: and leaves a message in the queue of a peer that is away.
_SILENT = 3


class _Busy(Exception):
    """Another thread probes this peer."""


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
        discover: Mapping[str, Discover],
        keep: Mapping[str, Keep],
        probe: Prober,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conf = conf
        self._discover = discover
        self._keep = keep
        self._probe = probe
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[_Key, tuple[_plan.Cap, float]] = {}
        self._told: dict[str, float] = {}
        self._probing: set[_Key] = set()
        self._pins: dict[_Key, tuple[str, _contract.Revision | None]] = {}

    def get(
        self, interface: _interface.Interface, peer: str | None
    ) -> _plan.Cap:
        key = _key(interface, peer)
        found = self._known.get(key)
        if found is not None and found[1] >= self._clock():
            return found[0]
        fallback = interface.unknown if found is None else found[0].peer
        seconds: float = self._conf.upgrade_levels.refresh_interval
        try:
            revision = self._look_up(interface, peer)
        except _Busy:
            return self._limited(interface, fallback)
        except Exception as error:  # noqa: BLE001
            self._tell(interface, peer, fallback, error)
            revision, seconds = fallback, _BREATH
        if revision is None:
            revision, seconds = interface.unknown, seconds * _SILENT
        return self._remember(key, self._limited(interface, revision), seconds)

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
            'Could not find out what the %s speaks: %s. Sending it version '
            '%s of %s meanwhile. Check the database and the message broker.',
            interface.describe(peer),
            error,
            fallback,
            interface.name,
            exc_info=not isinstance(error, exception.TroveError),
        )

    def _limited(
        self, interface: _interface.Interface, revision: _contract.Revision
    ) -> _plan.Cap:
        pin = self.pin(interface)
        return _plan.cap(
            revision if pin is None or pin > revision else pin, revision
        )

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
        key = _key(interface, None)
        known = self._pins.get(key)
        if known is not None and known[0] == value:
            return known[1]
        try:
            pin = interface.pin(self._conf)
        except exception.ConfigurationError as error:
            if known is None:
                raise
            LOG.error('%s The pin before it goes on to hold.', error)
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
        key = _key(interface, peer)
        found = self._known.get(key)
        believed = interface.latest if found is None else found[0].peer
        keep = self._keep.get(interface.name)
        revision = None
        try:
            if keep is not None:
                keep(peer, None)
                revision = self._ask(interface, peer)
                if revision is not None and revision < believed:
                    keep(peer, revision.name)
        except _Busy:
            # Its result goes for this thread, too, as soon as it is there.
            pass
        except Exception:
            LOG.exception(
                'Could not write down that the %s no longer takes version '
                '%s of %s. Check the database.',
                interface.describe(peer),
                believed,
                interface.name,
            )
        if revision is None or revision >= believed:
            revision = interface.unknown
        self._warn(interface, peer, believed, revision)
        self._remember(
            key,
            self._limited(interface, revision),
            self._conf.upgrade_levels.refresh_interval,
        )

    def _warn(
        self,
        interface: _interface.Interface,
        peer: str | None,
        believed: _contract.Revision,
        revision: _contract.Revision,
    ) -> None:
        """Tell when messages are no longer sealed because of a refusal."""
        if interface.sealed_since is None or not (
            self._conf.enable_secure_rpc_messaging
            and revision < interface.revision(interface.sealed_since)
            and believed >= interface.revision(interface.sealed_since)
        ):
            return
        LOG.warning(
            'The %s refused a sealed message. Until it announces itself '
            'again it is sent version %s of %s, whose encryption does not '
            'prove where a message comes from. If it was not rolled back, '
            'find out who else has access to the message broker; [DEFAULT] '
            'rpc_seal_minimum = authenticated forbids it.',
            interface.describe(peer),
            revision,
            interface.name,
        )
        _events.record(
            *('downgraded', interface.name, peer, '', revision.name),
            release=revision.release,
            form='released',
        )

    def forget(self, name: str | None = None, peer: str | None = None) -> None:
        """Drop what is remembered: of all, of an interface, of a peer."""
        with self._lock:
            for key in list(self._known):
                if name in (None, key[0]) and peer in (None, key[2]):
                    del self._known[key]

    def _remember(
        self, key: _Key, cap: _plan.Cap, seconds: float
    ) -> _plan.Cap:
        until = self._clock() + seconds
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = cap, until
        return cap

    def _look_up(
        self, interface: _interface.Interface, peer: str | None
    ) -> _contract.Revision | None:
        """Return what a peer speaks, None when it does not answer."""
        discover = self._discover.get(interface.name)
        text = None if discover is None else discover(peer)
        if text is not None:
            return self._announced(interface, peer, text)
        keep = self._keep.get(interface.name)
        if keep is None:
            return interface.unknown
        revision = self._ask(interface, peer)
        if revision is not None:
            keep(peer, revision.name)
        return revision

    def _ask(
        self, interface: _interface.Interface, peer: str | None
    ) -> _contract.Revision | None:
        """Probe a peer.

        :raises _Busy: another thread is at it
        """
        key = _key(interface, peer)
        with self._lock:
            if key in self._probing:
                raise _Busy
            self._probing.add(key)
        try:
            return self._probe(interface, peer)
        finally:
            with self._lock:
                self._probing.discard(key)

    def _announced(
        self, interface: _interface.Interface, peer: str | None, text: str
    ) -> _contract.Revision:
        try:
            return interface.announced(text)
        except ValueError as error:
            LOG.error(
                'The %s announced its version wrongly: %s. Sending it '
                'version %s of %s; upgrade or restart it.',
                interface.describe(peer),
                error,
                interface.unknown,
                interface.name,
            )
            return interface.unknown


def _key(interface: _interface.Interface, peer: str | None) -> _Key:
    return interface.name, interface.major, peer
