# SPDX-License-Identifier: Apache-2.0
"""Backups that are snapshots of the volume, and what is made of them."""

from __future__ import annotations

import contextlib

import fixtures

from trove.common import exception
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import work
from trove.objects.instance import states
from trove.taskmanager.workflows import create_snapshot
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus


class SnapshotsTest(scene.TestCase):
    """Given an instance that works."""

    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()
        self.guest.answers['pre_create_backup'] = {}

    def given_backup(self, **values):
        order = work.Order(
            **{
                'instance_id': self.instance_id,
                'name': 'b',
                'description': None,
                'storage_driver': 'cinder',
                'container': None,
                'default_container': 'box',
                **values,
            }
        )
        return work.begin(self.conf, self.context, order)[0]

    def when_made(self, backup, **values):
        self.manager.create_backup(
            self.context,
            backup_info={
                'id': backup.id, 'storage_driver': 'cinder', **values
            },
            instance_id=self.instance_id,
        )

    def made(self, **values):
        backup = self.given_backup(**values)
        self.when_made(backup, **values)
        return backups.get(self.admin, backup.id)

    def used(self):
        return {
            each.resource: each.in_use
            for each in quota.usages(self.conf, scene.PROJECT)
        }['backups']

    def assert_failed(self, backup, *parts):
        self.assertEqual('FAILED', backups.get(self.admin, backup.id).state)
        self.assertEqual({}, self.cloud.snapshots)
        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        for part in parts:
            self.assertIn(part, shown.fault.details)

    def test_it_is_made_while_nothing_is_written(self):
        self.cloud.on(
            'volumes.snapshot',
            lambda _: self.assertEqual(
                ['pre_create_backup'], self.guest.asked
            ),
        )

        backup = self.made()

        self.assertEqual('COMPLETED', backup.state)
        self.assertEqual(f'cinder://snapshot-{backup.id}', backup.location)
        self.assertEqual((2, None), (backup.size, backup.checksum))
        self.assertEqual(
            ['pre_create_backup', 'post_create_backup'], self.guest.asked
        )
        self.assertEqual(
            self.conf.volume_time_out + 30,
            self.guest.arguments('pre_create_backup')['seconds'],
        )
        self.assertEqual(1, self.used())

    def test_for_replicas_the_log_is_kept_from_before_it_on(self):
        self.made(for_replica=True)

        self.assertEqual(
            [
                'get_replication_snapshot',
                'pre_create_backup',
                'post_create_backup',
            ],
            self.guest.asked,
        )
        told = self.guest.arguments('get_replication_snapshot')
        self.assertEqual(
            ('NEW', 'cinder'),
            tuple(
                told['snapshot_info'][name]
                for name in ('state', 'storage_driver')
            ),
        )

    def test_a_primary_that_keeps_no_log(self):
        def fail(**_):
            raise exception.DatastoreError(action='keep', reason='full')

        self.guest.hooks['get_replication_snapshot'] = fail
        backup = self.given_backup(for_replica=True)

        self.when_made(backup, for_replica=True)

        self.assert_failed(backup, 'full')
        self.assertNotIn('pre_create_backup', self.guest.asked)

    def test_a_cloud_that_makes_none(self):
        self.cloud.fail('volumes.snapshot', exception.CloudError('no space'))
        backup = self.given_backup()

        self.when_made(backup)

        self.assert_failed(backup, 'make the snapshot', 'no space')
        self.assertIn('post_create_backup', self.guest.asked)

    def test_a_guest_that_was_thawed_before(self):
        def fail(**_):
            raise exception.DatastoreError(action='x', reason='thawed')

        self.guest.hooks['post_create_backup'] = fail
        backup = self.given_backup()

        self.when_made(backup)

        self.assert_failed(backup, 'thawed')

    def test_a_guest_that_cannot(self):
        def fail(**_):
            raise exception.NotSupported(what='A snapshot')

        self.guest.hooks['pre_create_backup'] = fail
        backup = self.given_backup()

        self.when_made(backup)

        self.assert_failed(backup, 'A snapshot is not supported')

    @contextlib.contextmanager
    def killed(self, name):
        method = getattr(create_snapshot.CreateSnapshot, name)
        begun = []

        def kill(workflow, *args):
            begun.append(workflow)
            if len(begun) > 1:
                return method(workflow, *args)
            if name == '_make':
                method(workflow, *args)
            raise scene.Killed

        with fixtures.MonkeyPatch(
            'trove.taskmanager.workflows.create_snapshot.CreateSnapshot.'
            f'{name}',
            kill,
        ):
            yield

    def test_a_task_manager_killed_in_any_step(self):
        for name in ('_make', '_complete'):
            with self.subTest(name), self.killed(name):
                backup = self.given_backup(for_replica=True)
                self.assertRaises(
                    scene.Killed, self.when_made, backup, for_replica=True
                )

                self.when_recovered()

                found = backups.get(self.admin, backup.id)
                self.assertEqual('COMPLETED', found.state)
                self.assertIn(backup.id, self.cloud.snapshots)
        # The one of the killed one is not trusted.
        steps = [step for step, _ in self.cloud.calls]
        self.assertEqual(1, steps.count('volumes.delete_snapshot'))
        # Whoever went on had the log kept, too.
        self.assertEqual(3, self.guest.asked.count('get_replication_snapshot'))

    def test_what_a_snapshot_cannot_be(self):
        for values, words in (
            ({'incremental': True}, 'Omit incremental'),
            ({'container': 'box'}, 'Omit swift_container'),
        ):
            error = self.assertRaises(
                exception.BadRequest, self.given_backup, **values
            )
            self.assertIn(words, str(error))
        self.assertEqual(0, self.used())

    def test_none_is_continued(self):
        backup = self.made()

        error = self.assertRaises(
            exception.BadRequest,
            self.given_backup,
            storage_driver='local',
            parent_id=backup.id,
        )
        self.assertIn('is a snapshot', str(error))
        later = self.given_backup(storage_driver='local', incremental=True)
        self.assertIsNone(later.parent_id)

    def test_it_is_deleted(self):
        backup = self.made()
        self.cloud.fail(
            'volumes.delete_snapshot', exception.CloudError('busy'), times=1
        )
        for state in ('DELETE_FAILED', None):
            deleting.request(self.conf, self.context, backup.id)
            self.manager.delete_backup(self.context, backup.id)
            if state is not None:
                found = backups.get(self.admin, backup.id)
                self.assertEqual(state, found.state)
        self.assertIn('busy', self.logs.output)
        self.assertEqual({}, self.cloud.snapshots)
        self.assertEqual(0, self.used())

    def test_its_instance_is_not_deleted_before(self):
        backup = self.made()
        task = states.Task.DELETING, 'delete_instance'

        error = self.assertRaises(
            exception.Forbidden, self.given_task, self.instance_id, *task
        )

        self.assertIn(backup.id, str(error))
        deleting.request(self.conf, self.context, backup.id)
        self.manager.delete_backup(self.context, backup.id)
        self.given_task(self.instance_id, *task)

    def restored(self, backup_id, **values):
        instance_id = self.given_request(volume_size=3)
        guest = self.given_guest(instance_id)
        guest.report(Status.BUILDING)
        self.when_created(instance_id, backup_id=backup_id, **values)
        return instance_id, guest

    def test_an_instance_begins_with_it(self):
        backup = self.made()
        made = []
        create = self.cloud.volumes.create

        def note(*args, **kwargs):
            made.append(kwargs['backup_id'])
            return create(*args, **kwargs)

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.cloud.noop.NoopVolumes.create',
                lambda _, *args, **kwargs: note(*args, **kwargs),
            )
        )

        instance_id, guest = self.restored(backup.id)

        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.assertEqual([backup.id], made)
        info = guest.arguments('prepare')['backup_info']
        self.assertEqual(backup.location, info['location'])

    def test_one_that_is_gone_is_told_before_anything_is_made(self):
        backup = self.made()
        self.cloud.volumes.delete_snapshot(self.context, backup.id)

        instance_id, _ = self.restored(backup.id)

        self.assert_fault(instance_id, f'no snapshot of backup {backup.id}')
        self.assertNotIn(instance_id, self.cloud.volume_sizes)

    def test_no_time_can_be_restored(self):
        backup = self.made()

        instance_id, _ = self.restored(
            backup.id, restore_time='2027-01-31T08:00:00Z'
        )

        self.assert_fault(instance_id, 'is a snapshot, without a log')
