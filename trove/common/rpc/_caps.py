# SPDX-License-Identifier: Apache-2.0
"""The highest version that may be sent to each peer."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import threading
import time

from oslo_config import cfg

from trove.common import exception
from trove.common.rpc import _contract

LOG = logging.getLogger(__name__)

#: Gives the version that a peer announced, as text, or None if it did not.
Discover = Callable[[str | None], str | None]

#: Peers remembered at most; beyond it all are looked up anew.
_MOST = 20_000


class Caps:
    """The caps of a process: pins and what the peers announce, combined.

    A pin and a discovered version combine to the lower; a peer of which
    nothing is known gets the floor. Safe for use by many threads.

    :param discover: by interface name; an interface without an entry is
        never looked up
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        discover: Mapping[str, Discover],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conf = conf
        self._discover = discover
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[
            tuple[str, str | None], tuple[_contract.Version, float]
        ] = {}
        self._pins: dict[str, tuple[str, _contract.Version | None]] = {}

    def get(
        self, interface: _contract.Interface, peer: str | None
    ) -> _contract.Version:
        key = interface.name, peer
        found = self._known.get(key)
        if found is not None and found[1] >= self._clock():
            cap = found[0]
        else:
            try:
                cap = self._look_up(interface, peer)
            except Exception:
                # Not remembered: the next message asks again.
                cap = interface.floor if found is None else found[0]
                LOG.exception(
                    'Could not find out what the %s speaks; sending it '
                    'version %s of %s. Check the database.',
                    interface.describe(peer),
                    cap,
                    interface.name,
                )
            else:
                self._remember(key, cap)
        pin = self.pin(interface)
        return cap if pin is None else min(cap, pin)

    def pin(self, interface: _contract.Interface) -> _contract.Version | None:
        """The operator's pin, None where the peers decide alone.

        A wrong value is refused when the process starts; one that comes in
        later, by SIGHUP, is logged, and the pin before it goes on to hold.

        :raises trove.common.exception.ConfigurationError: there is none
            before it
        """
        value: str = self._conf.upgrade_levels[interface.name]
        known = self._pins.get(interface.name)
        if known is not None and known[0] == value:
            return known[1]
        try:
            pin = interface.pin(self._conf)
        except exception.ConfigurationError as error:
            if known is None:
                raise
            LOG.error('%s The pin before it goes on to hold.', error)
            pin = known[1]
        self._pins[interface.name] = value, pin
        return pin

    def lower(
        self, interface: _contract.Interface, peer: str | None
    ) -> _contract.Version:
        """Fall back to the floor: the peer refused what was discovered.

        What it announced is out of date (it was rolled back, say) until it
        announces itself again.
        """
        self._remember((interface.name, peer), interface.floor)
        return interface.floor

    def forget(self, name: str | None = None, peer: str | None = None) -> None:
        """Drop what is remembered: of all, of an interface, of a peer."""
        with self._lock:
            for key in list(self._known):
                if name in (None, key[0]) and peer in (None, key[1]):
                    del self._known[key]

    def _remember(
        self, key: tuple[str, str | None], cap: _contract.Version
    ) -> None:
        until = self._clock() + self._conf.upgrade_levels.refresh_interval
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = cap, until

    def _look_up(
        self, interface: _contract.Interface, peer: str | None
    ) -> _contract.Version:
        discover = self._discover.get(interface.name)
        if discover is None:
            return interface.floor
        text = discover(peer)
        if text is None:
            return interface.floor
        try:
            announced = _contract.Version.parse(text)
        except ValueError as error:
            LOG.error(
                'The %s announced its version wrongly: %s. Sending it '
                'version %s of %s; upgrade or restart it.',
                interface.describe(peer),
                error,
                interface.floor,
                interface.name,
            )
            return interface.floor
        if announced.major != interface.latest.major:
            return interface.floor
        return min(announced, interface.latest)
