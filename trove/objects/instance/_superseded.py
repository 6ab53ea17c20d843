# SPDX-License-Identifier: Apache-2.0
"""Jobs that a deletion superseded, kept for the case that it is not sent."""

from __future__ import annotations

import datetime
from typing import Any

from trove.db import models


def dump(row: models.Workflow) -> dict[str, Any]:
    """Return a row as values for JSON, for :func:`restored`."""
    return {
        'instance_id': row.instance_id,
        'action': row.action,
        'state': row.state,
        'step': row.step,
        'owner': row.owner,
        'request_id': row.request_id,
        'started': row.started.isoformat() if row.started else None,
        'details': row.details,
    }


def restored(values: dict[str, Any]) -> models.Workflow:
    """Return a new row with the values of :func:`dump`."""
    started = values.get('started')
    return models.Workflow(
        **{
            **values,
            'started': (
                datetime.datetime.fromisoformat(started) if started else None
            ),
        }
    )
