# SPDX-License-Identifier: Apache-2.0
"""How connections to an instance are encrypted, in columns of release 26.

A job changes that of an instance with all replicas that follow it: they are
its members, see :mod:`.replicas`.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any
from typing import Final

import sqlalchemy as sa
from sqlalchemy import orm

from trove.common import context as trove_context
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.db import statements
from trove.objects import _rows
from trove.objects import clock
from trove.objects.instance import _loading
from trove.objects.instance import replicas
from trove.objects.instance import workflows

ACTION: Final = 'change_encryption'

_CERTIFICATE: Final = models.InstanceCertificate


@dataclasses.dataclass(frozen=True)
class Record:
    """What is recorded of an instance.

    :ivar mode: None as it was made, or without encryption
    :ivar reference: of its certificate; no secret, as who reads it needs
        access to the store
    """

    mode: str | None
    reference: str | None


def known(mode: str | None) -> str | None:
    """Return the mode that is recorded for one that a guest tells."""
    return None if mode == 'builtin' else mode


@session.retry(duplicates=True)
def begin(
    context: trove_context.TroveContext,
    instance_id: str,
    details: Mapping[str, Any],
) -> None:
    """Begin the job on an instance and the replicas that follow it.

    Replicas that failed are left alone.

    :param details: for the job; secrets are sealed
    :raises InstanceNotFound: there is none, or it is another project's
    :raises InstanceBusy: another task is running on one of them
    :raises Unprocessable: one of them is being backed up, or not ready
    """
    task = workflows.TASKS[ACTION]
    with session.writer() as db:
        rows = replicas.lock(db, instance_id)
        row = rows.get(instance_id)
        if row is None or not (
            context.is_admin or row.tenant_id == context.project_id
        ):
            raise exception.InstanceNotFound(id=instance_id)
        query = _loading.query(models.Instance).where(
            models.Instance.id.in_(rows)
        )
        members = {}
        for each in _loading.load(db, db.execute(query)):
            if each.task.is_error and each.id != instance_id:
                continue
            refusal = replicas.refusal_of_member(task, each)
            if refusal is not None:
                raise refusal
            if each.id != instance_id:
                members[each.id] = each.task.code
        workflows.add(
            db,
            instance_id,
            ACTION,
            request_id=context.request_id,
            details={'primary': instance_id, 'members': members, **details},
            before={
                'task_id': row.task_id,
                'task_description': row.task_description,
                'server_status': row.server_status,
            },
        )
        for each_id in (instance_id, *members):
            _rows.set_task(rows[each_id], task)


def recorded(instance_ids: tuple[str, ...]) -> dict[str, Record]:
    """Return what is recorded, by instance."""
    query = sa.select(
        models.Instance.id, models.Instance.ssl_mode, models.Instance.ssl_ref
    ).where(models.Instance.id.in_(instance_ids))
    with session.reader() as db:
        return {
            found: Record(mode, reference)
            for found, mode, reference in db.execute(query)
        }


@session.retry
def record(
    instance_id: str,
    mode: str | None,
    reference: str | None,
    expires: datetime.datetime | None = None,
) -> None:
    """Record the mode and the reference of the certificate.

    :param expires: when it does, in UTC; None: nobody can tell
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is not None:
            row.ssl_mode = mode
            row.ssl_ref = reference
            _expire(db, instance_id, expires)


def share(db: orm.Session, primary_id: str, replica_id: str) -> None:
    """Record that a replica has the certificate of its primary."""
    known = db.get(_CERTIFICATE, primary_id)
    _expire(db, replica_id, known.expires if known else None)


def _expire(
    db: orm.Session, instance_id: str, expires: datetime.datetime | None
) -> None:
    if expires is None:
        statements.execute(
            db,
            sa.delete(_CERTIFICATE).where(
                _CERTIFICATE.instance_id == instance_id
            ),
        )
        return
    values = {'instance_id': instance_id, 'expires': expires}
    statements.put(db, _CERTIFICATE, 'instance_id', [values], ('expires',))


def expiring(within: datetime.timedelta) -> dict[str, datetime.datetime]:
    """Return when certificates expire, of those that do soon or did."""
    query = (
        sa.select(_CERTIFICATE.instance_id, _CERTIFICATE.expires)
        .join(models.Instance, models.Instance.id == _CERTIFICATE.instance_id)
        .where(models.Instance.deleted.is_not(True))
        .order_by(_CERTIFICATE.expires, _CERTIFICATE.instance_id)
    )
    with session.reader() as db:
        until = clock.now(db) + within
        query = query.where(_CERTIFICATE.expires < until)
        return {row.instance_id: row.expires for row in db.execute(query)}
