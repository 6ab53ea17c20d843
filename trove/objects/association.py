# SPDX-License-Identifier: Apache-2.0
"""Flavors and volume types that instances of a datastore version may have.

An operator associates them with the version. A version without any has all
that the cloud has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session

FLAVOR = 'flavor'
VOLUME_TYPE = 'volume_type'

_SAID = {FLAVOR: 'flavor', VOLUME_TYPE: 'volume type'}


def list_(version_id: str, kind: str) -> list[str]:
    """Return what is associated with a version, sorted.

    :param kind: :data:`FLAVOR`, by id, or :data:`VOLUME_TYPE`, by id or name
    """
    with session.reader() as db:
        return sorted(
            row.value or ''
            for row in db.scalars(_select(version_id, kind))
            if not row.deleted
        )


@session.retry(duplicates=True)
def add(version_id: str, kind: str, values: Iterable[str]) -> None:
    """Associate all of these with a version, or none.

    :raises BadRequest: one of them is associated already
    """
    with session.writer() as db:
        known = {
            row.value: row for row in db.scalars(_select(version_id, kind))
        }
        for value in values:
            row = known.get(value)
            if row is None:
                db.add(
                    models.DatastoreVersionMetadata(
                        datastore_version_id=version_id, key=kind, value=value
                    )
                )
            elif row.deleted:
                row.deleted, row.deleted_at = False, None
                row.updated_at = timeutils.utcnow()
            else:
                raise exception.BadRequest(
                    f'The {_SAID[kind]} {value} is associated with the '
                    'datastore version already. Omit it.'
                )


@session.retry
def remove(version_id: str, kind: str, value: str) -> None:
    """Associate something with a version no longer.

    :raises NotFound: it is not associated
    """
    with session.writer() as db:
        for row in db.scalars(_select(version_id, kind)):
            if row.value == value and not row.deleted:
                # As release 26.0 does, which would not find the row again.
                row.deleted, row.deleted_at = True, timeutils.utcnow()
                return
    there = ', '.join(list_(version_id, kind)) or '(none)'
    raise exception.NotFound(
        f'The {_SAID[kind]} {value} is not associated with the datastore '
        f'version; these are: {there}.'
    )


def _select(
    version_id: str, kind: str
) -> sa.Select[Any]:
    return sa.select(models.DatastoreVersionMetadata).where(
        models.DatastoreVersionMetadata.datastore_version_id == version_id,
        models.DatastoreVersionMetadata.key == kind,
    )
