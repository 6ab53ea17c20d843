# SPDX-License-Identifier: Apache-2.0
"""A replica becomes an instance of its own."""

from __future__ import annotations

from trove.objects.instance import states
from trove.taskmanager.workflows import detach_replica
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets


class DetachTest(sets.TestCase):
    def setUp(self):
        super().setUp()
        self.primary, (self.replica,) = self.given_set(1)

    def begin_detaching(self):
        self.given_task(
            self.replica, states.Task.DETACHING, 'detach_replica'
        )

    def when_detached(self):
        self.begin_detaching()
        self.manager.detach_replica(self.context, self.replica)

    def assert_detached(self):
        self.assertIsNone(self.shown(self.replica).slave_of_id)
        self.assertEqual('ACTIVE', self.shown(self.replica).status)
        guest = self.guests[self.replica]
        self.assertEqual(
            {'for_failover': False}, guest.arguments('detach_replica')
        )

    def test_its_primary_forgets_it(self):
        self.when_detached()

        self.assert_detached()
        self.assertEqual(
            {'replica_info': {'replica_id': self.replica}},
            self.guests[self.primary].arguments(
                'cleanup_source_on_replica_detach'
            ),
        )

    def test_its_primary_is_dead(self):
        self.guests[self.primary].hooks['cleanup_source_on_replica_detach'] = (
            lambda **_: 1 / 0
        )

        self.when_detached()

        self.assert_detached()

    def test_it_does_not_answer(self):
        self.given_dead(self.replica)

        self.when_detached()

        self.assert_fault(self.replica, 'Could not detach the replica: ')
        self.assertEqual(
            self.primary, self.shown(self.replica).slave_of_id
        )

    def test_a_task_manager_that_is_killed(self):
        with self.given_failure(
            detach_replica.Detach, 'detach the replica', scene.Killed()
        ):
            self.begin_detaching()
            self.assertRaises(
                scene.Killed,
                self.manager.detach_replica,
                self.context,
                self.replica,
            )

        self.when_recovered()

        self.assert_detached()

    def test_a_replica_that_is_deleted_is_forgotten(self):
        self.given_task(
            self.replica, states.Task.DELETING, 'delete_instance'
        )
        self.manager.delete_instance(self.context, self.replica)

        self.assertTrue(self.shown(self.replica).deleted)
        self.assertIn(
            'cleanup_source_on_replica_detach', self.asked(self.primary)
        )
