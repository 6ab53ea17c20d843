# SPDX-License-Identifier: Apache-2.0
"""The key of secrets in the database.

They are encrypted with ``inst_rpc_key_encr_key``. During its rotation,
``inst_rpc_key_encr_key_further`` has the other keys that may be in use: the
former one, or the new one that other services already have.
"""

from __future__ import annotations

from collections.abc import Callable

from oslo_config import cfg

from trove.common import crypto
from trove.common import exception


def current(conf: cfg.ConfigOpts) -> str:
    """Return the key to encrypt with.

    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    """
    key: str | None = conf.inst_rpc_key_encr_key
    if not key:
        raise exception.ConfigurationError(
            option='inst_rpc_key_encr_key',
            value='',
            remedy='generate keys with "trove-manage generate_keys" and set '
            'the same ones for all control plane services',
        )
    return key


def read(conf: cfg.ConfigOpts, encrypted: str) -> str:
    """Decrypt a text in the released form, with any of the keys.

    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: no key decrypts it
    """
    return _first(conf, lambda key: with_key(encrypted, key))


def unseal(
    conf: cfg.ConfigOpts, sealed: str, purpose: str, associated: bytes
) -> str:
    """Open a sealed text, with any of the keys; see :func:`read`."""
    return _first(
        conf, lambda key: crypto.unseal(sealed, key, purpose, associated)
    )


def with_key(encrypted: str, key: str) -> str:
    """Decrypt a text in the released form, with this key.

    :raises SealError: the key does not decrypt it
    """
    text = crypto.decrypt_released(encrypted, key)
    if not text.isprintable():
        # The released form is not authenticated: a wrong key yields garbage.
        raise crypto.DecryptionError
    return text


def _first(conf: cfg.ConfigOpts, attempt: Callable[[str], str]) -> str:
    keys: list[str] = [current(conf), *conf.inst_rpc_key_encr_key_further]
    for key in keys[:-1]:
        try:
            return attempt(key)
        except exception.SealError:
            continue
    return attempt(keys[-1])
