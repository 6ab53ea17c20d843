# SPDX-License-Identifier: Apache-2.0
"""Backups as they go out."""

from __future__ import annotations

from typing import Any

from trove.api.views import instance as instances
from trove.objects.backup import backups
from trove.objects.backup import schedules
from trove.objects.backup import strategies
from trove.objects.backup import verifications


def detail(
    it: backups.Backup, verified: verifications.Verification | None = None
) -> dict[str, Any]:
    """Return a backup.

    :param verified: how its verification went, if there was one
    """
    version = it.datastore_version
    view: dict[str, Any] = {
        'id': it.id,
        'name': it.name,
        'description': it.description,
        # Before, it says where the guest is to store it.
        'locationRef': it.location if it.is_usable else None,
        'instance_id': it.instance_id,
        'created': instances.time(it.created),
        'updated': instances.time(it.updated),
        'size': it.size,
        'status': it.state,
        'parent_id': it.parent_id,
        'project_id': it.project_id,
        'storage_driver': it.storage_driver,
    }
    if it.progress is not None:
        view['progress'] = it.progress
    if verified is not None:
        view['verification'] = {
            'status': verified.state,
            'time': instances.time(verified.changed),
            'reason': verified.reason,
        }
    if version is not None:
        view['datastore'] = {
            'type': version.datastore_name,
            'version': version.name,
            'version_id': version.id,
        }
    return view


def strategy(
    it: strategies.Strategy,
    archived: bool,
    schedule: schedules.Schedule | None,
) -> dict[str, Any]:
    """Return a backup strategy.

    :param archived: whether the log of its instance is
    :param schedule: of its instance, if there is one
    """
    shown = None
    if schedule is not None:
        shown = {
            'interval': schedule.interval,
            'full_every': schedule.full_every,
            'keep': schedule.keep,
            'keep_days': schedule.keep_days,
            'next': instances.time(schedule.next),
            'verify': bool(schedule.verify),
        }
    return {
        'project_id': it.project_id,
        'instance_id': it.instance_id,
        'backend': it.backend,
        'swift_container': it.container,
        'log_archive': archived,
        'schedule': shown,
    }
