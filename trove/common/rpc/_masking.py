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
        *('config_contents', 'overrides', 'config_overrides', 'overlay'),
        *('cluster_config', 'cluster_configuration', 'slave_config'),
        *('replica_source_config', 'snapshot', 'replica_info'),
        *('modules', 'contents', 'files', 'upgrade_info'),
    )
)

#: A quotation mark, also of JSON within a text of JSON.
_QUOTE = r'(?:\\{0,3}["\']){0,1}'

#: Between the name of a secret and the secret.
_IS = rf'{_QUOTE}\s{{0,8}}[=:]\s{{0,8}}{_QUOTE}'

# Strangers choose the text: nothing before a secret, or around it, may match
# without bound. A secret itself may, for what it matches is done with.
_IN_TEXT = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (
            r'(-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY(?: BLOCK)?-----)'
            r'[\s\S]*?(?=-----END|\Z)',
            r'\1***',
        ),
        (r'(://[^/\s:@]{0,256}:)[^/\s@]{1,256}@', r'\1***@'),
        (
            r'((?:key|secret|pass|passwd|password|passphrase|pwd|token|sig'
            rf'|requirepass|masterauth|signature)(?:{_IS}|\s{{1,8}}))'
            r'[^\s&,;]+',
            r'\1***',
        ),
        (
            rf'(auth(?:orization)?{_IS}(?:(?:basic|bearer|digest)\s{{1,8}})?)'
            r'[^\s&,;]+',
            r'\1***',
        ),
        (r'(\bbearer\s{1,8})[^\s&,;]+', r'\1***'),
        (
            r'(identified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?by\s{1,8}'
            r'(?:password\s{1,8})?)\S+',
            r'\1***',
        ),
    )
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
        name, secret = value if len(value) == 2 else (None, None)
        if isinstance(name, str) and _hides(name, secret, pair=False):
            # As the items of a mapping are listed.
            return [name, MASKED]
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
