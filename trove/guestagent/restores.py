# SPDX-License-Identifier: Apache-2.0
"""Finds the backups that one builds on, and hands them to the driver."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
import functools
from typing import Any
from typing import Final

from trove import objectstore
from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.objectstore import base as stores

#: Backups that one may build on: so many that it is an error.
_LONGEST: Final = 10_000


def released_access(
    context: trove_context.TroveContext, info: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how the object store is used with what releases up to 26 send.

    :raises trove.common.exception.BadRequest: it cannot be used with that
    """
    driver = info.get('storage_driver') or 'swift'
    url = info.get('swift_url')
    if driver != 'swift' or not url or not context.auth_token:
        raise exception.BadRequest(
            reason=f'This guest agent was not told how to use the object '
            f'store ({driver}): the order has no "store", and not both a '
            'token and a "swift_url". Upgrade the task managers, or have '
            'them use Swift.'
        )
    return {
        'driver': 'swift',
        'storage_url': str(url),
        'token': context.auth_token,
    }


def ordered(
    context: trove_context.TroveContext,
    info: Mapping[str, Any],
    access: Mapping[str, Any] | None,
) -> tuple[backups.Link, ...]:
    """Return what a new instance is ordered to begin with.

    :param info: the backup, as the order has it
    :param access: for :func:`trove.objectstore.open_store`, None as in
        :func:`released_access`
    :raises trove.common.exception.TroveError: it cannot be restored
    """
    store = objectstore.open_store(access or released_access(context, info))
    return chain(store, info)


def parent_of(
    store: stores.Store, info: Mapping[str, Any]
) -> stores.Head | None:
    """Return the stored backup that a new one is to build on.

    :param info: of the new one
    :returns: None: the new one is a full one
    :raises trove.common.exception.TroveError: it is not there, or not what
        it was
    """
    parent = info.get('parent')
    if not parent:
        return None
    return _head(store, parent['location'], parent.get('checksum'))


def chain(
    store: stores.Store, info: Mapping[str, Any]
) -> tuple[backups.Link, ...]:
    """Return what is restored with a backup, a full one first.

    :param info: ``location`` and ``checksum`` of the backup
    :raises trove.common.exception.TroveError: one of the chain is not there,
        or not what it was
    """
    found: list[backups.Link] = []
    seen: set[str] = set()
    location, checksum = str(info['location']), info.get('checksum')
    while location:
        if location in seen or len(seen) >= _LONGEST:
            raise exception.BadRequest(
                reason=f'Backup {info["location"]} cannot be restored: it '
                f'builds on {location} more than once, or on more than '
                f'{_LONGEST} others. Restore another backup.'
            )
        seen.add(location)
        head = _head(store, location, checksum)
        found.append(
            backups.Link(
                location,
                head.metadata,
                functools.partial(_read, store, head),
            )
        )
        location = head.metadata.get('parent-location', '')
        checksum = head.metadata.get('parent-checksum')
    return tuple(reversed(found))


def _read(
    store: stores.Store, head: stores.Head
) -> Generator[bytes, None, None]:
    yield from store.read(head.location, head.checksum)


def _head(
    store: stores.Store, location: str, checksum: str | None
) -> stores.Head:
    head = store.head(location)
    if checksum and head.checksum != checksum:
        raise exception.ObjectDamaged(
            action=f'read {location}',
            reason=f'its checksum is {head.checksum}, and was {checksum} when '
            'it was stored',
            remedy='Use another backup.',
        )
    return head
