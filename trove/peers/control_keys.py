# SPDX-License-Identifier: Apache-2.0
"""The keys of the control plane: its own key, and one for each guest."""

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

#: Maximum number of cached instances, and their lifetime in seconds.
_MAX_KNOWN = 20_000
_LIFETIME = 300.0

#: Maximum number of cached ids without an instance.
_MAX_ABSENT = 1000

#: Lifetime in seconds of the fact that an instance has no key.
_KEYLESS_LIFETIME = 1.0

#: Lifetime in seconds of permissions and of the versions of conductors.
_PERMISSION_LIFETIME = 10.0

#: SHA-256 of the default keys in the source of releases up to 2026.2.
_PUBLIC = (
    '1279572ede58fbeb0337b9c1aae3b0c2a320f6512dfd79c6eaff32221c3fb86e',
    'e8c9edae8de9494998168d65e5070886ca1c6bf3b77e814bd437820b888d7841',
)

_MISSING = (
    'encryption of messages is enabled, and there is no default key. Run '
    '"trove-manage generate_keys" once and add its output to the '
    'configuration of all services of the control plane. To disable '
    'encryption, set enable_secure_rpc_messaging = false for them and for '
    'the guests.'
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """The cached keys of an instance, None for a missing one."""

    keys: instance_keys.InstanceKeys | None = dataclasses.field(repr=False)
    until: float


class _Services:
    """A cache of the beliefs about services.

    :param seconds: its lifetime
    """

    def __init__(self, conf: cfg.ConfigOpts, seconds: float) -> None:
        self._conf = conf
        self._seconds = seconds
        self._found: dict[str, tuple[bool, float]] = {}

    def released(
        self, interface: str, taken: bool = False, fresh: bool = False
    ) -> bool:
        """Whether the released form may be sent to them, or accepted.

        :param taken: accepted
        :param fresh: read the database now
        """
        name = sealing.SENDERS if taken else interface
        now = time.monotonic()
        known = self._found.get(name)
        if known is None or fresh or now - known[1] >= self._seconds:
            released = sealing.of_services(name).released
            if not taken:
                # A pin is a decision of an operator as well.
                released = released or self._is_pinned(interface)
            known = released, now
            self._found[name] = known
        return known[0]

    def _is_pinned(self, name: str) -> bool:
        interface = versions.CLIENTS[name].interface
        try:
            pin = interface.pin(self._conf)
        except exception.ConfigurationError:
            # Senders keep the former pin, and log the error.
            return False
        return pin is not None and not interface.seals(pin)


class ControlKeys:
    """The keys of a service, see :class:`trove.common.rpc.Keys`.

    Keys of guests are read from the database and cached for a short time.
    Thread-safe.

    :param identity: id of an instance: send to the conductors as its guest
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
                    '[DEFAULT] %s is the default of released Trove, which is '
                    'public. The guide "Message security" says when to '
                    'change it.',
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
        self._services = _Services(conf, _PERMISSION_LIFETIME)
        self._allowed = sealing.Allowed(_PERMISSION_LIFETIME)

    def sealing(self, interface: str, peer: str | None) -> str | None:
        instance_id = peer or self.identity
        if instance_id is None:
            return self._shared
        with retrying.unavailable():
            held = self._look(instance_id)
        if held is None:
            raise exception.SealError(
                reason=f'There is no key for instance {instance_id}: it was '
                'deleted, or never existed.'
            )
        return held.current

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> Sequence[str]:
        if sender is None:
            return (self._shared,)
        held = self._retrying(self._look, sender, fresh)
        if held is None:
            return ()
        # A guest uses the next key as soon as it has it, even if its reply was
        # lost.
        return [
            key for key in (held.current, held.next, held.previous) if key
        ]

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        """Do nothing: the evidence is recorded with a heartbeat."""

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
            held = self._retrying(self._look, peer, fresh)
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
        """Whether a guest accepts the released form until it is forbidden.

        :raises ServiceUnavailable: the database does not work
        """
        with retrying.unavailable():
            return self._allowed.get().get(instance_id or '', False)

    def _is_mixed(self) -> bool:
        """Whether a conductor may not support seals.

        Because of a pin, or because one of a release is running.
        """
        now = time.monotonic()
        known = self._mixed
        if known is None or now - known[1] >= _PERMISSION_LIFETIME:
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
            return self._retrying(self._any_keyless)
        held = self._retrying(self._look, sender)
        return held is not None and held.current is None

    def forget(self, instance_id: str) -> None:
        """Remove the keys of an instance from the cache."""
        with self._lock:
            self._known.pop(instance_id, None)
            self._absent.pop(instance_id, None)

    def _retrying(
        self, look: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Retry database errors, which would lose the message.

        :raises ServiceUnavailable: the retries are used up
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
        # A key may have changed just now, so fresh is honored, but not for
        # each message that an attacker sends.
        if known is not None and now < known.until:
            if not (fresh and self._lookups.again(instance_id)):
                return known.keys
        elif known is None or known.keys is None:
            if not self._lookups.exists(instance_id):
                return None
        # Outside of the lock, so that threads do not wait for the queries of
        # others; two of them may look up the same instance.
        found = instance_keys.get(self._conf, instance_id)
        known = _Known(found, now + self._lifetime(found))
        if found is None:
            self._lookups.absent()
        with self._lock:
            self._known.pop(instance_id, None)
            self._absent.pop(instance_id, None)
            # Missing instances must not evict existing ones.
            table, most = (
                (self._absent, _MAX_ABSENT)
                if found is None
                else (self._known, _MAX_KNOWN)
            )
            table[instance_id] = known
            while len(table) > most:
                table.popitem(last=False)
        return known.keys

    def _lifetime(self, found: instance_keys.InstanceKeys | None) -> float:
        if found is None or found.current is None:
            # The workflow that builds it may be about to generate one.
            return _KEYLESS_LIFETIME
        # A process with a cached old key must be understood.
        return min(_LIFETIME, float(self._conf.rpc_key_overlap) / 2)

    def _any_keyless(self) -> bool:
        now = time.monotonic()
        known = self._keyless
        if known is None or now - known[1] >= _KEYLESS_LIFETIME:
            known = bool(instance_keys.without(limit=1)), now
            self._keyless = known
        return known[0]


def make(conf: cfg.ConfigOpts) -> ControlKeys | None:
    """Return the keys, None when encryption of messages is disabled.

    :raises trove.common.exception.ConfigurationError: a key is missing
    """
    return ControlKeys(conf) if conf.enable_secure_rpc_messaging else None


def rotate(transport: rpc.Transport, instance_id: str) -> None:
    """Rotate the key of a guest; idempotent: repeat it after a failure.

    At any time both sides accept the key that the other one uses: the control
    plane accepts the new key before the guest gets it, the guest accepts the
    old one until the control plane has used the new one, and afterwards both
    accept the old one for ``rpc_key_overlap`` seconds.

    :raises trove.common.exception.InstanceNotFound: there is none
    :raises trove.common.exception.Conflict: the instance has no key, or
        its last rotation is not over yet
    :raises trove.common.exception.PeerTooOld: its guest does not support it
    :raises trove.common.exception.TroveError: the guest did not answer, or
        could not store the key, or the database does not work; repeat it
    """
    conf = transport.conf
    held = instance_keys.get(conf, instance_id)
    if held is None:
        raise exception.InstanceNotFound(id=instance_id)
    if held.current is None or not conf.enable_secure_rpc_messaging:
        raise exception.Conflict(
            f'Instance {instance_id} has no key to rotate: its messages are '
            'not encrypted. A key cannot be sent to it in the clear; the '
            'guide "Message security" says how it gets one.'
        )
    if held.previous is not None and held.next is None:
        raise exception.Conflict(
            f'The key of instance {instance_id} was rotated at '
            f'{held.rotated_at} UTC, and messages with the former one may '
            'still be in transit. Rotate it again when rpc_key_overlap '
            f'({conf.rpc_key_overlap} s) is over.'
        )
    guest = guest_api.API(transport, instance_id)
    context = trove_context.make_admin_context()
    if not guest.can_send('rotate_key'):
        # The client refuses to send it, with the reason.
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
    """Send a message with the new key, which ends the old one at the guest.

    A guest without a message would accept the old key for ever.
    """
    try:
        guest.rpc_ping(context)
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'The key of instance %s was rotated, but its guest did not answer '
            'a message with the new one yet (%s: %s). It accepts the old key '
            'until the next message. No action is needed.',
            instance_id,
            type(error).__name__,
            error,
        )
