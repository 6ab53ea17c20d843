# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import hypothesis
from hypothesis import strategies
import testtools

from trove.common import exception
from trove.objects.instance import states

Task = states.Task
Status = states.ServiceStatus

SERVERS = (
    None,
    'ACTIVE',
    'BUILD',
    'DELETED',
    'ERROR',
    'HEALTHY',
    'REBOOT',
    'SHUTDOWN',
    'VERIFY_RESIZE',
    'nobody knows',
)


def word(task=Task.NONE, server_status='ACTIVE', deleted=False, backup=False):
    return states.status(
        deleted=deleted,
        task=task,
        server_status=server_status,
        backing_up=backup,
    )


def refusal(
    wanted,
    task=Task.NONE,
    service_status=Status.HEALTHY,
    backing_up=False,
    replicas=(),
):
    return states.refusal_to_begin(
        wanted,
        instance_id='i',
        task=task,
        service_status=service_status,
        backing_up=backing_up,
        replicas=replicas,
    )


class TestNumbers(testtools.TestCase):
    def test_codes_of_tasks_are_the_released_ones(self):
        self.assertEqual(
            {
                'NONE': 1,
                'DELETING': 2,
                'REBOOTING': 3,
                'RESIZING': 4,
                'BUILDING': 5,
                'BUILDING_ERROR_SERVER': 0x51,
                'UPGRADING': 0x59,
                'BUILDING_ERROR_TIMEOUT_GA': 0x5B,
            },
            {
                name: Task[name].code
                for name in (
                    'NONE',
                    'DELETING',
                    'REBOOTING',
                    'RESIZING',
                    'BUILDING',
                    'BUILDING_ERROR_SERVER',
                    'UPGRADING',
                    'BUILDING_ERROR_TIMEOUT_GA',
                )
            },
        )

    def test_each_task_is_found_by_its_code(self):
        for task in Task:
            self.assertIs(task, Task.from_code(task.code))

    def test_no_code_is_no_task(self):
        self.assertIs(Task.NONE, Task.from_code(None))

    def test_a_code_of_a_newer_release_is_a_task_that_goes_on(self):
        self.assertFalse(Task.from_code(0x7F).is_idle)

    def test_upgrading_is_no_error(self):
        self.assertFalse(Task.UPGRADING.is_error)
        self.assertTrue(Task.UPGRADING_ERROR.is_error)

    def test_each_service_status_is_found_by_its_description(self):
        for status in Status:
            self.assertIs(
                status, Status.from_description(status.description)
            )

    def test_each_service_status_is_found_by_its_code(self):
        for status in set(Status) - {Status.UPGRADING}:
            self.assertIs(status, Status.from_code(status.code))
        self.assertIs(Status.RESTARTING, Status.from_code(0x22))

    def test_unknown_codes_and_descriptions(self):
        self.assertIs(Status.UNKNOWN, Status.from_code(None))
        self.assertIs(Status.UNKNOWN, Status.from_code(0x7F))
        error = self.assertRaises(
            ValueError, Status.from_description, 'sleepy'
        )
        self.assertIn('sleepy', str(error))


class TestStatus(testtools.TestCase):
    def test_every_combination_has_a_word(self):
        for task, server, deleted, backup in itertools.product(
            Task, SERVERS, (False, True), (False, True)
        ):
            self.assertIn(
                word(task, server, deleted, backup), states.STATUS_WORDS
            )

    @hypothesis.given(
        task=strategies.sampled_from(Task),
        server=strategies.one_of(strategies.none(), strategies.text()),
        backup=strategies.booleans(),
    )
    def test_only_what_is_idle_is_active(self, task, server, backup):
        if word(task, server, backup=backup) == 'ACTIVE':
            self.assertIn(task, (Task.NONE, Task.UPDATING))
            self.assertFalse(backup)
            self.assertNotEqual('ERROR', server)

    def test_words(self):
        for expected, values in (
            ('ACTIVE', {}),
            ('ACTIVE', {'server_status': None}),
            ('ACTIVE', {'server_status': 'HEALTHY'}),
            ('BACKUP', {'backup': True}),
            ('BUILD', {'task': Task.BUILDING, 'server_status': 'ACTIVE'}),
            ('ERROR', {'task': Task.BUILDING, 'server_status': 'ERROR'}),
            ('ERROR', {'task': Task.BUILDING_ERROR_SERVER}),
            ('ERROR', {'task': Task.BUILDING_ERROR_TIMEOUT_GA}),
            ('ERROR', {'server_status': 'ERROR'}),
            ('ERROR', {'task': Task.DELETING, 'server_status': 'ERROR'}),
            ('REBOOT', {'task': Task.REBOOTING}),
            ('REBOOT', {'task': Task.REBOOTING, 'server_status': 'ERROR'}),
            ('RESIZE', {'task': Task.RESIZING, 'backup': True}),
            ('RESIZE', {'server_status': 'VERIFY_RESIZE'}),
            ('RESTART_REQUIRED', {'task': Task.RESTART_REQUIRED}),
            ('PROMOTE', {'task': Task.PROMOTING}),
            ('EJECT', {'task': Task.EJECTING}),
            ('UPGRADE', {'task': Task.UPGRADING}),
            ('DETACH', {'task': Task.DETACHING}),
            ('SHUTDOWN', {'task': Task.DELETING, 'server_status': 'BUILD'}),
            ('SHUTDOWN', {'deleted': True, 'server_status': 'ERROR'}),
            ('UNKNOWN', {'server_status': 'PAUSED'}),
        ):
            self.assertEqual(expected, word(**values), values)

    def test_operating_status_is_empty_while_a_task_goes_on(self):
        for task, status in itertools.product(Task, Status):
            self.assertEqual(
                status.api_word if task is Task.NONE else '',
                states.operating_status(task=task, service_status=status),
            )


