# SPDX-License-Identifier: Apache-2.0
"""Detects a database server of another version than the ordered one.

Its image was replaced, or it was upgraded by hand. The instance has a fault
until that is fixed, unless it has another fault.
"""

from __future__ import annotations

from oslo_log import log
from sqlalchemy import orm

from trove.common import ordered
from trove.common import seldom
from trove.objects import _rows
from trove.objects.guest import _known
from trove.objects.instance import states

LOG = log.getLogger(__name__)

#: Prefix of the fault's message.
BEGINS = 'The database server is of version '


def compare(
    db: orm.Session, it: _known.Known, found: str | None
) -> None:
    """Add a fault if the version differs, and clear it if not.

    :param found: the reported version, None when it was not reported
    """
    if found is None or it.task is states.Task.UPGRADING:
        return
    told = (it.fault or '').startswith(BEGINS)
    if ordered.fits(found, it.ordered):
        if told:
            _rows.clear_faults(db, it.instance_id)
            LOG.info(
                'The database server of instance %s has the ordered version '
                '%s again.',
                it.instance_id,
                found,
            )
        return
    wanted = ordered.number(it.ordered)
    message = (
        f'{BEGINS}{found}, and {wanted} was ordered. If this was not '
        f'intended, install version {wanted} on its server again, then '
        'restart the instance.'
    )
    if it.fault is not None and (not told or it.fault == message):
        return
    _rows.add_fault(db, it.instance_id, message, '')
    seldom.warning(
        LOG, it.instance_id, 'Instance %s: %s', it.instance_id, message
    )
