# SPDX-License-Identifier: Apache-2.0
"""The runner: through the steps of work, and back when one fails."""

from __future__ import annotations

from collections.abc import Callable
import functools
from unittest import mock

import fixtures

from trove.common import exception
from trove.objects.instance import states
from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import runner
from trove.tests.unit.taskmanager import scene

REASON = 'its task manager died.'
NAMES = ('one', 'two', 'three')


class Work(base.Workflow):
    """Three steps, each with its way back.

    :ivar done: what was done and undone, in its order
    :ivar on: by the name of a step, what happens in it
    """

    action = 'create_instance'

    def __init__(self, env, context, instance_id):
        super().__init__(env, context, instance_id)
        self.done: list[str] = []
        self.on: dict[str, Callable[[], object]] = {}
        self.knows_all = True
        self.may_go_on = True

    def steps(self):
        return [
            base.Step(
                name,
                functools.partial(self.act, name),
                'Try again.',
                functools.partial(self.act, f'undo {name}'),
                failed=states.Task.BUILDING_ERROR_VOLUME,
            )
            for name in NAMES
        ]

    def act(self, name):
        self.done.append(name)
        self.on.get(name, lambda: None)()

    @property
    def complete(self):
        return self.knows_all

    def resumable(self, step):
        return self.may_go_on


class RunnerTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id = self.given_request()
        self.work = Work(self.env, self.context, self.instance_id)

    @property
    def row(self):
        return instance_workflows.get_workflow(self.instance_id)

    def given_error(self, name, error):
        def fail():
            raise error

        self.work.on[name] = fail

    def assert_done(self, *names):
        self.assertEqual(list(names), self.work.done)
        self.assertEqual(0, len(self.env.running))


class TestRun(RunnerTestCase):
    def test_steps_are_written_down_and_done_in_their_order(self):
        seen = []
        for name in NAMES:
            self.work.on[name] = lambda: seen.append(self.row.step)

        runner.run(self.work)

        self.assert_done(*NAMES)
        self.assertEqual(list(NAMES), seen)
        self.assertIsNone(self.row)

    def test_its_log_has_its_steps(self):
        runner.run(self.work)

        name = f'Instance {self.instance_id}: '
        self.assertEqual(
            [
                f'create_instance begins, request {self.context.request_id}.',
                'create_instance: one.',
                'create_instance: two.',
                'create_instance: three.',
                'create_instance done.',
            ],
            [
                line.removeprefix(name)
                for line in self.logs.output.splitlines()
                if line.startswith(name)
            ],
        )

    def test_its_log_has_what_it_waits_for(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.patience.FIRST', 0.02)
        )
        self.work.on['two'] = lambda: self.work.wait(lambda: None, 0.1)

        runner.run(self.work)

        self.assertIn(
            f'Instance {self.instance_id}: create_instance: two: waiting for',
            self.logs.output,
        )

    def test_work_is_running_until_it_is_done(self):
        self.work.on['one'] = lambda: self.assertIn(
            self.work.owner, self.env.running
        )

        runner.run(self.work)

        self.assert_done(*NAMES)

    def test_message_that_is_not_current_is_left_alone(self):
        runner.run(self.work)
        self.work.done.clear()

        runner.run(self.work)

        self.assert_done()
        self.assertIn('Ignoring stale message', self.logs.output)

    def test_it_does_not_begin_without_a_database(self):
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(
            instance_workflows, 'claim_workflow', side_effect=gone
        ):
            runner.run(self.work)

        self.assert_done()
        self.assertIn('Could not start create_instance', self.logs.output)

    def test_a_stop_ends_it_where_it_is(self):
        self.work.on['one'] = self.env.stopping.set

        runner.run(self.work)

        self.assert_done('one')
        self.assertEqual(self.work.owner, self.row.owner)

    def test_it_ends_when_another_one_takes_over(self):
        for last in 'one', 'three':
            instance_id = self.given_request(name=last)
            self.work = Work(self.env, self.context, instance_id)
            self.work.on[last] = lambda: instance_workflows.adopt(
                self.work.instance_id, self.work.owner, 'tm-9:m:1:1#1'
            )

            runner.run(self.work)

            self.assert_done(*NAMES[: NAMES.index(last) + 1])
            self.assertNotIn('create_instance done', self.logs.output)

    def test_what_was_made_of_a_deleted_instance_is_removed(self):
        self.work.on['two'] = lambda: self.given_task(
            self.instance_id, scene.Task.DELETING, 'delete_instance'
        )

        runner.run(self.work)

        self.assert_done('one', 'two', 'undo two')

    def test_without_the_database_it_is_left_where_it_is(self):
        self.given_error('two', base.DatabaseGone('the database is away'))

        runner.run(self.work)

        self.assert_done('one', 'two')
        self.assertEqual('two', self.row.step)
        self.assertIn('Repair the database', self.logs.output)


