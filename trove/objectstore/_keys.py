# SPDX-License-Identifier: Apache-2.0
"""The keys of the TempURLs of a container, and their rotation.

Swift accepts two keys; URLs are signed with the first. A rotation takes two
changes, an hour or more apart, so that processes that make the same change at
the same time do no harm: the second key becomes a new one, with which nobody
signs, and then the two keys change places. URLs that were signed with the
former key remain valid until the next rotation.

A key without the mark of Trove is its owner's, and is used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import logging
import re
import secrets
from typing import Final

from trove.objectstore import _account

LOG = logging.getLogger(__name__)

_FIRST: Final = 'X-Container-Meta-Temp-URL-Key'
_SECOND: Final = 'X-Container-Meta-Temp-URL-Key-2'
#: The beginning of the hash of the first key, when it began, and, if there is
#: a next one, when that was made; in seconds since the epoch.
_MARK: Final = 'X-Container-Meta-Trove-Temp-URL-Key'

_TIMES: Final = re.compile('[0-9]{1,12}( [0-9]{1,12})?')

#: Seconds until a key is replaced, and until its successor is used.
#: The first is also the longest validity of URLs.
AGE: Final = 30 * 86400
SETTLED: Final = 3600


def current(account: _account.Account, container: str) -> str:
    """Return the key to sign with; one is made if there is none."""
    found = account.show_container(container).get(_FIRST)
    if found is None:
        key = secrets.token_hex(32)
        account.set_container(
            container, {_FIRST: key, _MARK: _mark(key, 0)}
        )
        # Another process may have set one at the same time.
        found = account.show_container(container).get(_FIRST) or ''
    return found


def rotate(account: _account.Account, container: str, now: float) -> None:
    """Make one change of a rotation, if it is due.

    :param now: in seconds since the epoch
    """
    headers = account.show_container(container)
    changes = due(headers, now)
    if _SECOND in changes:
        LOG.info('Rotating the keys for TempURLs of container %s.', container)
    if changes:
        account.set_container(container, changes)


def due(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return the changes of a container's headers; none if none is due."""
    key = headers.get(_FIRST, '')
    whose, _, times = headers.get(_MARK, '').partition(' ')
    if not key or whose != _hash(key) or not _TIMES.fullmatch(times):
        # Their owner may have set anything.
        return {}
    began, made = [*map(int, times.split()), 0][:2]
    if not began:
        return {_MARK: _mark(key, now)}
    next_key = headers.get(_SECOND) if made else None
    if next_key and now - made >= SETTLED:
        return {
            _FIRST: next_key,
            _SECOND: key,
            _MARK: _mark(next_key, made),
        }
    if not next_key and now - began >= AGE:
        return {_SECOND: secrets.token_hex(32), _MARK: _mark(key, began, now)}
    return {}


def _mark(key: str, *times: float) -> str:
    return ' '.join((_hash(key), *(str(int(each)) for each in times)))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
