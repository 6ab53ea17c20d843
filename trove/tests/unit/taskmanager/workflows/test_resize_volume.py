# SPDX-License-Identifier: Apache-2.0
"""Enlarge a volume."""

from __future__ import annotations

from trove.common import exception
from trove.db import session
from trove.objects import quota
from trove.objects.instance import enlarging
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.taskmanager.workflows import resize_volume
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

Status = states.ServiceStatus
Task = states.Task


class TestResizeVolume(scene.TestCase):
    def given(self, version='1.4'):
        self.instance_id, self.guest = self.given_instance(version)

    def when_resized(self, size=5):
        self.given_task(
            self.instance_id,
            Task.RESIZING,
            'resize_volume',
            conf=self.conf,
            deltas={'volumes': size - 2},
        )
        self.manager.resize_volume(self.context, size, self.instance_id)

    def gigabytes(self):
        return {
            usage.resource: usage.in_use + usage.reserved
            for usage in quota.usages(self.conf, scene.PROJECT)
        }['volumes']

    def test_guest_that_can_does_it_while_the_database_runs(self):
        self.given()

        self.when_resized()

        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertEqual(5, shown.volume_size)
        self.assertEqual({self.instance_id: 5}, self.cloud.volume_sizes)
        self.assertEqual(5, self.gigabytes())
        self.assertEqual(['resize_fs'], self.guest.asked)
        self.assertEqual(
            {
                'device_path': '/dev/vdb',
                'mount_point': '/var/lib/postgresql',
                'online': True,
            },
            self.guest.arguments('resize_fs'),
        )

    def test_guest_that_speaks_1_0_stops_the_database_for_it(self):
        self.given('1.0')

        self.when_resized()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(5, self.shown(self.instance_id).volume_size)
        self.assertEqual(
            [
                *('stop_db', 'resize_fs'),
                *('unmount_volume', 'mount_volume', 'restart'),
            ],
            self.guest.asked,
        )

    def assert_as_before(self, *parts):
        self.assert_fault(self.instance_id, *parts)
        self.assertEqual(2, self.shown(self.instance_id).volume_size)
        self.assertEqual(2, self.gigabytes())

    def test_cloud_fails(self):
        self.given()
        self.cloud.fail('volumes.extend', exception.CloudError('no space'))

        self.when_resized()

        self.assert_as_before('enlarge the volume', 'no space')
        self.assertEqual([], self.guest.asked)

    def test_guest_fails_and_the_database_runs_again(self):
        for version in ('1.0', '1.4'):
            self.given(version)

            def fail(**_):
                raise exception.DatastoreError(action='grow', reason='bad fs')

            self.guest.hooks['resize_fs'] = fail

            self.when_resized()

            self.assert_fault(
                self.instance_id, 'enlarge the file system', 'bad fs'
            )
            self.assertEqual(2, self.shown(self.instance_id).volume_size)
            self.assertEqual(
                Status.HEALTHY, self.shown(self.instance_id).service_status
            )

    def test_request_that_failed_can_be_repeated(self):
        self.given()
        self.guest.hooks['resize_fs'] = lambda **_: 1 / 0
        self.when_resized()
        self.guest.hooks['resize_fs'] = lambda **_: None

        self.when_resized()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(5, self.shown(self.instance_id).volume_size)

    def test_volume_is_gone(self):
        self.given()
        self.cloud.volumes.delete(self.context, self.instance_id)

        self.when_resized()

        self.assert_as_before('enlarge the volume', 'could not be found')


