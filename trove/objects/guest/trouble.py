# SPDX-License-Identifier: Apache-2.0
"""Databases that do not run as they should, as their guests report it.

Nobody waits for these: the server crashed, or its machine was started. The
instance has a fault until its guest reports that no more, but for one whose
task failed, which keeps the fault of that.
"""

from __future__ import annotations

import re

from oslo_log import log
from sqlalchemy import orm

from trove.common import seldom
from trove.objects import _rows
from trove.objects.guest import _known

LOG = log.getLogger(__name__)

#: Prefix of the fault's message.
BEGINS = 'The guest agent reports: '


def compare(db: orm.Session, it: _known.Known, reported: str) -> None:
    """Add a fault for what is reported, or clear it.

    :param reported: the cause and the remedy, '' when there is no trouble
    """
    told = (it.fault or '').startswith(BEGINS)
    if not reported:
        if told:
            _rows.clear_side_faults(db, it.instance_id, BEGINS)
            it.fault = None
            LOG.info(
                'The database of instance %s runs as it should again.',
                it.instance_id,
            )
        return
    message = _rows.shown(f'{BEGINS}{reported}')
    if it.failed or _form(it.fault or '') == _form(message):
        return
    _rows.add_fault(db, it.instance_id, message, reported)
    it.fault = message
    seldom.warning(
        LOG, it.instance_id, 'Instance %s: %s', it.instance_id, reported
    )


def _form(message: str) -> str:
    """Return a message without what each start of a server has anew."""
    return re.sub(r'\d+', '0', message)
