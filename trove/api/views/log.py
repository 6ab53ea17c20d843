# SPDX-License-Identifier: Apache-2.0
"""REST representation of a log, of what a guest says about it."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.objects.instance import entities

#: Characters of a text.
_MOST = 255


def prefix(instance: entities.Instance, name: str) -> str:
    """Return how the names of all objects of a published log begin."""
    version = instance.datastore_version
    manager = version.manager if version else None
    return f'{instance.id}/{manager}-{name}'


def metafile(prefix: str) -> str:
    """Return the name of the object that describes a log."""
    return f'{prefix}_metafile'


def log(instance: entities.Instance, said: Any) -> dict[str, Any]:
    """Return a log for its user, who reads the objects that it names.

    :raises PeerError: it is not what a guest agent answers
    """
    try:
        texts = {
            key: said[key]
            for key in (
                *('name', 'type', 'status', 'container', 'prefix'),
                'metafile',
            )
        }
        sizes = {key: said[key] for key in ('published', 'pending')}
        well = (
            all(isinstance(each, str) for each in texts.values())
            and all(len(each) <= _MOST for each in texts.values())
            and all(each.isprintable() for each in texts.values())
            and all(type(each) is int and each >= 0 for each in sizes.values())
            and all(
                texts[key].startswith(f'{instance.id}/')
                or (key, texts[key]) == ('prefix', 'None')
                for key in ('prefix', 'metafile')
            )
        )
    except (KeyError, TypeError):
        well = False
    if not well:
        raise exception.PeerError(
            peer=f'guest agent of instance {instance.id}',
            method='guest_log_list',
            remote_type='malformed answer',
            reason='it does not describe a log. Check the guest agent',
        )
    return texts | sizes
