# SPDX-License-Identifier: Apache-2.0
"""Takes the secrets out of what is to be shown or stored in the clear."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from oslo_utils import strutils

MASKED = '***'

#: What the name of a secret has in it. Rather too much is masked.
_SECRETS = (
    *('key', 'secret', 'pass', 'token', 'pwd', 'auth', 'cred'),
    *('private', 'sig'),
)

#: Texts of any format, with any secret in them.
_OPAQUE = frozenset(
    (
        *('config_contents', 'overrides', 'overlay', 'cluster_config'),
        *('files', 'snapshot', 'replica_info'),
    )
)

# No part of these may match without bound: strangers choose the text.
_IN_TEXT = (
    (re.compile(r'(://[^/\s:@]{0,256}:)[^/\s@]{1,256}@'), r'\1***@'),
    (
        re.compile(
            r'((?:key|secret|pass|passwd|password|passphrase|pwd|token|sig'
            r'|requirepass|masterauth|signature)'
            r'["\']{0,1}(?:\s{0,8}[=:]\s{0,8}|\s{1,8}))[^\s&,;]{1,1024}',
            re.IGNORECASE,
        ),
        r'\1***',
    ),
    (
        re.compile(
            r'(identified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?by\s{1,8}'
            r'(?:password\s{1,8})?)\S{1,1024}',
            re.IGNORECASE,
        ),
        r'\1***',
    ),
)


def mask(value: Any) -> Any:
    """Return a value of JSON without secrets.

    :raises RecursionError: it is nested too deeply
    """
    if isinstance(value, Mapping):
        # As settings are listed: name and value beside each other.
        pair = _is_secret(value.get('name'))
        return {
            str(name): MASKED
            if _hides(name, inner, pair)
            else mask(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask(inner) for inner in value]
    if isinstance(value, str):
        return _text(value)
    return value


def _hides(name: Any, value: Any, pair: bool) -> bool:
    if value is None or isinstance(value, bool):
        return False
    return name in _OPAQUE or _is_secret(name) or (pair and name == 'value')


def _is_secret(name: Any) -> bool:
    known = str(name).lower()
    return any(secret in known for secret in _SECRETS)


def _text(value: str) -> str:
    masked: str = strutils.mask_password(value)
    for pattern, instead in _IN_TEXT:
        masked = pattern.sub(instead, masked)
    return masked
