# SPDX-License-Identifier: Apache-2.0
"""What released peers need besides arguments is known of each job."""

from __future__ import annotations

from trove.common.rpc._released import notification
from trove.taskmanager import api
from trove.tests import base

#: Casts that released task managers carry out without a notification.
_WITHOUT = {
    'reapply_module',
    'rebuild',
    'restart_cluster',
    'update_access',
    'upgrade_cluster',
}


class NotificationTest(base.TestCase):
    def test_each_job_has_one_or_needs_none(self) -> None:
        interface = api.API.interface
        *_, last = (r for r in interface.history if not interface.seals(r))
        jobs = {
            name
            for name, method in interface.methods.items()
            if method.kind == 'cast' and interface.knows(method.span, last)
        }
        known = {
            name
            for interface, name in notification.CLASSES
            if interface == 'taskmanager'
        }

        names = ', '.join(sorted(jobs - _WITHOUT - known))
        self.assertEqual(
            jobs - _WITHOUT,
            known,
            f'Add {names} to CLASSES in trove/common/rpc/_released/'
            'notification.py; or to _WITHOUT in trove/tests/unit/common/rpc/'
            '_released/test_notification.py, if released task managers carry '
            'it out without.',
        )
