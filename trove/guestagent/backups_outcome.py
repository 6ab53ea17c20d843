# SPDX-License-Identifier: Apache-2.0
"""What is stored with a backup, and reported of it in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final

from trove.common import exception
from trove.objectstore import base as stores

#: Completes "the database server failed to ...".
ACTION: Final = 'be backed up'


def known(
    info: Mapping[str, Any], datastore: str, parent: stores.Head | None
) -> dict[str, str]:
    """Return the metadata that do not depend on the datastore.

    :param info: of the backup, as ordered
    :param parent: that it continues
    """
    said = {
        'datastore': str(info.get('datastore') or datastore),
        'datastore-version': str(info.get('datastore_version')),
    }
    if parent is not None:
        said['parent-location'] = parent.location
        said['parent-checksum'] = parent.checksum
    return said


def outcome(
    stored: stores.Stored, metadata: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is to be reported of a backup that is stored."""
    said: dict[str, Any] = {
        'checksum': stored.checksum,
        'location': stored.location,
        'progress': stored.size,
        'state': 'COMPLETED',
        'success': True,
    }
    if stored.parts:
        # Somebody with a token makes the object of them.
        said |= {
            'state': 'SAVING',
            'parts': len(stored.parts),
            'metadata': dict(metadata),
        }
    return said


def interrupted(error: Exception) -> exception.DatastoreError:
    """Return the error for a server that was not the same all the time."""
    return exception.DatastoreError(
        action=ACTION,
        reason='it was stopped or restarted, or it crashed, meanwhile. Make '
        f'the backup again. ({error})',
    )
