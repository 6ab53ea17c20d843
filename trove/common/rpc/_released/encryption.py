# SPDX-License-Identifier: Apache-2.0
"""The encryption of releases up to 26.0: each argument for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_serialization import jsonutils

from trove.common import crypto
from trove.common.rpc import _message

#: The context's only key, and who sends.
CONTEXT = 'context'
SENDER = 'csz-instance-id'
_ENTITY = 'entity'


def encrypt(value: Any, key: str, sender: str | None) -> str:
    """Encrypt one value.

    :param sender: the instance that the key is of, where it has to be named
    """
    encrypted = crypto.encrypt_released(jsonutils.dumps(value), key)
    if sender is None:
        return encrypted
    return jsonutils.dumps({_ENTITY: encrypted, SENDER: sender})


def encrypt_context(
    context: Mapping[str, Any], key: str, sender: str | None
) -> dict[str, Any]:
    encrypted = crypto.encrypt_released(jsonutils.dumps(context), key)
    named = {} if sender is None else {SENDER: sender}
    return {CONTEXT: encrypted} | named


def bare(value: object, sender: str | None) -> str:
    """Return the encrypted text of a value.

    :param sender: the instance that it has to name
    :raises Malformed: it is none, or names another instance
    """
    if sender is not None:
        values = _message.load_object(value)
        if values.get(SENDER) != sender:
            raise _message.Malformed('its parts belong to different instances')
        value = values.get(_ENTITY)
    if not isinstance(value, str):
        raise _message.Malformed('one of its parts is not encrypted')
    return value


def decrypt(text: str, key: str) -> Any:
    """Return the value that was encrypted.

    :raises trove.common.crypto.DecryptionError: not with this key
    """
    plain, good = crypto.decrypt_released_evenly(text, key)
    try:
        value = _message.load(plain)
    except _message.Malformed:
        # Nothing is authenticated here: this is how a wrong key shows.
        raise crypto.DecryptionError from None
    if not good:
        raise crypto.DecryptionError
    return value
