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

from trove.common import guest_faults
from trove.common import seldom
from trove.common import text
from trove.objects import _rows
from trove.objects.guest import _known
from trove.objects.guest import guest_versions

LOG = log.getLogger(__name__)

#: Prefix of the fault's message.
BEGINS = 'The guest agent reports: '
_UPGRADE = guest_faults.begins(guest_faults.UPGRADE_AGENT)


def compare(db: orm.Session, it: _known.Known, reported: str) -> None:
    """Add a fault for what is reported, or clear it.

    An agent of another release ends the fault of a failed upgrade to it.

    :param reported: the cause and the remedy, '' when there is no trouble
    """
    if (it.fault or '').startswith(_UPGRADE) and _is_another(it):
        _rows.clear_side_faults(db, it.instance_id, _UPGRADE)
        it.fault = None
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
    message = f'{BEGINS}{reported}'
    if it.failed or _says(it.fault or '', text.printable(message)):
        return
    message = _rows.shown(message)
    _rows.add_fault(db, it.instance_id, message, reported)
    it.fault = message
    seldom.warning(
        LOG, it.instance_id, 'Instance %s: %s', it.instance_id, reported
    )


def _is_another(it: _known.Known) -> bool:
    """Whether the agent is of another release than before."""
    before, now = (
        guest_versions.parse(each).how for each in (it.former, it.version)
    )
    return None not in (before, now) and before != now


def _says(fault: str, message: str) -> bool:
    """Whether a fault has a message, but for what each start has anew.

    A fault that is cut has less of it when a process id is longer.
    """
    left = _rows.left_of_longer(fault)
    if left is not None:
        begin, end = map(_form, left)
        said = _form(message)
        return said.startswith(begin) and said.endswith(end)
    return _form(message) == _form(fault)


def _form(message: str) -> str:
    """Return a message without what each start of a server has anew."""
    return re.sub(r'\d+', '0', message)
