# SPDX-License-Identifier: Apache-2.0
"""The key that secrets in the database are encrypted with.

``inst_rpc_key_encr_key`` is what they are encrypted with. While it is
exchanged for another one, ``inst_rpc_key_encr_key_further`` names those that
some of them may still be encrypted with, or are already by other services.
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
            remedy='make keys with "trove-manage generate_keys" and give all '
            'control plane services the same',
        )
    return key


def read(conf: cfg.ConfigOpts, encrypted: str) -> str:
    """Return what was encrypted in the released form, with any of the keys.

    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises SealError: none of them is the right one
    """
    return _first(conf, lambda key: with_key(encrypted, key))


def unseal(
    conf: cfg.ConfigOpts, sealed: str, purpose: str, associated: bytes
) -> str:
    """Return what was sealed with any of the keys; see :func:`read`."""
    return _first(
        conf, lambda key: crypto.unseal(sealed, key, purpose, associated)
    )


def with_key(encrypted: str, key: str) -> str:
    """Return what was encrypted in the released form with one key.

    :raises SealError: it is not the right one
    """
    text = crypto.decrypt_released(encrypted, key)
    if not text.isprintable():
        # Nothing is authenticated here, and by a wrong key anything comes.
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
