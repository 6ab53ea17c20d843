# SPDX-License-Identifier: Apache-2.0
"""Backup strategies: in which container the backups of a project go."""

from __future__ import annotations

from typing import Any

from trove.api import references
from trove.api import request as api_request
from trove.api.views import backup as views
from trove.objects.backup import strategies
from trove.objects.instance import instances


def index(request: api_request.Request) -> dict[str, Any]:
    """List the backup strategies of the project: 200.

    403 for those of another project.
    """
    return {
        'backup_strategies': [
            views.strategy(each)
            for each in strategies.list_(
                project_id=_project(request),
                instance_id=request.query.get('instance_id') or None,
            )
        ]
    }


def create(request: api_request.Request) -> dict[str, Any]:
    """Make a backup strategy, or change it: 202.

    400 for an invalid value, 404 without the instance.
    """
    body = request.body['backup_strategy']
    instance_id = body.get('instance_id') or ''
    if instance_id:
        with references.naming('backup_strategy.instance_id'):
            instances.get(request.context, instance_id)
    made = strategies.save(
        request.project_id,
        instance_id,
        backend=request.runtime.conf.storage_strategy,
        container=body['swift_container'],
    )
    return {'backup_strategy': views.strategy(made)}


def delete(request: api_request.Request) -> None:
    """Delete a backup strategy: 202, or 404."""
    strategies.delete(
        _project(request), request.query.get('instance_id') or ''
    )


def _project(request: api_request.Request) -> str:
    """Return whose strategies the query names."""
    project_id = request.query.get('project_id') or request.project_id
    request.authorize(request.rule, project_id)
    return project_id
