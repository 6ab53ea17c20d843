# SPDX-License-Identifier: Apache-2.0
"""Markers of pages: ids of rows that a list has, or has had.

Rows stay when they are deleted, so a client that pages goes on although the
last one that it saw has been deleted since.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import names


def find(
    db: orm.Session,
    table: Any,
    marker: str,
    project_id: str | None,
    what: str,
    *columns: Any,
) -> Any:
    """Return columns of the row that a marker names, deleted or not.

    :param project_id: whose it must be, unless it is everybody's; None: any
    :param what: the row, with its article, for the error
    :raises BadRequest: there has been no such row
    """
    query = sa.select(table.tenant_id, *columns).where(table.id == marker)
    found = db.execute(query).first() if '\0' not in marker else None
    if found is None or (
        project_id is not None and found.tenant_id not in (None, project_id)
    ):
        raise names.unknown_marker(marker, what)
    return found
