# SPDX-License-Identifier: Apache-2.0
"""Tasks whose message was rejected: they end, and may begin anew."""

from __future__ import annotations

import uuid

from trove.common import exception
from trove.objects import quota
from trove.objects.instance import instances
from trove.objects.instance import rejected_tasks
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.objects.rejected import recording
from trove.tests.unit.objects import base

Task = states.Task


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='a key')

    def record(self, instance_id, action):
        """The row of a rejected cast."""
        return recording.record(
            self.conf,
            {
                'id': str(uuid.uuid4()),
                'interface': 'taskmanager',
                'method': action,
                'version': '1.9',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'too new',
                'arguments': {'instance_id': instance_id},
                'request_id': self.context.request_id,
            },
            {'instance_id': instance_id},
            host='h',
            instance_id=instance_id,
            replayable=True,
        ).id

    def reject(self, instance_id, action, rejected_id=None, **kwargs):
        return rejected_tasks.reject_task(
            instance_id,
            **{
                'request_id': self.context.request_id,
                'message': f'{action} was rejected',
                'action': action,
                'rejected_id': rejected_id,
                **kwargs,
            },
        )

    def resize(self, instance_id, volume=3):
        return self.begin(
            instance_id,
            Task.RESIZING,
            'resize_volume',
            details={'new_size': 4},
            conf=self.conf,
            deltas={'volumes': volume},
        )

    def reserved(self):
        return {
            usage.resource: usage.reserved
            for usage in quota.usages(self.conf, base.ALICE)
        }['volumes']


