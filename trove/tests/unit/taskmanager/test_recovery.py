# SPDX-License-Identifier: Apache-2.0
"""Task managers that die: another one finishes their work.

A kill is simulated at each step of each workflow, at its very beginning and
at its very end; then another task manager looks around.
"""

from __future__ import annotations

from unittest import mock

import sqlalchemy as sa

from trove.cloud import noop
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.objects.keys import workflow_secrets
from trove.taskmanager.workflows import create
from trove.taskmanager.workflows import delete
from trove.taskmanager.workflows import reboot
from trove.taskmanager.workflows import resize_flavor
from trove.taskmanager.workflows import resize_volume
from trove.taskmanager.workflows import restart
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task

DATABASE = {'_name': 'mine'}
USER = {'_name': 'me', '_password': 'very-secret'}


class RecoveryTestCase(scene.TestCase):
    def steps_of(self, workflow):
        return [
            step.name
            for step in workflow(self.env, self.context, 'none').steps()
        ]

    def points(self, workflow):
        """Where it may be killed: (step, whether it was still done)."""
        return [
            (step, done)
            for step in self.steps_of(workflow)
            for done in (False, True)
        ]

    def when_killed(self, point, work, *args):
        """Do some work; the process is killed at this point of it."""
        last, done = point
        record = workflows.workflow_step
        finish = tasks.end_task
        seen = []

        def step(instance_id, owner, name):
            if done and seen and seen[-1] == last:
                raise scene.Killed
            seen.append(name)
            kept = record(instance_id, owner, name)
            if not done and name == last:
                raise scene.Killed
            return kept

        def end(*args, **kwargs):
            if done and seen[-1] == last:
                raise scene.Killed
            return finish(*args, **kwargs)

        with (
            mock.patch.object(workflows, 'workflow_step', step),
            mock.patch.object(tasks, 'end_task', end),
            mock.patch.object(instances, 'mark_deleted', end),
        ):
            self.assertRaises(scene.Killed, work, *args)
        # Nothing of what a dead process would not do has been done.
        self.assertIsNotNone(workflows.get_workflow(args[-1]).owner)

    def assert_settled(self, instance_id, point):
        self.assertIsNone(workflows.get_workflow(instance_id), point)