class TestFailure(RunnerTestCase):
    def when_it_fails(self, error=None):
        self.given_error('two', error or exception.CloudError('no host'))
        runner.run(self.work)
        return self.shown(self.instance_id).fault

    def test_steps_are_undone_the_last_one_first(self):
        fault = self.when_it_fails()

        self.assert_done('one', 'two', 'undo two', 'undo one')
        for part in 'Could not two: ', 'no host. Try again.':
            self.assertIn(part, fault.message)
        for part in (
            f'Request {self.context.request_id}, create_instance',
            'step "two", CloudError.',
            'All steps were undone',
        ):
            self.assertIn(part, fault.details)
        self.assertIsNone(self.row)
        self.assertIs(
            states.Task.BUILDING_ERROR_VOLUME,
            self.shown(self.instance_id).task,
        )

    def test_who_takes_over_goes_on_undoing(self):
        seen = []
        self.work.on['undo two'] = lambda: seen.append(self.row.step)

        self.when_it_fails()

        self.assertEqual(['undo: two'], seen)

    def test_an_undo_that_fails_is_told_and_the_others_are_done(self):
        self.given_error('undo two', exception.CloudError('it is stuck'))

        fault = self.when_it_fails()

        self.assert_done('one', 'two', 'undo two', 'undo one')
        self.assertIn('Not undone: "two" (', fault.message)
        self.assertIn('it is stuck', fault.message)
        self.assertIn('Delete the instance', fault.details)
        self.assertNotIn('removed again', fault.details)

    def test_remedy_that_the_error_says_itself(self):
        fault = self.when_it_fails(
            exception.ObjectStoreFull(
                action='write', reason='no room', remedy='Delete backups.'
            )
        )

        self.assertEqual(1, fault.message.count('Delete backups.'))

    def test_remedy_of_the_error_goes_before_that_of_the_step(self):
        fault = self.when_it_fails(
            base.StepFailed(reason='it is full', remedy='Make room.')
        )

        self.assertIn('it is full. Make room.', fault.message)
        self.assertNotIn('Try again.', fault.message)

    def test_error_without_a_text_is_told_by_its_name(self):
        fault = self.when_it_fails(ZeroDivisionError())

        self.assertIn('Could not two: ZeroDivisionError.', fault.message)

    def test_passwords_are_not_told(self):
        fault = self.when_it_fails(ValueError("{'password': 'very-secret'}"))

        self.assertNotIn('very-secret', fault.details)


class TestCarryOn(RunnerTestCase):
    def setUp(self):
        super().setUp()
        instance_workflows.adopt(self.instance_id, None, self.work.owner)

    def when_carried_on(self, step):
        runner.carry_on(self.work, step, REASON)

    def test_it_goes_on_with_the_step_that_was_begun(self):
        self.when_carried_on('two')

        self.assert_done('two', 'three')

    def test_steps_of_before_are_undone_as_well(self):
        self.given_error('two', exception.CloudError('no host'))

        self.when_carried_on('two')

        self.assert_done('two', 'undo two', 'undo one')

    def test_a_step_that_sleeps_is_not_logged_at_each_look(self):
        self.when_carried_on('two')

        self.assertNotIn('create_instance: two', self.logs.output)
        self.assertNotIn('begins', self.logs.output)
        self.assertIn('create_instance: three', self.logs.output)

    def test_what_cannot_go_on_is_undone(self):
        self.work.may_go_on = False

        self.when_carried_on('two')

        self.assert_done('undo two', 'undo one')
        self.assert_fault(self.instance_id, 'Could not two', 'died')

    def test_what_was_being_undone_is_undone(self):
        self.when_carried_on('undo: two')

        self.assert_done('undo two', 'undo one')

    def test_a_step_that_is_not_known_here(self):
        self.when_carried_on('dance')

        self.assert_done(*NAMES)

    def test_a_step_that_is_not_known_of_work_that_is_not_either(self):
        self.work.knows_all = False

        self.when_carried_on('dance')

        self.assert_done('undo three', 'undo two', 'undo one')

    def test_what_nobody_had_begun_has_nothing_to_undo(self):
        self.work.knows_all = False

        self.when_carried_on(None)

        self.assert_done()
        self.assert_fault(self.instance_id, 'Could not begin', 'died')
