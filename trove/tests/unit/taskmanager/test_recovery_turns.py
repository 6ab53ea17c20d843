# SPDX-License-Identifier: Apache-2.0
"""Which work is taken over, and which is left to who does it."""

from __future__ import annotations

import datetime
from unittest import mock

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import service as services
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager import owner
from trove.taskmanager import recovery
from trove.taskmanager import workflows
from trove.taskmanager.workflows import runner
from trove.tests.unit.taskmanager import test_recovery

Status = states.ServiceStatus
Task = states.Task


class TestWhoseTurn(test_recovery.RecoveryTestCase):
    """Only work that nobody does is taken over."""

    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance()
        self.given_task(self.instance_id, Task.REBOOTING, 'restart')

    def given_kill(self):
        self.when_killed(
            ('restart the database', False),
            self.manager.restart,
            self.context,
            self.instance_id,
        )

    def assert_left_alone(self):
        self.assertEqual([], self.guest.asked)
        self.assertEqual('REBOOT', self.shown(self.instance_id).status)

    def report(self, *_):
        services.report('trove-taskmanager', 'tm-1', {}, '27')

    def test_owner_that_reports_itself_is_left_alone(self):
        self.given_kill()

        self.when_recovered(seconds=600, between=self.report)

        self.assert_left_alone()

    def test_owner_that_has_stopped_to_report_is_not(self):
        self.report()
        self.given_kill()

        self.when_recovered(seconds=50)
        self.assert_left_alone()

        self.when_recovered(seconds=60)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_owner_that_has_not_reported_yet_gets_its_time(self):
        self.given_kill()

        self.when_recovered(
            seconds=90, between=lambda now: now >= 50 and self.report()
        )

        self.assert_left_alone()

    def test_owner_that_never_reports_is_given_up_at_last(self):
        self.given_kill()

        self.when_recovered(seconds=50)
        self.assert_left_alone()

        self.when_recovered(seconds=60)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_clock_of_another_host_may_be_wrong(self):
        self.given_kill()
        long_ago = timeutils.utcnow() - datetime.timedelta(days=1)

        def report(now):
            then = long_ago + datetime.timedelta(seconds=now)
            with mock.patch.object(timeutils, 'utcnow', lambda *_: then):
                self.report()

        self.when_recovered(seconds=600, between=report)

        self.assert_left_alone()

    def test_time_without_a_database_does_not_count(self):
        # Given: nobody could report while the database was away.
        self.report()
        self.given_kill()
        now = 0
        other = recovery.Recovery(self.environment('tm-2'), lambda: now)
        self.addCleanup(other.stop)
        other.look()
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(
            instance_workflows, 'workflows', side_effect=gone
        ):
            while now < 110:
                now += 10
                self.assertRaises(exception.ServiceUnavailable, other.look)

        # When: it is back, and the others have not reported yet.
        now = 120
        other.look()
        other.wait()

        self.assert_left_alone()

    def test_work_that_was_released_is_taken_over_at_once(self):
        self.report()
        self.given_kill()
        own = recovery.Recovery(self.env)
        self.addCleanup(own.stop)

        own.release()

        self.assertEqual(
            owner.RELEASED,
            instance_workflows.get_workflow(self.instance_id).owner,
        )
        self.when_recovered(seconds=0)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertIn('its task manager was stopped', self.logs.output)

    def test_work_of_others_is_not_released(self):
        self.given_kill()
        before = instance_workflows.get_workflow(self.instance_id)

        recovery.Recovery(self.environment('tm-2')).release()

        after = instance_workflows.get_workflow(self.instance_id)
        self.assertEqual(before, after)

    def test_work_is_running_from_when_it_is_taken_over(self):
        self.given_kill()
        own = self.environment('tm-2')
        running = []
        adopt = instance_workflows.adopt

        def adopted(*args):
            running.append(len(own.running))
            return adopt(*args)

        with (
            mock.patch.object(self, 'environment', lambda _: own),
            mock.patch.object(instance_workflows, 'adopt', adopted),
        ):
            self.when_recovered()

        self.assertEqual([1], running)
        self.assertEqual(0, len(own.running))

    def test_error_of_the_runner_is_told(self):
        self.given_kill()
        own = self.environment('tm-2')

        with (
            mock.patch.object(self, 'environment', lambda _: own),
            mock.patch.object(runner, 'carry_on', side_effect=KeyError),
        ):
            self.when_recovered()

        self.assertIn('Could not resume restart', self.logs.output)
        self.assertEqual(0, len(own.running))

    def test_work_of_a_conductor_of_that_name_does_not_count(self):
        self.given_kill()

        self.when_recovered(
            between=lambda _: services.report(
                'trove-conductor', 'tm-1', {}, '27'
            )
        )

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_own_work_that_runs_is_left_alone(self):
        looks = []

        def look(**_):
            other = recovery.Recovery(self.env)
            other.look()
            other.wait()
            work = instance_workflows.get_workflow(self.instance_id)
            looks.append(work.owner)

        self.guest.hooks['restart'] = look

        self.manager.restart(self.context, self.instance_id)

        self.assertEqual(1, self.guest.asked.count('restart'))
        self.assertEqual(1, len(looks))
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_own_work_that_was_dropped_is_found(self):
        # Given: the database went away under a workflow, for long.
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(tasks, 'end_task', side_effect=gone):
            self.manager.restart(self.context, self.instance_id)
        self.assertEqual('REBOOT', self.shown(self.instance_id).status)
        self.assertIn('Repair the database', self.logs.output)

        own = recovery.Recovery(self.env)
        own.look()
        own.wait()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_request_whose_message_may_still_come_is_left_alone(self):
        self.when_recovered(seconds=10)

        self.assert_left_alone()

    def test_request_whose_message_was_lost_is_done_without_it(self):
        self.when_recovered(seconds=15)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertIn('restart', self.guest.asked)
        asked = self.guest.asked
        # And: should the message come after all, it is left alone.
        self.manager.restart(self.context, self.instance_id)
        self.assertEqual(asked, self.guest.asked)

    def test_creation_whose_message_was_lost_ends_with_a_fault(self):
        instance_id = self.given_request(name='lost')

        self.when_recovered(seconds=50)
        self.assertEqual('BUILD', self.shown(instance_id).status)

        self.when_recovered(seconds=60)
        self.assert_fault(
            instance_id,
            'Could not begin',
            'message was lost',
            self.context.request_id,
        )

    def test_creation_may_be_in_line_at_another_task_manager(self):
        services.report('trove-taskmanager', 'tm-1', {}, '27', started=True)
        self.config(usage_timeout=120)
        instance_id = self.given_request(name='in line')

        self.when_recovered(seconds=110, between=self.report)
        self.assertEqual('BUILD', self.shown(instance_id).status)

        self.when_recovered(seconds=120, between=self.report)
        self.assert_fault(instance_id, 'Could not begin', 'message was lost')

    def test_creation_is_in_no_line_that_began_after_it(self):
        self.config(usage_timeout=120)
        instance_id = self.given_request(name='in no line')
        services.report('trove-taskmanager', 'tm-1', {}, '27', started=True)
        # By the clock of the database, which counts whole seconds.
        later = timeutils.utcnow() + datetime.timedelta(seconds=5)
        with session.writer() as db:
            db.execute(sa.update(models.Service).values(started_at=later))

        self.when_recovered(seconds=60, between=self.report)

        self.assert_fault(instance_id, 'message was lost')

    def test_creation_in_line_at_a_dead_task_manager_is_lost(self):
        services.report('trove-taskmanager', 'tm-1', {}, '27', started=True)
        self.config(usage_timeout=120)
        instance_id = self.given_request(name='lost')

        self.when_recovered(seconds=60)

        self.assert_fault(instance_id, 'message was lost')

    def test_message_may_wait_for_a_task_manager_that_has_room(self):
        self.config(executor_thread_pool_size=1)
        self.env.running.add('other')

        with mock.patch.object(self, 'environment', lambda _: self.env):
            self.when_recovered(seconds=600)

        self.assert_left_alone()

    def test_only_one_of_two_takes_over(self):
        self.given_kill()
        recovery.Recovery(self.env).release()
        row = instance_workflows.get_workflow(self.instance_id)
        environments = self.environment('tm-2'), self.environment('tm-3')
        first, second = map(recovery.Recovery, environments)

        with mock.patch.object(instance_workflows, 'workflows', lambda: [row]):
            for each in (first, second):
                each.look()
            for each in (first, second):
                each.wait()

        self.assertEqual(['rpc_ping', 'restart'], self.guest.asked)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual([0, 0], [len(each.running) for each in environments])

    def test_former_owner_that_wakes_up_stops(self):
        # Given: a task manager that slept through its being given up.
        def sleep(**_):
            self.guest.hooks['restart'] = lambda **_: self.guest.report(
                Status.HEALTHY
            )
            self.when_recovered()

        self.guest.hooks['restart'] = sleep

        self.manager.restart(self.context, self.instance_id)

        self.assertEqual(2, self.guest.asked.count('restart'))
        self.assertIn('adopted or cancelled', self.logs.output)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_work_of_a_later_release_is_left_alone(self):
        self.given_kill()
        instance = instance_workflows.get_workflow(self.instance_id)

        with mock.patch.object(workflows, 'WORKFLOWS', {}):
            self.when_recovered()

        self.assert_left_alone()
        self.assertEqual(
            instance, instance_workflows.get_workflow(self.instance_id)
        )
        self.assertIn('Upgrade it', self.logs.output)
