# SPDX-License-Identifier: Apache-2.0
"""A database server of another version than was ordered.

Its image was replaced, or somebody upgraded it. It is a fault of the instance
as long as that is so, besides those that say more.
"""

from __future__ import annotations

from oslo_log import log
from sqlalchemy import orm

from trove.common import ordered
from trove.common import seldom
from trove.objects import _rows
from trove.objects.guest import _known

LOG = log.getLogger(__name__)

#: How the fault begins.
BEGINS = 'The database server is of version '


def compare(
    db: orm.Session, it: _known.Known, found: str | None
) -> None:
    """Hold what runs against what was ordered, and tell a difference once.

    :param found: what the guest says, None when it does not
    """
    if found is None:
        return
    told = (it.fault or '').startswith(BEGINS)
    if ordered.fits(found, it.ordered):
        if told:
            _rows.clear_faults(db, it.instance_id)
            LOG.info(
                'The database server of instance %s is of version %s, as '
                'ordered, again.',
                it.instance_id,
                found,
            )
        return
    wanted = ordered.number(it.ordered)
    message = (
        f'{BEGINS}{found}, and {wanted} was ordered. If this was not '
        f'intended, install version {wanted} on its machine again, then '
        'restart the instance.'
    )
    if it.fault is not None and (not told or it.fault == message):
        return
    _rows.add_fault(db, it.instance_id, message, '')
    seldom.warning(
        LOG, it.instance_id, 'Instance %s: %s', it.instance_id, message
    )
