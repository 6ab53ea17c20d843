# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import quota
from trove.objects.instance import instances
from trove.objects.instance import states as instance_states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests.unit.objects import base

Status = instance_states.ServiceStatus
Task = instance_states.Task


class TestBegin(base.TestCase):
    def test_a_task_begins(self):
        made = self.ready()

        begun = self.restart(made.id)

        self.assertEqual('REBOOT', begun.status)
        self.assertEqual('', begun.operating_status)
        work = workflows.get_workflow(made.id)
        self.assertEqual(('restart', 'queued'), (work.action, work.state))
        self.assertEqual(self.context.request_id, work.request_id)

    def test_one_at_a_time(self):
        made = self.ready()
        self.restart(made.id)

        error = self.assertRaises(
            exception.InstanceBusy, self.restart, made.id
        )

        self.assertEqual(409, error.code)
        self.assertIn('Rebooting the instance.', str(error))

    def test_of_two_at_the_same_time_one_begins(self):
        made = self.ready()

        got = base.at_once(*[lambda: self.restart(made.id) for _ in range(4)])

        refused = [
            each for each in got if isinstance(each, exception.InstanceBusy)
        ]
        self.assertEqual(3, len(refused), got)

    def test_not_while_it_is_built(self):
        made = self.create()

        error = self.assertRaises(
            exception.Unprocessable, self.restart, made.id
        )

        self.assertEqual(422, error.code)

    def test_not_when_it_is_not_ready(self):
        made = self.ready()
        self.beat(made.id, 'UNKNOWN')

        self.assertRaises(exception.Unprocessable, self.restart, made.id)

    def test_not_during_a_backup(self):
        made = self.ready()
        with session.writer() as db:
            db.add(
                models.Backup(name='b', state='SAVING', instance_id=made.id)
            )

        self.assertEqual('BACKUP', self.get(made.id).status)
        self.assertRaises(exception.Unprocessable, self.restart, made.id)

    def test_not_another_projects_nor_what_is_gone(self):
        made = self.ready()
        foreign = self.make_context(base.BOB)

        self.assertRaises(
            exception.InstanceNotFound, self.restart, made.id, foreign
        )
        self.assertRaises(exception.InstanceNotFound, self.restart, 'nope')
        self.assertRaises(exception.InstanceNotFound, self.restart, 'a\0')
        self.assertEqual('ACTIVE', self.get(made.id).status)
        self.assertEqual('REBOOT', self.restart(made.id, self.admin).status)


