# SPDX-License-Identifier: Apache-2.0
"""Change who may reach an instance."""

from __future__ import annotations

from trove.common import exception
from trove.objects.instance import states
from trove.tests.unit.taskmanager import scene


class UpdateAccessTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, _ = self.given_instance()

    def when_changed(self, **access):
        # The API of a release keeps no arguments.
        self.given_task(
            self.instance_id, states.Task.UPDATING, 'update_access'
        )
        self.manager.update_access(self.context, self.instance_id, access)

    def test_it_is_recorded(self):
        self.when_changed(is_public=True)
        self.when_changed(allowed_cidrs=[])

        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertEqual(
            {'is_public': True, 'allowed_cidrs': []}, dict(shown.access)
        )

    def test_what_the_cloud_ignores_is_refused(self):
        self.cloud.ignores = frozenset({'allowed_cidrs', 'is_public'})
        for access in (
            {'is_public': True},
            {'allowed_cidrs': ['192.0.2.0/24']},
            {'other': 1},
        ):
            self.when_changed(**access)

            self.assert_fault(
                self.instance_id, f'"{next(iter(access))}"', 'Nothing'
            )
        self.assertFalse(self.shown(self.instance_id).access)

    def test_everybody_where_the_cloud_restricts_nobody(self):
        self.cloud.ignores = frozenset({'allowed_cidrs'})

        self.when_changed(allowed_cidrs=['10.0.0.0/8', '0.0.0.0/0'])

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_the_cloud_changes_it_first(self):
        self.when_changed(is_public=True)
        self.assertIn(
            ('network.set_access', self.instance_id), self.cloud.calls
        )
        error = exception.CloudError(action='allow access', reason='quota')
        self.cloud.fail('network.set_access', error)

        self.when_changed(is_public=False)

        self.assert_fault(self.instance_id, 'quota', 'change the access')
        self.assertTrue(self.shown(self.instance_id).access['is_public'])

    def test_another_task_manager_goes_on_with_it(self):
        self.given_task(
            self.instance_id,
            states.Task.UPDATING,
            'update_access',
            details={'access': {'is_public': True}},
        )

        self.when_recovered(seconds=600)

        shown = self.shown(self.instance_id)
        self.assertEqual({'is_public': True}, dict(shown.access))