class TestReject(TestCase):
    def test_what_waits_for_the_message_ends_with_a_fault(self):
        made = self.ready()
        self.restart(made.id)

        self.assertTrue(self.reject(made.id, 'restart', details='all of it'))

        after = self.get(made.id)
        self.assertEqual(('ERROR', Task.NONE), (after.status, after.task))
        self.assertEqual('restart was rejected', after.fault.message)
        self.assertEqual('all of it', after.fault.details)
        self.assertIsNone(workflows.get_workflow(made.id))
        # And it is as it was before: it takes another task.
        self.restart(made.id)

    def test_what_was_reserved_is_given_back(self):
        made = self.ready()
        self.resize(made.id)
        self.assertEqual(3, self.reserved())

        self.reject(made.id, 'resize_volume')

        self.assertEqual(0, self.reserved())

    def test_what_was_to_be_built_is_in_error(self):
        made = self.create()

        self.assertTrue(self.reject(made.id, 'create_instance'))

        after = self.get(made.id)
        self.assertIs(Task.BUILDING_ERROR_SERVER, after.task)
        self.delete(made.id)

    def test_what_an_api_of_another_release_began_ends_as_well(self):
        made = self.ready()
        self.change(made.id, task_id=Task.REBOOTING.code)

        self.assertFalse(self.reject(made.id, 'resize_flavor'))
        self.assertTrue(self.reject(made.id, 'restart'))

        self.assertEqual('ERROR', self.get(made.id).status)

    def test_work_of_another_request_goes_on(self):
        made = self.ready()
        self.restart(made.id)

        self.assertFalse(
            self.reject(made.id, 'restart', request_id='req-other')
        )
        self.assertFalse(self.reject(made.id, 'resize_flavor'))

        after = self.get(made.id)
        self.assertEqual('REBOOT', after.status)
        self.assertIn('rejected', after.fault.message)

    def test_work_that_a_task_manager_does_goes_on(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.assertFalse(self.reject(made.id, 'restart'))

        self.assertTrue(
            workflows.workflow_step(made.id, base.OWNER, 'next')
        )

    def test_unless_it_is_the_guest_that_cannot(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        self.assertFalse(
            self.reject(
                made.id, None, running=True, request_id='req-other'
            )
        )
        self.assertTrue(self.reject(made.id, None, running=True))

        self.assertFalse(
            workflows.workflow_step(made.id, base.OWNER, 'next')
        )
        self.assertEqual('ERROR', self.get(made.id).status)

    def test_an_idle_instance_gets_the_fault_only(self):
        made = self.ready()

        self.assertFalse(self.reject(made.id, 'create_backup'))
        self.assertFalse(self.reject(made.id, None, running=True))

        after = self.get(made.id)
        self.assertEqual('ACTIVE', after.status)
        self.assertIsNotNone(after.fault)

    def test_a_fault_that_is_there_already_stays(self):
        made = self.ready()
        self.restart(made.id)
        instances.add_fault(made.id, 'the guest has said so')

        self.assertTrue(self.reject(made.id, 'restart', message=None))

        self.assertEqual(
            'the guest has said so', self.get(made.id).fault.message
        )

    def test_unknown_and_deleted_instances(self):
        gone = self.create()
        instances.mark_deleted(gone.id)

        for instance_id in (gone.id, 'nope', 'no\0pe'):
            self.assertFalse(self.reject(instance_id, 'restart'))

    def test_a_task_manager_that_gets_it_at_the_same_time(self):
        made = self.ready()
        self.restart(made.id)

        claimed, ended = base.at_once(
            lambda: workflows.claim_workflow(made.id, 'restart', base.OWNER),
            lambda: self.reject(made.id, 'restart'),
        )

        self.assertEqual({True, False}, {claimed, ended})
        self.assertEqual(
            'ERROR' if ended else 'REBOOT', self.get(made.id).status
        )


class TestReopen(TestCase):
    def reopen(self, rejected_id):
        return rejected_tasks.reopen_task(self.conf, rejected_id)

    def test_the_message_finds_its_task_again(self):
        made = self.ready()
        self.resize(made.id)
        key = self.record(made.id, 'resize_volume')
        self.reject(made.id, 'resize_volume', key)

        self.assertTrue(self.reopen(key))

        after = self.get(made.id)
        self.assertEqual(('RESIZE', None), (after.status, after.fault))
        work = workflows.get_workflow(made.id)
        self.assertEqual({'new_size': 4}, work.details)
        self.assertEqual(3, self.reserved())
        self.assertTrue(
            workflows.claim_workflow(
                made.id,
                'resize_volume',
                base.OWNER,
                self.context.request_id,
            )
        )
        self.assertTrue(tasks.end_task(made.id, base.OWNER))
        self.assertEqual(0, self.reserved())
        self.assertEqual('ACTIVE', self.get(made.id).status)

    def test_a_build_and_a_deletion(self):
        for task, word in (
            ('create_instance', 'BUILD'),
            ('delete_instance', 'SHUTDOWN'),
        ):
            made = self.create()
            if task == 'delete_instance':
                self.claim(made.id, 'create_instance')
                tasks.end_task(made.id, base.OWNER)
                self.beat(made.id)
                self.delete(made.id)
            key = self.record(made.id, task)
            self.assertTrue(self.reject(made.id, task, key))
            self.assertEqual('ERROR', self.get(made.id).status)

            self.assertTrue(self.reopen(key))

            self.assertEqual(word, self.get(made.id).status)
            self.claim(made.id, task)

    def test_it_may_be_rejected_and_reopened_once_more(self):
        made = self.ready()
        self.restart(made.id)
        key = self.record(made.id, 'restart')

        for _ in range(2):
            self.assertTrue(self.reject(made.id, 'restart', key))
            self.assertTrue(self.reopen(key))

        self.assertEqual('REBOOT', self.get(made.id).status)

    def test_not_while_something_else_goes_on(self):
        made = self.ready()
        self.restart(made.id)
        key = self.record(made.id, 'restart')
        self.reject(made.id, 'restart', key)
        self.restart(made.id)

        self.assertRaises(exception.InstanceBusy, self.reopen, key)

    def test_only_one_of_two_reopens(self):
        made = self.ready()
        self.restart(made.id)
        key = self.record(made.id, 'restart')
        self.reject(made.id, 'restart', key)

        got = base.at_once(*[lambda: self.reopen(key)] * 2)

        self.assertIn(True, got)
        self.assertEqual(
            1, sum(isinstance(it, exception.InstanceBusy) for it in got), got
        )

    def test_not_what_was_built_otherwise_meanwhile(self):
        made = self.create()
        key = self.record(made.id, 'create_instance')
        self.reject(made.id, 'create_instance', key)
        self.change(made.id, task_id=Task.NONE.code)

        error = self.assertRaises(
            exception.Unprocessable, self.reopen, key
        )

        self.assertIn('discard', str(error))

    def test_not_beyond_the_quota(self):
        made = self.ready()
        self.resize(made.id)
        key = self.record(made.id, 'resize_volume')
        self.reject(made.id, 'resize_volume', key)
        quota.set_limits(self.conf, base.ALICE, {'volumes': 2})

        self.assertRaises(exception.QuotaExceeded, self.reopen, key)

        self.assertEqual('ERROR', self.get(made.id).status)

    def test_a_message_that_began_no_task(self):
        made = self.ready()
        key = self.record(made.id, 'create_backup')
        self.reject(made.id, 'create_backup', key)

        self.assertFalse(self.reopen(key))

        self.assertEqual('ACTIVE', self.get(made.id).status)

    def test_what_is_gone(self):
        made = self.create()
        key = self.record(made.id, 'create_instance')
        self.reject(made.id, 'create_instance', key)
        instances.mark_deleted(made.id)

        self.assertRaises(exception.InstanceNotFound, self.reopen, key)
        self.assertRaises(exception.NotFound, self.reopen, 'nope')


class TestDropSettled(TestCase):
    def settle(self, instance_id, **columns):
        """End the task as a task manager of released Trove does."""
        self.change(
            instance_id, **{'task_id': Task.NONE.code, **columns}
        )

    def test_work_that_was_done_by_another_release(self):
        made = self.ready()
        self.resize(made.id)
        self.settle(made.id, volume_size=4)

        self.assertTrue(tasks.drop_settled(made.id))

        self.assertIsNone(workflows.get_workflow(made.id))
        self.assertEqual('ACTIVE', self.get(made.id).status)
        (used,) = (
            each
            for each in quota.usages(self.conf, base.ALICE)
            if each.resource == 'volumes'
        )
        self.assertEqual((4, 0), (used.in_use, used.reserved))
        instances.mark_deleted(made.id)
        (used,) = (
            each
            for each in quota.usages(self.conf, base.ALICE)
            if each.resource == 'volumes'
        )
        self.assertEqual((0, 0), (used.in_use, used.reserved))

    def test_what_was_built_by_another_release(self):
        made = self.create()
        self.settle(made.id)

        self.assertTrue(tasks.drop_settled(made.id))

        self.assertEqual('ACTIVE', self.get(made.id).status)

    def test_what_failed_there_takes_no_quota(self):
        for columns in (
            {'server_status': 'ERROR'},
            {'task_id': Task.BUILDING_ERROR_SERVER.code},
        ):
            made = self.ready()
            self.resize(made.id)
            self.settle(made.id, **columns)

            self.assertTrue(tasks.drop_settled(made.id))

            self.assertEqual(0, self.reserved())
            self.assertEqual('ERROR', self.get(made.id).status)

    def test_work_that_waits_or_goes_on_stays(self):
        made = self.ready()
        self.assertFalse(tasks.drop_settled(made.id))
        self.restart(made.id)
        self.assertFalse(tasks.drop_settled(made.id))
        self.claim(made.id, 'restart')
        self.settle(made.id)

        self.assertFalse(tasks.drop_settled(made.id))
        self.assertFalse(tasks.drop_settled('nope'))

        self.assertIsNotNone(workflows.get_workflow(made.id))