class TestEnd(base.TestCase):
    def test_well(self):
        made = self.ready()
        instances.add_fault(made.id, 'old')
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.assertTrue(tasks.end_task(made.id, base.OWNER, hostname='h'))

        found = self.get(made.id)
        self.assertEqual('ACTIVE', found.status)
        self.assertEqual('HEALTHY', found.operating_status)
        self.assertEqual('h', found.hostname)
        self.assertIsNone(found.fault)
        self.assertIsNone(workflows.get_workflow(made.id))

    def test_with_a_fault(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.assertTrue(
            tasks.fail_task(
                made.id, base.OWNER, message='Could not x', details='why'
            )
        )

        found = self.get(made.id)
        self.assertEqual('ERROR', found.status)
        self.assertIs(Task.NONE, found.task)
        self.assertEqual('Could not x', found.fault.message)
        self.assertEqual('why', found.fault.details)

    def test_the_next_that_goes_well_makes_it_active(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')
        tasks.fail_task(made.id, base.OWNER, message='m')

        self.assertEqual('REBOOT', self.restart(made.id).status)
        self.claim(made.id, 'restart')
        tasks.end_task(made.id, base.OWNER)

        found = self.get(made.id)
        self.assertEqual(('ACTIVE', None), (found.status, found.fault))

    def test_a_build_that_failed_never_looks_whole(self):
        made = self.create()
        self.claim(made.id, 'create_instance')

        tasks.fail_task(made.id, base.OWNER, message='m')

        self.beat(made.id)
        found = self.get(made.id)
        self.assertIs(Task.BUILDING_ERROR_SERVER, found.task)
        self.assertEqual(('ERROR', ''), (found.status, found.operating_status))
        self.assertRaises(exception.Unprocessable, self.restart, made.id)
        self.assertEqual('SHUTDOWN', self.delete(made.id).status)

    def test_the_guest_does_not_end_a_build(self):
        made = self.create()

        self.beat(made.id)

        found = self.get(made.id)
        self.assertEqual(('BUILD', ''), (found.status, found.operating_status))

    def test_a_needed_restart_is_needed_after_a_failure(self):
        made = self.ready()
        self.change(made.id, task_id=Task.RESTART_REQUIRED.code)
        self.restart(made.id)
        self.claim(made.id, 'restart')

        tasks.fail_task(made.id, base.OWNER, message='m')

        self.assertIs(Task.RESTART_REQUIRED, self.get(made.id).task)

    def test_not_by_others(self):
        made = self.ready()
        self.restart(made.id)

        self.assertFalse(tasks.end_task(made.id, base.OWNER))
        self.claim(made.id, 'restart')
        self.assertFalse(tasks.end_task(made.id, base.OTHER))
        self.assertFalse(tasks.fail_task(made.id, base.OTHER, message='m'))
        self.assertFalse(workflows.workflow_step(made.id, base.OTHER, 'step'))
        self.assertFalse(tasks.end_task('nope', base.OTHER))

        self.assertEqual('REBOOT', self.get(made.id).status)
        self.assertIn(base.OTHER, self.logs.output)
        self.assertIn(f'its owner is {base.OWNER}', self.logs.output)

    def test_only_once(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        got = base.at_once(
            lambda: tasks.end_task(made.id, base.OWNER),
            lambda: tasks.fail_task(made.id, base.OWNER, message='m'),
            lambda: tasks.end_task(made.id, base.OWNER),
        )

        self.assertEqual([False, False, True], sorted(got))


class TestDelete(base.TestCase):
    def test_again(self):
        made = self.ready()
        self.delete(made.id)
        work = workflows.get_workflow(made.id)

        self.assertEqual('SHUTDOWN', self.delete(made.id).status)

        self.assertEqual(work, workflows.get_workflow(made.id))

    def test_it_goes_before_other_work(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.delete(made.id)

        self.assertFalse(workflows.workflow_step(made.id, base.OWNER, 's'))
        self.assertFalse(tasks.end_task(made.id, base.OWNER))
        self.claim(made.id, 'delete_instance', base.OTHER)
        self.assertTrue(instances.mark_deleted(made.id, base.OTHER))

    def test_not_a_source_of_replicas(self):
        source = self.ready()
        replica = self.ready(slave_of_id=source.id)

        error = self.assertRaises(exception.Forbidden, self.delete, source.id)

        self.assertEqual(403, error.code)
        self.assertIn(replica.id, str(error))
        self.delete(replica.id)
        self.claim(replica.id, 'delete_instance')
        instances.mark_deleted(replica.id, base.OWNER)
        self.delete(source.id)

    def test_a_deletion_that_failed_is_repeated(self):
        made = self.ready()
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        tasks.fail_task(made.id, base.OWNER, message='m')

        self.assertEqual('ERROR', self.get(made.id).status)
        self.assertRaises(exception.InstanceBusy, self.restart, made.id)
        self.assertEqual('SHUTDOWN', self.delete(made.id).status)
        self.claim(made.id, 'delete_instance')
        self.assertTrue(instances.mark_deleted(made.id, base.OWNER))


class TestUndo(base.TestCase):
    def test_what_could_not_be_sent(self):
        made = self.ready()
        self.restart(made.id)

        self.assertTrue(
            tasks.undo_task(self.context, made.id, Task.REBOOTING)
        )

        found = self.get(made.id)
        self.assertEqual(
            ('ACTIVE', 'No tasks for the instance.'),
            (found.status, found.task_description),
        )
        self.assertIsNone(workflows.get_workflow(made.id))
        self.assertFalse(
            tasks.undo_task(self.context, made.id, Task.REBOOTING)
        )

    def test_not_what_a_task_manager_does(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.assertFalse(
            tasks.undo_task(self.context, made.id, Task.REBOOTING)
        )

    def test_not_what_another_request_began(self):
        made = self.ready()
        self.delete(made.id)
        second = self.make_context()
        self.delete(made.id, second)

        self.assertFalse(tasks.undo_task(second, made.id, Task.DELETING))
        self.assertEqual('SHUTDOWN', self.get(made.id).status)

    def test_a_deletion_of_what_is_in_error(self):
        made = self.create()
        self.claim(made.id, 'create_instance')
        tasks.fail_task(
            made.id, base.OWNER, task=Task.BUILDING_ERROR_VOLUME, message='m'
        )
        self.delete(made.id)

        tasks.undo_task(self.context, made.id, Task.DELETING)

        found = self.get(made.id)
        self.assertIs(Task.BUILDING_ERROR_VOLUME, found.task)
        self.assertEqual('ERROR', found.status)

    def test_what_a_deletion_replaced_goes_on(self):
        made = self.ready()
        self.begin(
            made.id,
            Task.RESIZING,
            'resize_volume',
            details={'new_size': 3},
            conf=self.conf,
            deltas={'volumes': 2},
        )
        self.claim(made.id, 'resize_volume')
        workflows.workflow_step(made.id, base.OWNER, 's1')
        before = workflows.get_workflow(made.id)
        self.delete(made.id)

        tasks.undo_task(self.context, made.id, Task.DELETING)

        after = workflows.get_workflow(made.id)
        self.assertEqual(
            (before.action, before.owner, before.step, before.details),
            (after.action, after.owner, after.step, after.details),
        )
        self.assertEqual('RESIZE', self.get(made.id).status)
        self.assertTrue(tasks.end_task(made.id, base.OWNER))
        volumes = {
            each.resource: each for each in quota.usages(self.conf, base.ALICE)
        }['volumes']
        self.assertEqual((3, 0), (volumes.in_use, volumes.reserved))
