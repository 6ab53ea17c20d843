# SPDX-License-Identifier: Apache-2.0
"""Which configuration group an instance has, and what of it waits."""

from __future__ import annotations

from collections.abc import Collection
import dataclasses

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import configuration
from trove.objects.instance import entities
from trove.objects.instance import states

_PENDING = models.PendingParameter


@dataclasses.dataclass(frozen=True)
class Change:
    """What the guest of an instance was told about its settings.

    :param before: id of the group that the instance had; None for none
    :param after: the group that it has now, with the values that the guest
        was told; None for none
    :param waits: names of the parameters that work after a restart only
    :param unknown: whether some may wait that nobody can name
    """

    before: str | None
    after: configuration.Group | None
    waits: Collection[str] = ()
    unknown: bool = False


def refusal_to_attach(
    instance: entities.Instance, group: configuration.Group
) -> exception.TroveError | None:
    """Say why an instance cannot have a group; None when it can.

    :returns: BadRequest
    """
    if instance.configuration_id:
        return exception.BadRequest(
            f'Instance {instance.label} has the configuration '
            f'{instance.configuration_id} already. Detach it first.'
        )
    version = instance.datastore_version
    return refusal_to_use(group, version.id if version else None)


def refusal_to_use(
    group: configuration.Group, version_id: str | None
) -> exception.TroveError | None:
    """Say why instances of a version cannot have a group.

    :returns: BadRequest; None when they can
    """
    if group.version is not None and group.version.id == version_id:
        return None
    made_for = 'another one'
    if group.version is not None:
        made_for = f'{group.version.datastore_name} {group.version.name}'
    return exception.BadRequest(
        f'Configuration {group.id} is for instances of {made_for}, not of '
        f'datastore version {version_id}. Use a group of that version.'
    )


def write(db: orm.Session, row: models.Instance, change: Change) -> None:
    """Write down what the guest has.

    :param row: of the instance, locked
    :raises Conflict: the instance has another group than before, or the
        group other values than the guest was told
    :raises NotFound: the group was deleted
    """
    if (row.configuration_id or None) != change.before:
        raise exception.Conflict(
            f'Another request changed the configuration of instance {row.id} '
            'meanwhile. Look at what it has, then repeat the request.'
        )
    if change.after is not None:
        configuration.hold(db, change.after)
    row.configuration_id = change.after.id if change.after else None
    task = states.Task.from_code(row.task_id)
    if not (change.waits or change.unknown) or not task.is_idle:
        return
    if task is not states.Task.RESTART_REQUIRED:
        # What waited then works by now.
        forget(db, row.id)
        _rows.set_task(row, states.Task.RESTART_REQUIRED)
    for name in sorted(change.waits):
        key = {'instance_id': row.id, 'name': name}
        statements.put_new(db, _PENDING, ('instance_id', 'name'), key)


def pending(instance: entities.Instance) -> list[str]:
    """Return the names of the parameters that wait for a restart."""
    if instance.task is not states.Task.RESTART_REQUIRED:
        return []
    query = sa.select(_PENDING.name).where(
        _PENDING.instance_id == instance.id
    )
    with session.reader() as db:
        return sorted(db.scalars(query))


def forget(db: orm.Session, instance_id: str) -> None:
    """Remove the names of what waits."""
    statements.execute(
        db, sa.delete(_PENDING).where(_PENDING.instance_id == instance_id)
    )