class SetTest(sets.TestCase):
    """The replicas of a primary grow with it."""

    def setUp(self):
        super().setUp()
        self.primary, self.replicas = self.given_set()

    def begin(self, size=5):
        enlarging.begin(self.conf, self.context, self.primary, size)

    def when_resized(self, size=5):
        self.begin(size)
        self.manager.resize_volume(self.context, size, self.primary)

    def sizes(self):
        return [
            self.shown(each).volume_size
            for each in (*self.replicas, self.primary)
        ]

    def used(self):
        """In use and reserved, which is held of all instances."""
        usage = {
            usage.resource: usage
            for usage in quota.usages(self.conf, scene.PROJECT)
        }['volumes']
        return usage.in_use, usage.reserved

    def held(self, instance_id):
        with session.reader() as db:
            return quota.held(db, instance_id)

    def assert_all_have(self, size):
        self.assert_set(self.primary, *self.replicas)
        self.assertEqual([size] * 3, self.sizes())
        self.assertEqual({size}, set(self.cloud.volume_sizes.values()))
        self.assertEqual((3 * size, 0), self.used())
        for each in (self.primary, *self.replicas):
            self.assertEqual('ACTIVE', self.shown(each).status)
            self.assertEqual(size, self.held(each)['volumes'])

    def given_broken(self, instance_id):
        def fail(**_):
            raise exception.DatastoreError(action='grow', reason='bad fs')

        self.guests[instance_id].hooks['resize_fs'] = fail

    def test_replicas_come_first(self):
        order = []
        self.cloud.on('volumes.extend', order.append)

        self.when_resized()

        self.assertEqual([*self.replicas, self.primary], order)
        self.assert_all_have(5)

    def test_all_of_them_are_busy_meanwhile(self):
        self.begin()

        for each in (self.primary, *self.replicas):
            self.assertEqual('RESIZE', self.shown(each).status)
            self.assertRaises(exception.InstanceBusy, self.begin, 6)
        self.assertEqual((6, 9), self.used())

    def test_a_message_that_was_not_sent(self):
        self.begin()

        tasks.undo_task(self.context, self.primary, Task.RESIZING)

        self.assert_all_have(2)

    def test_quota_of_all_of_them(self):
        quota.set_limits(self.conf, scene.PROJECT, {'volumes': 14})

        self.assertRaises(exception.QuotaExceeded, self.begin)

        self.assert_all_have(2)

    def test_a_replica_that_is_larger_is_left_alone(self):
        larger = self.replicas[0]
        instances.update(larger, volume_size=7)

        self.when_resized()

        self.assertEqual([7, 5, 5], self.sizes())
        self.assertEqual([], self.asked(larger))

    def test_a_replica_that_can_only_be_deleted_is_left_alone(self):
        failed = self.replicas[0]
        instances.update(failed, task_id=Task.BUILDING_ERROR_REPLICA.code)

        self.when_resized()

        self.assertEqual([2, 5, 5], self.sizes())
        self.assertEqual([], self.asked(failed))

    def test_a_dead_replica(self):
        self.given_dead(self.replicas[1])

        self.when_resized()

        self.assert_fault(
            self.primary, self.replicas[1], 'dead', 'or delete it'
        )
        self.assertEqual([2, 2, 2], self.sizes())
        self.assertEqual((6, 0), self.used())

    def test_a_replica_that_fails_and_a_repetition(self):
        self.given_broken(self.replicas[1])

        self.when_resized()

        # Then it says which of them has what
        one, two = self.replicas
        self.assert_fault(
            self.primary, f'{one} 5 GiB', f'{two} 2 GiB', 'bad fs'
        )
        fault = self.shown(self.primary).fault
        self.assertIn(f'{self.primary} 2 GiB', fault.details)
        for each, size in (self.primary, 2), (one, 5), (two, 2):
            self.assertIn(f'{each[:8]} {size} GiB', fault.message)
        self.assertEqual([5, 2, 2], self.sizes())
        self.assertEqual((9, 0), self.used())
        self.assertTrue(self.shown(two).task.is_idle)
        # When it is repeated
        del self.guests[two].hooks['resize_fs']
        self.when_resized()
        self.assert_all_have(5)

    def test_a_replica_that_is_deleted_meanwhile(self):
        one = self.replicas[0]
        self.begin()
        tasks.begin_task(
            self.context, one, Task.DELETING, action='delete_instance'
        )
        self.given_broken(one)

        self.manager.resize_volume(self.context, 5, self.primary)

        self.assertEqual('ACTIVE', self.shown(self.primary).status)
        self.assertEqual([2, 5, 5], self.sizes())
        self.assertEqual((12, 0), self.used())

    def test_an_api_of_another_release_takes_no_members(self):
        self.given_task(self.primary, Task.RESIZING, 'resize_volume')

        self.manager.resize_volume(self.context, 5, self.primary)

        self.assertEqual([5, 5, 5], self.sizes())
        self.assert_set(self.primary, *self.replicas)

    def test_a_task_manager_killed_in_any_step(self):
        names = [
            step.name
            for step in resize_volume.ResizeVolume.__new__(
                resize_volume.ResizeVolume
            ).steps()
        ]
        for size, name in enumerate(names, start=3):
            with self.given_failure(
                resize_volume.ResizeVolume, name, scene.Killed()
            ):
                self.begin(size)
                self.assertRaises(
                    scene.Killed,
                    self.manager.resize_volume,
                    self.context,
                    size,
                    self.primary,
                )
            self.when_recovered()
            self.assert_all_have(size)

    def test_the_size_it_has(self):
        error = self.assertRaises(exception.BadRequest, self.begin, 2)
        self.assertIn('larger than the current 2 GiB', str(error))
