# SPDX-License-Identifier: Apache-2.0
"""Run the database server in another version, or in the former one."""

from __future__ import annotations

from unittest import mock

from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects.backup import schedules
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.taskmanager.workflows import orders
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class UpgradeTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.new = datastores.save_version(
            'postgresql',
            '18-new',
            manager='postgresql',
            image_id='image-1',
            version='18.7',
        )
        self.instance_id, self.guest = self.given_upgradable()

    def given_upgradable(self):
        instance_id, guest = self.given_instance('1.5')
        guest.hooks['upgrade'] = lambda **_: guest.report(Status.HEALTHY)
        return instance_id, guest

    def given_replica(self):
        replica_id, guest = self.given_upgradable()
        instances.update(replica_id, slave_of_id=self.instance_id)
        return replica_id, guest

    def when_upgraded(self):
        self.given_task(
            self.instance_id,
            Task.UPGRADING,
            'upgrade',
            details={'datastore_version_id': self.new.id},
        )
        self.manager.upgrade(self.context, self.instance_id, self.new.id)

    def version_of(self, instance_id):
        return self.shown(instance_id).datastore_version.id

    def test_it_is_checked_and_done(self):
        self.when_upgraded()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(self.new.id, self.version_of(self.instance_id))
        self.assertEqual(
            ['pre_upgrade', 'upgrade', 'post_upgrade'], self.guest.asked
        )
        info = {'datastore_version': '18.7'}
        self.assertEqual(info, self.guest.arguments('pre_upgrade'))
        for order in 'upgrade', 'post_upgrade':
            told = self.guest.arguments(order)['upgrade_info']
            self.assertEqual(info, told)

    def test_another_series_begins_its_backups_anew(self):
        self.new = self.given_series()
        self.given_schedule(self.instance_id, made=3)

        self.when_upgraded()

        self.assertEqual(self.new.id, self.version_of(self.instance_id))
        (due,) = schedules.claim()
        self.assertTrue(due.is_full)

    def test_the_same_series_goes_on_with_its_backups(self):
        self.given_schedule(self.instance_id, made=3)

        self.when_upgraded()

        self.assertEqual([], schedules.claim())

    def test_another_series_leaves_replicas_no_primary(self):
        self.new = self.given_series()
        replica_id, _ = self.given_replica()

        self.when_upgraded()

        self.assert_fault(self.instance_id, replica_id, 'detach')
        self.assertEqual([], self.guest.asked)

    def given_schedule(self, instance_id, made):
        schedules.save(
            scene.PROJECT,
            instance_id,
            storage_driver='local',
            container='box',
            interval=24,
            full_every=7,
            keep=None,
            keep_days=None,
        )
        self.assertEqual(1, len(schedules.claim()))
        for number in range(made):
            schedules.begun(instance_id, f'backup-{number}')

    def given_series(self):
        return datastores.save_version(
            'postgresql',
            '19',
            manager='postgresql',
            image_id='image-1',
            version='19.1',
        )

    def test_a_version_that_is_not_installed(self):
        self.guest.hooks['pre_upgrade'] = self.fail_with('not installed')

        self.when_upgraded()

        self.assert_fault(self.instance_id, 'not installed', 'Nothing')
        self.assertEqual(['pre_upgrade'], self.guest.asked)
        self.assertEqual(self.version.id, self.version_of(self.instance_id))

    def fail_with(self, reason):
        def fail(**_):
            raise exception.DatastoreError(action='run it', reason=reason)

        return fail

    def test_a_version_that_does_not_start(self):
        self.guest.hooks['post_upgrade'] = self.fail_with('18.6 as before')

        self.when_upgraded()

        self.assert_fault(self.instance_id, '18.6 as before', 'try again')
        self.assertEqual(self.version.id, self.version_of(self.instance_id))
        self.assertTrue(self.shown(self.instance_id).task.is_idle)

    def test_replicas_come_first(self):
        replica_id, replica = self.given_replica()
        self.guest.hooks['upgrade'] = lambda **_: (
            self.assertIn('post_upgrade', replica.asked),
            self.guest.report(Status.HEALTHY),
        )

        self.when_upgraded()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        for each in self.instance_id, replica_id:
            self.assertEqual(self.new.id, self.version_of(each))

    def test_a_replica_fails(self):
        replica_id, replica = self.given_replica()
        replica.hooks['post_upgrade'] = self.fail_with('no disk')

        self.when_upgraded()

        self.assert_fault(self.instance_id, 'no disk', 'Replicas')
        self.assertEqual(['pre_upgrade'], self.guest.asked)
        for each in self.instance_id, replica_id:
            self.assertEqual(self.version.id, self.version_of(each))

    def test_a_replica_that_is_busy(self):
        replica_id, replica = self.given_replica()
        self.given_task(replica_id, Task.REBOOTING, 'reboot')

        self.when_upgraded()

        self.assert_fault(self.instance_id, replica_id, 'another task')
        self.assertEqual([], replica.asked + self.guest.asked)

    def test_another_task_manager_goes_on_with_it(self):
        replica_id, replica = self.given_replica()
        with mock.patch.object(orders, 'give', side_effect=scene.Killed):
            self.assertRaises(scene.Killed, self.when_upgraded)

        self.when_recovered()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        for each in self.instance_id, replica_id:
            self.assertEqual(self.new.id, self.version_of(each))
        self.assertEqual(1, replica.asked.count('upgrade'))