class TestKilled(RecoveryTestCase):
    def test_create(self):
        self.config(inst_rpc_key_encr_key='one')
        for point in self.points(create.Create):
            self.cloud = noop.NoopCloud(self.conf)
            self.env = self.environment('tm-1')
            self.manager._env = self.env
            instance_id = self.given_request(name=str(point))
            guest = self.given_guest(instance_id)
            self.cloud.on(
                'create_server',
                lambda _, guest=guest: guest.report(Status.NEW),
            )
            self.when_killed(
                point,
                lambda instance_id: self.when_created(
                    instance_id,
                    databases=[DATABASE],
                    users=[dict(USER)],
                    ds_version='18',
                ),
                instance_id,
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            shown = self.shown(instance_id)
            self.assertEqual('ACTIVE', shown.status, point)
            self.assertEqual(['prepare'], guest.asked, point)
            self.assertEqual(
                ([DATABASE], [USER], '18'),
                tuple(
                    guest.arguments('prepare')[name]
                    for name in ('databases', 'users', 'ds_version')
                ),
            )
            self.assertEqual({instance_id}, set(self.cloud.servers))
            self.assertIsNotNone(shown.compute_instance_id)

    def test_create_whose_message_was_lost(self):
        # Given: the API has written all down, and nobody got the message.
        instance_id = self.given_request(
            details={
                **self.order('', databases=[DATABASE], ds_version='18'),
                **workflow_secrets.seal(self.conf, 'i', {}),
            }
        )
        guest = self.given_guest(instance_id)
        self.cloud.on('create_server', lambda _: guest.report(Status.NEW))

        self.when_recovered()

        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.assertEqual([DATABASE], guest.arguments('prepare')['databases'])

    def test_create_whose_secrets_nobody_can_read(self):
        self.config(inst_rpc_key_encr_key='one')
        instance_id = self.given_request()
        self.when_killed(
            ('create the volume', True),
            lambda instance_id: self.when_created(
                instance_id, users=[dict(USER)]
            ),
            instance_id,
        )
        self.config(inst_rpc_key_encr_key='another')

        self.when_recovered()

        self.assert_fault(instance_id, 'create the volume', 'tm-1 died')
        self.assert_nothing_left()

    def test_no_password_is_written_down(self):
        self.config(inst_rpc_key_encr_key='one')
        instance_id = self.given_request()
        self.when_killed(
            ('create the volume', True),
            lambda instance_id: self.when_created(
                instance_id, users=[dict(USER)], root_password='very-secret'
            ),
            instance_id,
        )

        with session.reader() as db:
            (row,) = db.scalars(sa.select(models.Workflow))
            self.assertNotIn('very-secret', row.details)

    def test_delete(self):
        for point in self.points(delete.Delete):
            instance_id, _ = self.given_instance()
            self.given_task(instance_id, Task.DELETING, 'delete_instance')
            self.when_killed(
                point, self.manager.delete_instance, self.context, instance_id
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            self.assertTrue(self.shown(instance_id).deleted)
            self.assert_nothing_left()

    def test_restart(self):
        for point in self.points(restart.Restart):
            instance_id, guest = self.given_instance()
            self.given_task(instance_id, Task.REBOOTING, 'restart')
            self.when_killed(
                point, self.manager.restart, self.context, instance_id
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            self.assertEqual('ACTIVE', self.shown(instance_id).status)
            self.assertIn('restart', guest.asked)

    def test_reboot(self):
        for point in self.points(reboot.Reboot):
            instance_id, guest = self.given_instance()
            self.given_guest_survives_reboots(guest)
            self.given_task(instance_id, Task.REBOOTING, 'reboot')
            self.when_killed(
                point, self.manager.reboot, self.context, instance_id
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            self.assertEqual('ACTIVE', self.shown(instance_id).status)
            self.assertIn(('reboot_server', instance_id), self.cloud.calls)

    def test_resize_flavor(self):
        for point in self.points(resize_flavor.ResizeFlavor):
            instance_id, _ = self.given_instance()
            self.given_task(instance_id, Task.RESIZING, 'resize_flavor')
            self.when_killed(
                point,
                lambda instance_id: self.manager.resize_flavor(
                    self.context, instance_id, scene.FLAVOR, scene.BIGGER
                ),
                instance_id,
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            shown = self.shown(instance_id)
            self.assertEqual('ACTIVE', shown.status, point)
            self.assertEqual('2', shown.flavor_id)
            self.assertEqual('2', self.cloud.specs[instance_id].flavor.id)
            self.assertEqual(Status.HEALTHY, shown.service_status)
            self.when_deleted(instance_id)

    def test_resize_volume(self):
        for point in self.points(resize_volume.ResizeVolume):
            instance_id, _ = self.given_instance('1.0')
            self.given_task(instance_id, Task.RESIZING, 'resize_volume')
            self.when_killed(
                point, self.manager.resize_volume, self.context, 3, instance_id
            )

            self.when_recovered()

            self.assert_settled(instance_id, point)
            shown = self.shown(instance_id)
            self.assertEqual('ACTIVE', shown.status, point)
            self.assertEqual(3, shown.volume_size)
            self.assertEqual(3, self.cloud.volume_sizes[instance_id])
            self.assertEqual(Status.HEALTHY, shown.service_status)
            self.when_deleted(instance_id)

    def when_deleted(self, instance_id):
        # Quotas are small.
        self.given_task(instance_id, Task.DELETING, 'delete_instance')
        self.manager.delete_instance(self.context, instance_id)

    def test_killed_again_while_cleaning_up(self):
        instance_id = self.given_request()
        self.cloud.fail('create_server', exception.CloudError('no host'))
        self.cloud.on('volumes.delete', self.kill)
        self.assertRaises(scene.Killed, self.when_created, instance_id)
        self.cloud.on('volumes.delete', lambda _: None)

        self.when_recovered()

        self.assert_fault(instance_id, 'create the server')
        self.assert_nothing_left()

    def kill(self, *_, **__):
        raise scene.Killed

    def test_deletion_that_was_failing_is_not_done(self):
        # Given: it is killed when it was about to write down why it failed.
        instance_id, _ = self.given_instance()
        self.given_task(instance_id, Task.DELETING, 'delete_instance')
        self.cloud.fail('delete_server', exception.CloudError('stuck'))
        with mock.patch.object(tasks, 'fail_task', self.kill):
            self.assertRaises(
                scene.Killed,
                self.manager.delete_instance,
                self.context,
                instance_id,
            )

        self.when_recovered()

        self.assert_fault(instance_id, 'delete the server')
        self.assertFalse(self.shown(instance_id).deleted)
        self.assertIn(instance_id, self.cloud.servers)
        # And: it can be deleted again.
        self.cloud.heal()
        self.when_deleted(instance_id)
        self.assert_nothing_left()

    def test_restart_that_was_failing_is_no_success(self):
        instance_id, guest = self.given_instance()
        self.given_task(instance_id, Task.REBOOTING, 'restart')
        guest.hooks['restart'] = lambda **_: 1 / 0
        with mock.patch.object(tasks, 'fail_task', self.kill):
            self.assertRaises(
                scene.Killed, self.manager.restart, self.context, instance_id
            )

        self.when_recovered()

        self.assert_fault(instance_id, 'restart the database')

    def test_step_of_another_release(self):
        # Given: each stopped at a step that this one does not have.
        deleted, _ = self.given_instance()
        self.given_task(deleted, Task.DELETING, 'delete_instance')
        created = self.given_request()
        self.cloud.volumes.create(self.context, created, 2)
        for instance_id in (deleted, created):
            workflows.adopt(instance_id, None, 'tm-9:m:1:1#1')
            workflows.workflow_step(instance_id, 'tm-9:m:1:1#1', 'dance')

        self.when_recovered()

        self.assertTrue(self.shown(deleted).deleted)
        self.assert_fault(created, 'died')
        self.assert_nothing_left()
