# SPDX-License-Identifier: Apache-2.0
"""Finds the backups that one builds on, and hands them to the driver."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Any
from typing import Final
from urllib import parse

from trove import objectstore
from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.objectstore import base as stores

#: The storage driver of snapshots, with which their locations begin.
SNAPSHOT: Final = 'cinder'
#: Backups that one may build on: so many that it is an error.
_LONGEST: Final = 10_000


def is_snapshot(info: Mapping[str, Any] | None) -> bool:
    """Return whether the data of a backup are on the volume already."""
    location = str((info or {}).get('location'))
    return location.startswith(f'{SNAPSHOT}://')


def source(
    context: trove_context.TroveContext,
    info: Mapping[str, Any] | None,
    access: Mapping[str, Any] | None,
) -> Callable[[], Sequence[backups.Link]] | None:
    """Return what finds the data to begin with, see :func:`ordered`."""
    if not info or is_snapshot(info):
        return None
    return functools.partial(ordered, context, info, access)


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
    access = access or released_access(context, info)
    store = objectstore.open_store(access)
    told = told_heads(access)
    if told:
        return tuple(_link(store, head) for head in reversed(told))
    return chain(store, info)


def told_heads(access: Mapping[str, Any]) -> list[stores.Head]:
    """Return the objects that the task manager has described.

    Of what is read with signed URLs the metadata cannot be seen.

    :param access: as ordered; ``known`` are the objects, of a chain the full
        backup last
    """
    return [
        stores.Head(
            str(each['location']),
            str(each['checksum']),
            int(each['size']),
            dict(each['metadata']),
        )
        for each in access.get('known') or ()
    ]


def parent_of(
    store: stores.Store,
    info: Mapping[str, Any],
    container: str,
    told: Sequence[stores.Head] = (),
) -> stores.Head | None:
    """Return the stored backup that a new one is to build on.

    :param info: of the new one
    :param container: where that is to be stored
    :param told: see :func:`told_heads`
    :returns: None: the new one is a full one
    :raises trove.common.exception.TroveError: it is not there, or not what
        it was
    """
    parent = info.get('parent')
    if not parent:
        return None
    location = str(parent['location'])
    if _container(location) != _container(store.location(container, 'name')):
        # It could not be restored.
        raise exception.BadRequest(
            reason=f'A backup in container {container} cannot build on '
            f'{location}. Store it in the container of its parent.'
        )
    return _checked(
        next((head for head in told if head.location == location), None)
        or store.head(location),
        parent.get('checksum'),
    )


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
        head = _checked(store.head(location), checksum)
        found.append(_link(store, head))
        location = head.metadata.get('parent-location', '')
        if location:
            _require_beside(location, head.location)
        checksum = head.metadata.get('parent-checksum')
    return tuple(reversed(found))


def _require_beside(parent: str, child: str) -> None:
    """Return when both are in one container.

    Who may write a backup there could name that of somebody else otherwise.
    """
    if _container(parent) != _container(child):
        raise exception.BadRequest(
            reason=f'Backup {child} cannot be restored: it builds on '
            f'{parent}, which is in another container. Restore another '
            'backup.'
        )


def _container(location: str) -> str:
    """Return what names a container; the address of Swift may change."""
    return parse.urlsplit(location).path.rpartition('/')[0]


def _read(
    store: stores.Store, head: stores.Head
) -> Generator[bytes, None, None]:
    yield from store.read(head.location, head.checksum)


def _link(store: stores.Store, head: stores.Head) -> backups.Link:
    return backups.Link(
        head.location, head.metadata, functools.partial(_read, store, head)
    )


def _checked(head: stores.Head, checksum: str | None) -> stores.Head:
    """Return an object that is what it was.

    :param checksum: that it had; None: not known
    :raises trove.common.exception.ObjectDamaged: it has another one
    """
    if checksum and head.checksum != checksum:
        raise exception.ObjectDamaged(
            action=f'read {head.location}',
            reason=f'its checksum is {head.checksum}, and was {checksum} when '
            'it was stored',
            remedy='Use another backup.',
        )
    return head
