# SPDX-License-Identifier: Apache-2.0
"""REST representation of encryption, of what a guest says about it."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.objects.instance import entities

#: Characters of a text, of a certificate, and number of names.
_TEXT = 255
_CERTIFICATE = 65_536
_NAMES = 100

_MODES = (None, 'builtin', 'basic', 'enforced', 'mtls')


def ssl(
    instance: entities.Instance, said: Any, with_payload: bool
) -> dict[str, Any]:
    """Return how connections are encrypted.

    :raises PeerError: it is not what a guest agent answers
    """
    try:
        well = said['status'] in ('on', 'off') and said['mode'] in _MODES
        shown = {'status': said['status'], 'mode': said['mode']}
        certificate = said['certificate']
        if certificate is not None:
            well &= _is_certificate(certificate)
            names = ['cn', 'expire_at', 'san']
            names += ['payload'] if with_payload else []
            certificate = {name: certificate[name] for name in names}
    except (KeyError, TypeError):
        well = False
    if not well:
        raise _malformed(instance)
    return shown | {'certificate': certificate}


def _is_certificate(said: Any) -> bool:
    texts = [said['cn'] or '', said['expire_at'], *said['san']]
    payload = said['payload']
    return (
        len(texts) <= _NAMES
        and all(isinstance(each, str) for each in texts)
        and all(len(each) <= _TEXT and each.isprintable() for each in texts)
        and isinstance(payload, str)
        and len(payload) <= _CERTIFICATE
        and payload.isascii()
    )


def answer(instance: entities.Instance, said: Any) -> dict[str, Any]:
    """Return what a change of the encryption has led to."""
    try:
        restart = said['restart_required']
    except (KeyError, TypeError):
        restart = None
    if not isinstance(restart, bool):
        raise _malformed(instance)
    return {'restart_required': restart}


def _malformed(instance: entities.Instance) -> exception.PeerError:
    return exception.PeerError(
        peer=f'guest agent of instance {instance.id}',
        method='ssl_show',
        remote_type='malformed answer',
        reason='it does not describe encryption. Check the guest agent',
    )
