# SPDX-License-Identifier: Apache-2.0
"""A replica is promoted, or all is as before; never are two writable."""

from __future__ import annotations

import threading

from trove.common import exception
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.taskmanager.workflows import promote
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

STEPS = [
    step.name for step in promote.Promote.__new__(promote.Promote).steps()
]
RECORDED = STEPS.index('record the new primary')


class PromoteTest(sets.TestCase):
    def setUp(self):
        super().setUp()
        self.primary, (self.new, self.other) = self.given_set()

    def when_promoted(self):
        self.begin(self.new)
        self.manager.promote_to_replica_source(self.context, self.new)

    def assert_unchanged(self, *parts):
        """The replica is as before, with a fault."""
        for each in self.primary, self.new, self.other:
            self.assertEqual('ACTIVE', self.shown(each).status)
        for part in parts:
            self.assertIn(part, self.shown(self.new).fault.message)

    def test_the_others_follow(self):
        self.when_promoted()

        self.assert_set(self.new, self.primary, self.other)
        for each in self.primary, self.other:
            self.assertEqual(self.new, self.followed(each))
            self.assertEqual('ACTIVE', self.shown(each).status)
        self.assertEqual(
            [
                'wait_for_txn',
                'wait_for_txn',
                'detach_replica',
                'enable_as_master',
                'make_read_only',
                'get_replica_context',
                'get_replica_context',
            ],
            self.asked(self.new),
        )
        # The former primary comes last, and then keeps nothing for replicas.
        self.assertEqual(
            ['attach_replica', 'demote_replication_master'],
            self.asked(self.primary)[-2:],
        )

    def stand_still(self):
        """Keep the guest from answering until the test has ended."""
        still = threading.Event()
        self.addCleanup(still.set)
        still.wait(60)

    def test_a_replica_that_lags_too_far_is_refused(self):
        self.config(promote_lag_timeout=1, group='taskmanager')
        guest = self.guests[self.new]
        guest.hooks['wait_for_txn'] = lambda **_: self.stand_still()

        self.when_promoted()

        self.assert_unchanged('lags behind too far', 'Nothing was')
        self.assert_set(self.primary, self.new, self.other)
        self.assertNotIn('make_read_only', self.asked(self.primary))

    def test_a_replica_that_receives_nothing_is_refused(self):
        self.config(promote_lag_timeout=1, group='taskmanager')
        wrote = []
        primary, new = self.guests[self.primary], self.guests[self.new]
        primary.answers['get_latest_txn_id'] = '0/5'

        def write(**_):
            wrote.append(True)
            primary.answers['get_latest_txn_id'] = '0/6'

        def wait(txn):
            if txn != '0/5':
                self.stand_still()

        primary.hooks['enable_as_master'] = write
        new.hooks['wait_for_txn'] = wait

        self.when_promoted()

        self.assertTrue(wrote)
        self.assert_unchanged('receives nothing', 'Nothing was')
        self.assert_set(self.primary, self.new, self.other)
        self.assertNotIn('make_read_only', self.asked(self.primary))
        self.assertEqual([], self.asked(self.new, 'wait_for_txn'))

    def test_a_failure_of_any_step(self):
        for number, name in enumerate(STEPS[:RECORDED]):
            with self.given_failure(
                promote.Promote, name, exception.CloudError('no luck')
            ):
                self.when_promoted()
            self.assert_fault(self.new, f'Could not {name}: no luck')
            self.assert_set(self.primary, self.new, self.other)
            if number:
                self.assertEqual(self.primary, self.followed(self.new))
        # And then it can be promoted after all
        self.when_promoted()
        self.assert_set(self.new, self.primary, self.other)

    def test_what_is_recorded_is_not_undone(self):
        for name in STEPS[RECORDED:]:
            with self.given_failure(
                promote.Promote, name, exception.CloudError('no luck')
            ):
                self.when_promoted()
            self.assert_set(self.new, self.primary, self.other)
            # The next one is promoted back.
            self.primary, self.new = self.new, self.primary

    def test_a_task_manager_killed_in_any_step(self):
        for name in STEPS:
            with self.given_failure(promote.Promote, name, scene.Killed()):
                self.begin(self.new)
                self.assertRaises(
                    scene.Killed,
                    self.manager.promote_to_replica_source,
                    self.context,
                    self.new,
                )
            self.when_recovered()
            self.assert_set(self.new, self.primary, self.other)
            self.primary, self.new = self.new, self.primary

    def test_a_primary_that_dies_when_it_is_read_only(self):
        def die(read_only):
            self.change(self.primary, not read_only)
            self.given_dead(self.primary)

        self.guests[self.primary].hooks['make_read_only'] = die

        self.when_promoted()

        # It is not asked what takes long, for nobody can be written.
        asked = self.asked(self.primary)
        after = asked[asked.index('make_read_only') + 1:]
        self.assertNotIn('get_latest_txn_id', after)
        self.assertEqual(set(), self.writable)
        self.assertEqual(self.primary, self.shown(self.new).slave_of_id)
        self.assert_fault(self.new, 'wait until the replica has all changes')
        self.assert_fault(self.primary, 'eject this primary')
        # When it is back, the promotion succeeds, and both faults are over.
        self.given_alive(self.primary)
        self.when_promoted()
        self.assert_set(self.new, self.primary, self.other)
        for each in self.new, self.primary:
            self.assertEqual('ACTIVE', self.shown(each).status)

    def test_a_dead_replica_is_left_behind(self):
        self.given_dead(self.other)

        self.when_promoted()

        self.assert_fault(self.other, 'does not follow', 'Delete it')
        task = self.shown(self.other).task
        self.assertIs(states.Task.PROMOTION_ERROR, task)
        self.assertIsNone(self.shown(self.new).slave_of_id)
        self.assertEqual({self.new}, self.writable)
        self.assertEqual(self.new, self.followed(self.primary))

    def test_a_replica_that_dies_when_it_was_promoted_is_stopped(self):
        def die(read_only):
            self.change(self.new, not read_only)
            self.given_dead(self.new)
            raise exception.DatastoreError(action='answer', reason='dead')

        self.guests[self.new].hooks['make_read_only'] = die

        self.when_promoted()

        self.assertIn(('stop_server', self.new), self.cloud.calls)
        self.assertEqual({self.primary}, self.writable)
        self.assertEqual(1, self.most)
        self.assert_fault(self.new, 'Could not make the replica writable')

    def test_nobody_is_writable_while_a_dead_replica_may_be(self):
        def die(read_only):
            self.given_dead(self.new)
            raise exception.DatastoreError(action='answer', reason='dead')

        self.guests[self.new].hooks['make_read_only'] = die
        self.cloud.fail('stop_server', exception.CloudError('host is away'))

        self.when_promoted()

        self.assertEqual(set(), self.writable)
        self.assert_fault(self.new, 'Not undone', 'stays read-only')
        self.assert_fault(
            self.primary, f'{self.new} may be writable', 'Stop that by other'
        )

    def test_only_one_at_a_time(self):
        self.begin(self.new)

        for action, instance_id in (
            (replicas.PROMOTE, self.new),
            (replicas.PROMOTE, self.other),
            (replicas.EJECT, self.primary),
        ):
            error = self.assertRaises(
                exception.InstanceBusy, self.begin, instance_id, action
            )
            self.assertIn('Promoting', str(error))

    def test_none_of_them_can_be_deleted_meanwhile(self):
        self.begin(self.new)

        for each in self.primary, self.new, self.other:
            self.assertRaises(
                exception.InstanceBusy,
                tasks.begin_task,
                self.context,
                each,
                states.Task.DELETING,
                action='delete_instance',
            )

    def test_a_message_that_was_not_sent(self):
        self.begin(self.new)

        tasks.undo_task(self.context, self.new, states.Task.PROMOTING)

        self.assert_set(self.primary, self.new, self.other)

    def test_an_api_of_another_release_takes_no_members(self):
        instances_task = states.Task.PROMOTING.code
        sets.instances.update(self.new, task_id=instances_task)

        self.manager.promote_to_replica_source(self.context, self.new)

        self.assert_set(self.new, self.primary, self.other)

    def test_who_is_no_replica(self):
        error = self.assertRaises(
            exception.BadRequest, self.begin, self.primary
        )
        self.assertIn('is not a replica', str(error))
