# SPDX-License-Identifier: Apache-2.0
"""The guests of all projects and their versions, for operators."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects.guest import guest_versions
from trove.objects.instance import states
from trove.objects.rejected import journal


@dataclasses.dataclass(frozen=True)
class Guest:
    """A guest agent, as known by the control plane.

    :param status: of its instance, as users see it
    :param announced: its revision, or one per major, separated by commas;
        None when unknown
    :param how: the release of its package when it announced its version,
        'probed' when that was found by probing, else None
    :param seen: time of its last heartbeat, in UTC without a zone
    :param silent: whether that is longer ago than agent_heartbeat_expiry, by
        the clock of the database; None when it never sent one
    :param has_key: whether messages to and from it can be encrypted
    :param former: the revision that it refused, and has not announced since
    :param proven: it has sent a sealed message since its key was generated
    :param permitted: an operator permits the form of released Trove for it
    :param refused: its rejected messages, None when there are none
    """

    instance_id: str
    name: str
    project_id: str
    status: str
    announced: str | None
    how: str | None
    seen: datetime.datetime | None
    silent: bool | None
    has_key: bool
    former: str | None = None
    proven: bool = False
    permitted: bool = False
    refused: journal.Refused | None = None

    @property
    def probed(self) -> bool:
        """Whether its version was found by probing."""
        return guest_versions.Spoken(self.announced, self.how).probed

    @property
    def release(self) -> str | None:
        """The release of its package, if it was announced."""
        return guest_versions.Spoken(self.announced, self.how).release


def guests(conf: cfg.ConfigOpts, page: int = 1000) -> Iterator[Guest]:
    """Yield the guests of all instances that are not deleted, by id.

    Each page takes two queries, when it is needed.

    :param page: number of guests per page
    """
    after = ''
    while True:
        query = (
            _QUERY.where(models.Instance.id > after)
            .order_by(models.Instance.id)
            .limit(page)
        )
        with session.reader() as db:
            found = db.execute(query).all()
            refused = journal.of_guests(db, [row.id for row in found])
        for row in found:
            yield _guest(conf, row, refused.get(row.id))
        if len(found) < page:
            return
        after = found[-1].id


def guest(conf: cfg.ConfigOpts, instance_id: str) -> Guest:
    """Return the guest of an instance.

    :raises InstanceNotFound: there is none, or it is deleted
    """
    found, refused = None, dict[str, journal.Refused]()
    if '\0' not in instance_id:
        with session.reader() as db:
            found = db.execute(
                _QUERY.where(models.Instance.id == instance_id)
            ).first()
            refused = journal.of_guests(db, [instance_id])
    if found is None:
        raise exception.InstanceNotFound(id=instance_id)
    return _guest(conf, found, refused.get(instance_id))


def census(conf: cfg.ConfigOpts) -> dict[tuple[str | None, bool], int]:
    """Count the guests by revision and silence, by one query.

    A guest that never sent a heartbeat is silent.

    :returns: numbers by (revision or None, silent)
    """
    expiry = datetime.timedelta(seconds=conf.agent_heartbeat_expiry)
    with session.reader() as db:
        now = clock.now(db)
        silent = sa.case(
            (
                models.AgentHeartbeat.updated_at.between(
                    now - expiry, now + expiry
                ),
                0,
            ),
            else_=1,
        )
        found = db.execute(
            sa.select(
                models.AgentHeartbeat.guest_agent_version,
                silent,
                sa.func.count(),
            )
            .select_from(models.Instance)
            .outerjoin(
                models.AgentHeartbeat,
                models.AgentHeartbeat.instance_id == models.Instance.id,
            )
            .where(models.Instance.deleted.is_not(True))
            .group_by(models.AgentHeartbeat.guest_agent_version, silent)
        ).all()
    counted: dict[tuple[str | None, bool], int] = {}
    for text, is_silent, number in found:
        key = (guest_versions.parse(text).revision, bool(is_silent))
        counted[key] = counted.get(key, 0) + number
    return counted


_QUERY = (
    sa.select(
        models.Instance.id,
        models.Instance.name,
        models.Instance.tenant_id,
        models.Instance.task_id,
        models.Instance.server_status,
        models.Instance.encrypted_key.is_not(None).label('has_key'),
        sa.exists()
        .where(
            models.Backup.instance_id == models.Instance.id,
            models.Backup.state.in_(states.BACKUP_RUNS),
            models.Backup.deleted.is_not(True),
        )
        .label('backing_up'),
        models.AgentHeartbeat.guest_agent_version,
        models.AgentHeartbeat.updated_at,
        clock.Now().label('read_at'),
        models.InstanceSealing.proven_at,
        models.InstanceSealing.allowed,
    )
    .outerjoin(
        models.InstanceSealing,
        models.InstanceSealing.instance_id == models.Instance.id,
    )
    .outerjoin(
        models.AgentHeartbeat,
        models.AgentHeartbeat.instance_id == models.Instance.id,
    )
    .where(models.Instance.deleted.is_not(True))
)


def _guest(
    conf: cfg.ConfigOpts, row: Any, refused: journal.Refused | None
) -> Guest:
    said = guest_versions.parse(row.guest_agent_version)
    silent = None
    if row.updated_at is not None:
        # Negative after the clock of the database was set back.
        silence = abs(clock.age(row.read_at, row.updated_at))
        silent = silence > conf.agent_heartbeat_expiry
    return Guest(
        instance_id=row.id,
        name=row.name or '',
        project_id=row.tenant_id or '',
        status=states.status(
            deleted=False,
            task=states.Task.from_code(row.task_id),
            server_status=row.server_status,
            backing_up=bool(row.backing_up),
        ),
        announced=said.revision,
        how=said.how,
        seen=row.updated_at,
        silent=silent,
        has_key=bool(row.has_key),
        former=said.former,
        proven=row.proven_at is not None,
        permitted=bool(row.allowed),
        refused=refused,
    )
