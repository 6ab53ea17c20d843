# SPDX-License-Identifier: Apache-2.0
"""Checks of ``trove-status upgrade check`` of what a deployment needs.

Each gives the problems with their remedies, one sentence or two for each.
"""

from __future__ import annotations

from collections.abc import Iterator
import datetime
import time
from typing import Final

from oslo_config import cfg
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects.backup import backups as backup_objects
from trove.objects.instance import encryption
from trove.objects.instance import states
from trove.objectstore import storage
from trove.rpcadmin import readiness

#: Seconds by which clocks may differ.
_SKEW: Final = 10.0
#: Before certificates expire.
_SOON: Final = datetime.timedelta(days=30)


def backups(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Look for an object store as task managers use it.

    In the name of a project with an instance; without one it is too early.
    """
    with session.reader() as db:
        project_id = db.scalars(
            sa.select(models.Instance.tenant_id)
            .where(models.Instance.deleted.is_not(True))
            .limit(1)
        ).first()
    if project_id is None:
        return
    names = [*(conf.storage_drivers or [conf.storage_strategy])]
    if conf.replica_snapshot_driver is not None:
        names.append(conf.replica_snapshot_driver)
    for name in dict.fromkeys(names):
        if name == backup_objects.SNAPSHOT:
            # The cloud has these.
            continue
        try:
            storage.load(conf, name, project_id).store().check()
        except exception.ObjectStoreDenied as error:
            yield (
                f'Backups with the storage driver "{name}" are denied: '
                f'{error} The user of the services needs access to the '
                'accounts of all projects; in Swift that is the role of '
                'reseller_admin_role.'
            )
        except exception.TroveError as error:
            yield (
                f'Backups with the storage driver "{name}" are not possible: '
                f'{error} The guide "Backups" has what it needs.'
            )


def certificates(_: cfg.ConfigOpts) -> Iterator[str]:
    """Look for certificates of instances that expire soon, or have."""
    found = encryption.expiring(_SOON)
    if found:
        first = min(found.values())
        yield (
            f'The certificates of {len(found)} instances expire within '
            f'{_SOON.days} days, the first at {first:%Y-%m-%dT%H:%M:%S}Z: '
            f'{readiness.some([*found])}. Clients that verify them cannot '
            'connect afterwards. Have their users enable new ones: '
            '"openstack database ssl enable INSTANCE REFERENCE".'
        )


def clocks(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Compare the clock of this machine with that of the database."""
    ahead = time.time() - clock.read()
    if abs(ahead) > _SKEW:
        yield (
            f'The clock of this machine is {abs(ahead):.0f} seconds '
            f'{"ahead of" if ahead > 0 else "behind"} that of the database. '
            'Messages older than rpc_message_max_age are rejected, and tokens '
            'and signed URLs expire by the clock. Run a time service on both.'
        )


def tasks(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Look for instances that a task manager works on."""
    with session.reader() as db:
        busy = db.scalars(
            sa.select(models.Instance.id).where(
                models.Instance.deleted.is_not(True),
                models.Instance.task_id.is_not(None),
                models.Instance.task_id != states.Task.NONE.code,
            )
        ).all()
    if busy:
        yield (
            f'{len(busy)} instances are busy or failed: '
            f'{readiness.some(busy)}. A task manager of this release takes '
            'over the work of others of the same release; wait until those of '
            'an older release have finished.'
        )
