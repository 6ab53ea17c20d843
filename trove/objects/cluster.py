# SPDX-License-Identifier: Apache-2.0
"""Clusters: ends the tasks that other releases began."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session

#: The task of an idle cluster.
NONE = 1


@session.retry
def end_task(cluster_id: str) -> list[str]:
    """Set a cluster to idle.

    :returns: the ids of its instances
    """
    with session.writer() as db:
        row = db.get(models.Cluster, cluster_id, with_for_update=True)
        if row is not None:
            row.task_id = NONE
        return list(
            db.scalars(
                sa.select(models.Instance.id)
                .where(
                    models.Instance.cluster_id == cluster_id,
                    models.Instance.deleted.is_not(True),
                )
                .order_by(models.Instance.id)
            )
        )
