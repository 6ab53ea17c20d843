# SPDX-License-Identifier: Apache-2.0
"""The keys of a guest: the first one, and those of rotations.

The control plane writes the first key into ``guest_info.conf``. A rotation
sends another one in a message; it is kept in ``state_dir`` from then on.
After a rotation two keys are valid for a while, because messages with the old
one are in transit, and because the control plane may not know that the guest
has the new one: the answer may be lost. So the guest accepts the old key
until it has received a message sealed with the new one, which proves that the
control plane uses it, and for ``rpc_key_overlap`` seconds more.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import logging
import pathlib
import re
import threading
import time
from typing import Any

from oslo_config import cfg

from trove.common import crypto
from trove.common import exception
from trove.conductor import api as conductor
from trove.guestagent import sealing
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

FILE = 'rpc_keys.json'

#: Maximum number of keys: an interrupted rotation leaves one more.
_MAX_KEYS = 8

_KEY = re.compile(r'[A-Za-z0-9]{32,255}')


@dataclasses.dataclass(frozen=True)
class _Key:
    """A key that is accepted.

    :param until: seconds since the epoch; None: without end
    """

    text: str = dataclasses.field(repr=False)
    until: float | None = None


class GuestKeys:
    """The keys of this guest, see :class:`trove.common.rpc.Keys`.

    Safe for use by many threads.

    :raises trove.common.exception.ConfigurationError: there is no key, or
        the stored keys cannot be read
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        if not conf.instance_rpc_encr_key:
            raise exception.ConfigurationError(
                option='[DEFAULT] instance_rpc_encr_key',
                value='',
                remedy='messages of this guest agent must be encrypted, but '
                'it has no key. Give it the guest_info.conf that the '
                'control plane wrote. If the control plane does not '
                'encrypt, set enable_secure_rpc_messaging = false here too.',
            )
        self.identity: str | None = conf.guest_id
        self._conf = conf
        self._file = pathlib.Path(conf.guestagent.state_dir) / FILE
        self._lock = threading.Lock()
        self._first: str = conf.instance_rpc_encr_key
        self._keys = self._load()
        #: What was received sealed, and what an operator allows.
        self.seen = sealing.Sealing(
            self._file.parent,
            crypto.key_id(self._first),
            lambda: float(conf.upgrade_levels.refresh_interval),
        )

    def sealing(self, interface: str, peer: str | None) -> str | None:
        return self._keys[0].text

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> Sequence[str]:
        now = time.time()
        return [
            key.text
            for key in self._keys
            if key.until is None or now < key.until
        ]

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        if not sealed:
            # Without a key it proves nothing: anyone may have sent it.
            return
        self.seen.received()
        keys = self._keys
        if key != keys[0].text or all(each.until for each in keys[1:]):
            return
        until = time.time() + self._conf.rpc_key_overlap
        with self._lock:
            newest, *older = self._keys
            if key != newest.text:
                return
            kept = [
                dataclasses.replace(each, until=each.until or until)
                for each in older
            ]
            try:
                self._keep((newest, *kept))
            except OSError as error:
                LOG.warning(
                    'Could not record that the old key has expired: %s. It '
                    'remains valid. Check %s.',
                    error,
                    self._file,
                )

    def released_allowed(
        self,
        interface: str,
        peer: str | None,
        fresh: bool = False,
        taken: bool = False,
    ) -> bool:
        return self.seen.released_allowed(
            conductors=interface == conductor.API.interface.name
        )

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        return False

    def rotate(self, key: str) -> None:
        """Use another key from now on; may be repeated.

        :raises trove.common.exception.BadRequest: malformed key
        :raises trove.common.exception.SealError: the key cannot be stored;
            the keys are unchanged
        """
        key = str(key)
        if not _KEY.fullmatch(key):
            raise exception.BadRequest(
                reason='a key has 32 to 255 letters and digits.'
            )
        now = time.time()
        with self._lock:
            if key == self._keys[0].text:
                return
            older = [
                each
                for each in self._keys
                if each.text != key
                and (each.until is None or now < each.until)
            ]
            try:
                self._keep((_Key(key), *older[: _MAX_KEYS - 1]))
            except OSError as error:
                raise exception.SealError(
                    reason='The guest agent could not store its new key: '
                    f'{error}. It continues to use the old one. Check '
                    f'{self._file}, then rotate the key again.'
                ) from error
        LOG.info('Received a new key for messages: %s.', crypto.key_id(key))

    def _load(self) -> tuple[_Key, ...]:
        born = (_Key(self._first),)
        try:
            values = files.read_json(self._file)
            if not values:
                return born
            if values['first'] != crypto.key_id(self._first):
                LOG.warning(
                    'The key in guest_info.conf has changed: using that '
                    'one, and removing those in %s.',
                    self._file,
                )
                return born
            return tuple(_read(each) for each in values['keys']) or born
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise exception.ConfigurationError(
                option='[guestagent] state_dir',
                value=self._conf.guestagent.state_dir,
                remedy=f'the keys in {self._file} cannot be read '
                f'({type(error).__name__}). Restore the file. If the key was '
                'never rotated, remove it: the one in guest_info.conf holds '
                'then.',
            ) from None

    def _keep(self, keys: tuple[_Key, ...]) -> None:
        """Store the keys, then use them.

        :raises OSError: they are neither stored nor used
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_json(
            self._file,
            {
                'first': crypto.key_id(self._first),
                'keys': [{'key': k.text, 'until': k.until} for k in keys],
            },
        )
        self._keys = keys


def _read(values: dict[str, Any]) -> _Key:
    text, until = values['key'], values['until']
    if not isinstance(text, str) or not isinstance(until, float | None):
        raise TypeError
    return _Key(text, until)


def make(conf: cfg.ConfigOpts) -> GuestKeys | None:
    """Return the keys, None when messages are not encrypted.

    :raises trove.common.exception.ConfigurationError: messages must be
        encrypted, but there is no key
    """
    return GuestKeys(conf) if conf.enable_secure_rpc_messaging else None
