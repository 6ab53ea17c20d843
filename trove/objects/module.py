# SPDX-License-Identifier: Apache-2.0
"""Modules that other releases have applied to instances."""

from __future__ import annotations

import dataclasses
import datetime

import sqlalchemy as sa

from trove.db import models
from trove.db import session

#: A module that is for every project, datastore or version.
ALL = 'all'


@dataclasses.dataclass(frozen=True)
class Applied:
    """A module of an instance.

    :ivar md5: of the contents that were applied
    """

    id: str
    name: str
    type: str
    description: str | None
    tenant_id: str | None
    datastore_id: str | None
    datastore_version_id: str | None
    auto_apply: bool
    visible: bool
    md5: str
    created: datetime.datetime | None
    updated: datetime.datetime | None


def applied(instance_id: str, *, invisible: bool) -> list[Applied]:
    """Return the modules of an instance, the oldest first.

    :param invisible: also those that only administrators see
    """
    module, row = models.Module, models.InstanceModule
    query = (
        sa.select(
            module.id,
            module.name,
            module.type,
            module.description,
            module.tenant_id,
            module.datastore_id,
            module.datastore_version_id,
            module.auto_apply,
            module.visible,
            row.md5,
            row.created,
            row.updated,
        )
        .join(row, row.module_id == module.id)
        .where(
            row.instance_id == instance_id,
            row.deleted.is_not(True),
            module.deleted.is_not(True),
        )
        .order_by(row.created, module.id)
    )
    if not invisible:
        query = query.where(module.visible.is_(True))
    with session.reader() as db:
        return [Applied(**each._asdict()) for each in db.execute(query)]