class TestRefusals(testtools.TestCase):
    def assert_refused(self, expected, got):
        self.assertIsInstance(got, expected)
        self.assertIs(expected, type(got))

    def test_a_ready_instance_takes_tasks(self):
        for wanted in (Task.REBOOTING, Task.RESIZING, Task.DELETING):
            self.assertIsNone(refusal(wanted))

    def test_one_that_needs_a_restart_takes_tasks(self):
        self.assertIsNone(
            refusal(
                Task.REBOOTING,
                task=Task.RESTART_REQUIRED,
                service_status=Status.RESTART_REQUIRED,
            )
        )

    def test_a_busy_one_is_busy(self):
        for task in set(Task) - {Task.BUILDING}:
            if task.is_idle or task.is_error:
                continue
            got = refusal(Task.REBOOTING, task=task)
            self.assert_refused(exception.InstanceBusy, got)
            self.assertIn(task.text, str(got))

    def test_one_that_is_being_built_is_not_ready(self):
        got = refusal(Task.REBOOTING, task=Task.BUILDING)
        self.assert_refused(exception.Unprocessable, got)

    def test_one_in_error_can_only_be_deleted(self):
        for task in Task:
            if task.is_error:
                got = refusal(Task.RESIZING, task=task)
                self.assert_refused(exception.Unprocessable, got)
                self.assertIsNone(refusal(Task.DELETING, task=task))

    def test_service_status_decides(self):
        allowed = {
            Status.RUNNING,
            Status.SHUTDOWN,
            Status.CRASHED,
            Status.BLOCKED,
            Status.HEALTHY,
            Status.RESTART_REQUIRED,
        }
        for status in Status:
            got = refusal(Task.REBOOTING, service_status=status)
            if status in allowed:
                self.assertIsNone(got)
            else:
                self.assert_refused(exception.Unprocessable, got)
                self.assertIn(status.api_word, str(got))

    def test_a_backup_is_waited_for(self):
        got = refusal(Task.RESIZING, backing_up=True)
        self.assert_refused(exception.Unprocessable, got)
        self.assertIsNone(refusal(Task.DELETING, backing_up=True))

    def test_anything_is_deleted_whatever_goes_on(self):
        others_wait = {Task.PROMOTING, Task.EJECTING}
        for task, status in itertools.product(Task, Status):
            got = refusal(Task.DELETING, task=task, service_status=status)
            if task in others_wait:
                self.assert_refused(exception.InstanceBusy, got)
            else:
                self.assertIsNone(got)

    def test_a_source_of_replicas_is_not_deleted(self):
        got = refusal(Task.DELETING, replicas=('r2', 'r1'))
        self.assert_refused(exception.Forbidden, got)
        self.assertIn('r1, r2', str(got))

    def test_the_guest_is_asked_only_when_the_database_runs(self):
        for task, status in itertools.product(Task, Status):
            got = states.refusal_to_ask(
                instance_id='i', task=task, service_status=status
            )
            runs = status in (
                Status.RUNNING,
                Status.HEALTHY,
                Status.RESTART_REQUIRED,
            )
            self.assertEqual(task.is_idle and runs, got is None)


class TestHeard(testtools.TestCase):
    def test_the_guest_is_believed(self):
        for known, said in itertools.product(Status, Status):
            if known is not Status.RESTART_REQUIRED:
                self.assertIs(said, states.heard(known, said, Task.NONE))

    def test_a_needed_restart_is_not_forgotten(self):
        known = Status.RESTART_REQUIRED
        for said, task, expected in (
            (Status.HEALTHY, Task.NONE, known),
            (Status.RUNNING, Task.RESTART_REQUIRED, known),
            (Status.CRASHED, Task.NONE, Status.CRASHED),
            (Status.HEALTHY, Task.REBOOTING, Status.HEALTHY),
        ):
            self.assertIs(expected, states.heard(known, said, task))
