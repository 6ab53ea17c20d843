# SPDX-License-Identifier: Apache-2.0
"""What guests report now and then: root, ends and failures."""

from __future__ import annotations

from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.objects import root
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.conductor import test_manager
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus


class TestReportRoot(test_manager.ConductorTestCase):
    def test_root_is_written_down(self):
        context = trove_context.TroveContext(
            user_id='user-1', project_id=scene.PROJECT, overwrite=False
        )

        self.conductor.report_root(context, self.instance_id)

        self.assertIsNotNone(root.history(self.instance_id))
        self.assertEqual('user-1', root.history(self.instance_id).user)

    def test_user_that_release_8_names(self):
        self.conductor.report_root(self.released, self.instance_id, 'user-8')

        self.assertEqual('user-8', root.history(self.instance_id).user)

    def test_a_report_that_is_late(self):
        # Given a user who has enabled and disabled root meanwhile
        root.record_enabled(self.instance_id, 'user-1')
        root.record_disabled(self.instance_id)

        self.conductor.report_root(self.released, self.instance_id, 'user-8')

        self.assertFalse(root.is_enabled(self.instance_id))
        self.assertEqual('user-1', root.history(self.instance_id).user)

    def test_message_of_another_project(self):
        self.conductor.report_root(self.foreign, self.instance_id)

        self.assertIsNone(root.history(self.instance_id))
        self.assert_refused('project-2')

    def test_administrator_whom_a_released_guest_quotes(self):
        admin = trove_context.make_admin_context(project_id='admins')

        self.conductor.report_root(admin, self.instance_id)

        self.assertIsNotNone(root.history(self.instance_id))

    def test_administrator_whom_a_guest_of_ours_quotes(self):
        scene.Guest(self.instance_id).report(Status.HEALTHY)
        admin = trove_context.make_admin_context(project_id='admins')

        self.conductor.report_root(admin, self.instance_id)

        self.assertIsNone(root.history(self.instance_id))
        self.assert_refused('admins')


class TestNotifications(test_manager.ConductorTestCase):
    def said(self, instance_id=None):
        return {
            'instance_id': instance_id or self.instance_id,
            'notification_classname': 'x.DBaaSInstanceCreate',
            'request_id': 'req-1',
        }

    def test_failure_becomes_a_fault_and_leaves_the_task_alone(self):
        self.conductor.notify_exc_info(
            self.guest_context,
            self.said(),
            'initdb failed',
            ['Traceback:\n', ' no space\n'],
        )

        shown = self.shown(self.instance_id)
        self.assertEqual('initdb failed', shown.fault.message)
        self.assertEqual('Traceback:\n no space\n', shown.fault.details)
        self.assertEqual(states.Task.BUILDING, shown.task)
        self.assertEqual('BUILD', shown.status)

    def test_passwords_are_masked(self):
        self.conductor.notify_exc_info(
            self.guest_context,
            self.said(),
            "{'password': 'very-secret'}",
            ["{'admin_password': 'very-secret'}"],
        )

        fault = self.shown(self.instance_id).fault
        self.assertNotIn('very-secret', fault.message + fault.details)
        self.assertNotIn('very-secret', self.logs.output)

    def test_of_a_long_failure_the_end_is_kept_without_secrets(self):
        """Whatever its length, so much is looked through, and kept."""
        lines = [f'password="very-secret {n}"\n' for n in range(50_000)]

        self.conductor.notify_exc_info(
            self.guest_context,
            self.said(),
            "{'password': 'very-secret" * 50_000,
            [*lines, 'the end'],
        )

        fault = self.shown(self.instance_id).fault
        self.assertNotIn('very-secret', fault.message + fault.details)
        self.assertTrue(fault.details.endswith('the end'))
        self.assertLessEqual(len(fault.details), 16_000)
        self.assertLessEqual(len(fault.message), 4000)

    def test_failure_of_another_instance(self):
        self.conductor.notify_exc_info(
            self.foreign, self.said(), 'haha', ['x']
        )

        self.assertIsNone(self.shown(self.instance_id).fault)
        self.assert_refused('project-2')

    def test_failure_of_no_instance(self):
        for said in ({}, None, {'instance_id': test_manager.UNKNOWN}):
            self.conductor.notify_exc_info(
                self.guest_context, said, 'm', ['x']
            )

        # Two of them are alike.
        self.assertEqual(2, self.logs.output.count('Refused notify_exc_info'))

    def test_failure_of_an_instance_that_is_deleted_meanwhile(self):
        gone = exception.InstanceNotFound(id=self.instance_id)
        with mock.patch.object(instances, 'add_fault', side_effect=gone):
            self.conductor.notify_exc_info(
                self.guest_context, self.said(), 'm', ['x']
            )

        self.assertIn('has just been deleted', self.logs.output)

    def test_end_is_taken_note_of(self):
        self.conductor.notify_end(self.guest_context, self.said(), {})

        self.assertIn('succeeded', self.logs.output)

    def test_end_of_another_projects_instance(self):
        self.conductor.notify_end(self.foreign, self.said(), {})

        self.assert_refused('project-2')
