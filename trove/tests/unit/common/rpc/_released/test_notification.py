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
        jobs = {
            name
            for name, method in api.API.interface.methods.items()
            if method.kind == 'cast'
        }
        known = {
            name
            for interface, name in notification.CLASSES
            if interface == 'taskmanager'
        }

        self.assertEqual(
            jobs - _WITHOUT,
            known,
            'Add it to CLASSES in trove/common/rpc/_released/notification.py; '
            'what released task managers carry out without is in this test.',
        )
