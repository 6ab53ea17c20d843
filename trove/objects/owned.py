# SPDX-License-Identifier: Apache-2.0
"""Rows of projects in tables of released Trove that are otherwise unused.

A database of a release may hold backups, configuration groups, clusters and
modules. Those of another project are reported as not found.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session

_TABLES: dict[str, Any] = {
    'backup': models.Backup,
    'cluster': models.Cluster,
    'configuration': models.Configuration,
    'module': models.Module,
}


def require(
    context: trove_context.TroveContext, noun: str, row_id: str
) -> str:
    """Return the name of a row.

    :param noun: backup, cluster, configuration or module
    :raises NotFound: there is none, or it is another project's and the
        context not an administrator's
    """
    table = _TABLES[noun]
    found = None
    if '\0' not in row_id:
        with session.reader() as db:
            found = db.execute(
                sa.select(table.name, table.tenant_id).where(
                    table.id == row_id, table.deleted.is_not(True)
                )
            ).first()
    # A module without a project is available to all.
    if found is None or not (
        context.is_admin or found.tenant_id in (None, context.project_id)
    ):
        raise exception.NotFound(
            f'{noun.capitalize()} {row_id} could not be found.'
        )
    return str(found.name)


def count(noun: str, project_id: str | None) -> int:
    """Return the number of rows of a project; None: of all projects."""
    table = _TABLES[noun]
    query = (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.deleted.is_not(True))
    )
    if project_id is not None:
        query = query.where(table.tenant_id == project_id)
    with session.reader() as db:
        return int(db.scalar(query) or 0)
