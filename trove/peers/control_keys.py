# SPDX-License-Identifier: Apache-2.0
"""The keys of the control plane: its own, and one for each guest."""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import hashlib
import logging
import threading
import time
from typing import ParamSpec
from typing import TypeVar

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.objects import sealing
from trove.objects.keys import instance_keys
from trove.peers import lookups
from trove.peers import retrying
from trove.peers import versions

LOG = logging.getLogger(__name__)

P = ParamSpec('P')
T = TypeVar('T')

#: How many instances are remembered, and for how many seconds at most.
_MOST = 20_000
_LIFETIME = 300.0

#: The same of those that do not exist.
_MOST_ABSENT = 1000

#: That somebody has no key is remembered for this many seconds.
_BRIEF = 1.0

#: What an operator permits, and that another conductor is of a release, is
#: noticed after this many seconds.
_SOON = 10.0

#: SHA-256 of the defaults that releases up to 2026.2 have in their source.
_PUBLIC = (
    '1279572ede58fbeb0337b9c1aae3b0c2a320f6512dfd79c6eaff32221c3fb86e',
    'e8c9edae8de9494998168d65e5070886ca1c6bf3b77e814bd437820b888d7841',
)

_MISSING = (
    'messages are to be encrypted, and there is no default key. Run '
    '"trove-manage generate_keys" once and give what it writes to all '
    'services of the control plane. To do without encryption, set '
    'enable_secure_rpc_messaging = false for them and for the guests.'
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What was read of an instance, and until when it is believed."""

    keys: instance_keys.InstanceKeys | None = dataclasses.field(repr=False)
    until: float


class _Services:
    """What is believed of the services; looked up now and then.

    :param seconds: for which it is remembered
    """

    def __init__(self, conf: cfg.ConfigOpts, seconds: float) -> None:
        self._conf = conf
        self._seconds = seconds
        self._found: dict[str, tuple[bool, float]] = {}

    def released(
        self, interface: str, taken: bool = False, fresh: bool = False
    ) -> bool:
        """Whether the released form may be sent to them, or taken.

        :param fresh: look it up now
        """
        name = sealing.SENDERS if taken else interface
        now = time.monotonic()
        known = self._found.get(name)
        if known is None or fresh or now - known[1] >= self._seconds:
            released = sealing.of_services(name).released
            if not taken:
                # A pin is the word of an operator, too.
                released = released or self._is_pinned(interface)
            known = released, now
            self._found[name] = known
        return known[0]

    def _is_pinned(self, name: str) -> bool:
        interface = versions.CLIENTS[name].interface
        try:
            pin = interface.pin(self._conf)
        except exception.ConfigurationError:
            # Whoever sends goes on with the one before, and says so.
            return False
        return pin is not None and not interface.seals(pin)


class ControlKeys:
    """The keys of a service, see :class:`trove.common.rpc.Keys`.

    Guests are looked up in the database and remembered for a short time.
    Safe for use by many threads.

    :param identity: send to the conductors as this instance would
    :raises trove.common.exception.ConfigurationError: a key is missing
    """

    def __init__(
        self, conf: cfg.ConfigOpts, identity: str | None = None
    ) -> None:
        for option in 'taskmanager_rpc_encr_key', 'inst_rpc_key_encr_key':
            if not conf[option]:
                raise exception.ConfigurationError(
                    option=f'[DEFAULT] {option}', value='', remedy=_MISSING
                )
            digest = hashlib.sha256(conf[option].encode()).hexdigest()
            if digest in _PUBLIC:
                LOG.warning(
                    '[DEFAULT] %s is the default of released Trove, which '
                    'everybody knows. The guide "Message security" says when '
                    'it can be another one.',
                    option,
                )
        self.identity = identity
        self._conf = conf
        self._shared: str = conf.taskmanager_rpc_encr_key
        self._lock = threading.Lock()
        self._known: collections.OrderedDict[str, _Known] = (
            collections.OrderedDict()
        )
        self._absent: collections.OrderedDict[str, _Known] = (
            collections.OrderedDict()
        )
        self._lookups = lookups.Lookups(instance_keys.ids)
        self._keyless: tuple[bool, float] | None = None
        self._mixed: tuple[bool, float] | None = None
        self._services = _Services(conf, _SOON)
        self._allowed = sealing.Allowed(_SOON)

    def sealing(self, interface: str, peer: str | None) -> str | None:
        instance_id = peer or self.identity
        if instance_id is None:
            return self._shared
        with retrying.unavailable():
            held = self._look(instance_id)
        if held is None:
            raise exception.SealError(
                reason=f'There is no key for instance {instance_id}: it is '
                'deleted, or never was.'
            )
        return held.current

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> Sequence[str]:
        if sender is None:
            return (self._shared,)
        held = self._patiently(self._look, sender, fresh)
        if held is None:
            return ()
        # The next one is in use as soon as the guest has it, even if its
        # answer to that did not arrive.
        return [
            key for key in (held.current, held.next, held.previous) if key
        ]

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        """What follows from it is written down with a heartbeat."""

    def released_allowed(
        self,
        interface: str,
        peer: str | None,
        fresh: bool = False,
        taken: bool = False,
    ) -> bool:
        if peer is None:
            with retrying.unavailable():
                return self._services.released(interface, taken, fresh)
        conductor = interface == conductor_api.API.interface.name
        if conductor:
            held = self._patiently(self._look, peer, fresh)
        else:
            with retrying.unavailable():
                held = self._look(peer, fresh)
        if held is None or not held.proven:
            return True
        with retrying.unavailable():
            return peer in self._allowed.get(fresh) or (
                conductor and self._is_mixed()
            )

    def held(self, instance_id: str | None) -> bool:
        """Whether a guest is to take the released form until told otherwise.

        :raises ServiceUnavailable: the database does not work
        """
        with retrying.unavailable():
            return self._allowed.get().get(instance_id or '', False)

    def _is_mixed(self) -> bool:
        """Whether guests are told that a conductor knows no seals.

        By a pin, or because there is one of a release.
        """
        now = time.monotonic()
        known = self._mixed
        if known is None or now - known[1] >= _SOON:
            interface = conductor_api.API.interface
            proven = not self._services.released(interface.name)
            text = versions.spoken(self._conf, interface, proven or None)
            told = [interface.pin(self._conf)]
            if text is not None:
                told.append(interface.announced(text))
            known = not all(map(interface.seals, filter(None, told))), now
            self._mixed = known
        return known[0]

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        if interface != conductor_api.API.interface.name:
            return False
        if sender is None:
            # It names no instance, so it changes none.
            return self._patiently(self._any_keyless)
        held = self._patiently(self._look, sender)
        return held is not None and held.current is None

    def forget(self, instance_id: str) -> None:
        """Look the keys of an instance up anew when they are next needed."""
        with self._lock:
            self._known.pop(instance_id, None)
            self._absent.pop(instance_id, None)

    def _patiently(
        self, look: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Wait for a database that is away: else the message is lost.

        :raises ServiceUnavailable: it went on failing
        """
        with retrying.unavailable():
            return retrying.retrying(
                self._conf, 'conductor', look, *args, **kwargs
            )

    def _look(
        self, instance_id: str, fresh: bool = False
    ) -> instance_keys.InstanceKeys | None:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(instance_id)
            if known is None:
                known = self._absent.get(instance_id)
        # A key may be some milliseconds old, so whoever asks for what is true
        # now gets that; but not with each message that a stranger sends.
        if known is not None and now < known.until:
            if not (fresh and self._lookups.again(instance_id)):
                return known.keys
        elif known is None or known.keys is None:
            if not self._lookups.exists(instance_id):
                return None
        # Outside of the lock: two may look the same one up, which does no
        # harm, but nobody waits for the database because of another's.
        found = instance_keys.get(self._conf, instance_id)
        known = _Known(found, now + self._lifetime(found))
        if found is None:
            self._lookups.absent()
        with self._lock:
            self._known.pop(instance_id, None)
            self._absent.pop(instance_id, None)
            # Those that do not exist push nobody out who does.
            table, most = (
                (self._absent, _MOST_ABSENT)
                if found is None
                else (self._known, _MOST)
            )
            table[instance_id] = known
            while len(table) > most:
                table.popitem(last=False)
        return known.keys

    def _lifetime(self, found: instance_keys.InstanceKeys | None) -> float:
        if found is None or found.current is None:
            # The workflow that makes it may be about to give it one.
            return _BRIEF
        # Who still seals with an old key, because he remembers it, has to
        # be understood.
        return min(_LIFETIME, float(self._conf.rpc_key_overlap) / 2)

    def _any_keyless(self) -> bool:
        now = time.monotonic()
        known = self._keyless
        if known is None or now - known[1] >= _BRIEF:
            known = bool(instance_keys.without(limit=1)), now
            self._keyless = known
        return known[0]


def make(conf: cfg.ConfigOpts) -> ControlKeys | None:
    """Return the keys, None when messages are not to be encrypted.

    :raises trove.common.exception.ConfigurationError: they ought to be, and
        a key is missing
    """
    return ControlKeys(conf) if conf.enable_secure_rpc_messaging else None


def rotate(transport: rpc.Transport, instance_id: str) -> None:
    """Give a guest another key; may be repeated, and has to be if it fails.

    At every moment both sides accept what the other seals with: the control
    plane accepts the new key before the guest gets it, the guest accepts the
    old one until the control plane has used the new one, and afterwards both
    accept the old one for ``rpc_key_overlap`` seconds.

    :raises trove.common.exception.InstanceNotFound: there is no such one
    :raises trove.common.exception.Conflict: the instance has no key, or
        its last rotation is not over yet
    :raises trove.common.exception.PeerTooOld: its guest cannot do that
    :raises trove.common.exception.TroveError: the guest did not answer, or
        could not keep the key, or the database does not work; nothing is
        lost, repeat it
    """
    conf = transport.conf
    held = instance_keys.get(conf, instance_id)
    if held is None:
        raise exception.InstanceNotFound(id=instance_id)
    if held.current is None or not conf.enable_secure_rpc_messaging:
        raise exception.Conflict(
            f'Instance {instance_id} has no key to rotate: its messages are '
            'not encrypted. It cannot be sent one, for that would go in the '
            'clear; the guide "Message security" says how it can get one.'
        )
    if held.previous is not None and held.next is None:
        raise exception.Conflict(
            f'The key of instance {instance_id} was rotated at '
            f'{held.rotated_at} UTC, and messages with the one before may '
            'still be on their way. Rotate it again when rpc_key_overlap '
            f'({conf.rpc_key_overlap} s) is over.'
        )
    guest = guest_api.API(transport, instance_id)
    context = trove_context.make_admin_context()
    if not guest.can_send('rotate_key'):
        # It refuses without sending, and says why.
        guest.rotate_key(context, key='')
    next_key = instance_keys.begin_rotation(conf, instance_id)
    guest.rotate_key(context, key=next_key)
    instance_keys.finish_rotation(conf, instance_id, next_key)
    forget = getattr(transport.keys, 'forget', None)
    if forget is not None:
        forget(instance_id)
    _use(guest, context, instance_id)


def _use(
    guest: guest_api.API,
    context: trove_context.TroveContext,
    instance_id: str,
) -> None:
    """Send something with the new key: with that the old one begins to end.

    A guest that nobody speaks to would take the old one for ever.
    """
    try:
        guest.rpc_ping(context)
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'The key of instance %s was rotated, but its guest did not answer '
            'to the new one yet (%s: %s). It takes the old one until it gets '
            'something with the new one.',
            instance_id,
            type(error).__name__,
            error,
        )
