# SPDX-License-Identifier: Apache-2.0
"""Projects share the threads of a task manager."""

from __future__ import annotations

import itertools
import queue
import threading

from trove.objects import counts
from trove.taskmanager import recovery
from trove.taskmanager import threads
from trove.tests import base
from trove.tests.unit.taskmanager import scene

_TIMEOUT = 10


class Job:
    """Work that goes on until it is told to end."""

    def __init__(self, began: queue.Queue[Job]) -> None:
        self._began = began
        self._end = threading.Event()

    def __call__(self) -> None:
        self._began.put(self)
        self._end.wait(_TIMEOUT)

    def end(self) -> None:
        self._end.set()


class LanesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.lanes = threads.Lanes()
        self.draining = threading.Event()
        #: In the order in which they begin.
        self.began: queue.Queue[Job] = queue.Queue()

    def start(self, lane: str, most: int = 2) -> tuple[Job, threading.Thread]:
        """Start a job in a thread of its own, if it gets one."""
        job = Job(self.began)
        self.addCleanup(job.end)
        thread = threading.Thread(
            target=self.lanes.run, args=(lane, most, job, self.draining)
        )
        thread.start()
        self.addCleanup(thread.join, _TIMEOUT)
        return job, thread

    def begins(self) -> Job:
        return self.began.get(timeout=_TIMEOUT)

    def given_a_full_lane(self) -> list[Job]:
        """Two run, and three wait without a thread."""
        running = [self.start('one')[0] for _ in range(2)]
        for _ in running:
            self.begins()
        waiting = []
        for _ in range(3):
            job, thread = self.start('one')
            thread.join(_TIMEOUT)
            self.assertFalse(thread.is_alive())
            waiting.append(job)
        self.assertEqual(3, self.lanes.waiting)
        self.assertTrue(self.began.empty())
        return [*running, *waiting]

    def test_what_waits_runs_in_its_order(self) -> None:
        jobs = self.given_a_full_lane()

        for number, next_one in enumerate(jobs[2:]):
            jobs[number].end()
            self.assertIs(next_one, self.begins())

        self.assertEqual(0, self.lanes.waiting)

    def test_other_projects_do_not_wait(self) -> None:
        self.given_a_full_lane()

        job, _ = self.start('two')

        self.assertIs(job, self.begins())

    def test_more_threads(self) -> None:
        """The oldest comes first also when the option is raised."""
        jobs = self.given_a_full_lane()

        self.start('one', most=3)

        self.assertIs(jobs[2], self.begins())
        self.assertEqual(3, self.lanes.waiting)

    def test_one_that_fails_is_no_end_of_the_others(self) -> None:
        def fail() -> None:
            raise ValueError('wrong')

        job, thread = self.start('one', most=1)
        self.begins()
        self.lanes.run('one', 1, fail, self.draining)
        last, _ = self.start('one', most=1)

        job.end()

        self.assertIs(last, self.begins())
        self.assertIn('wrong', self.logs.output)
        last.end()
        thread.join(_TIMEOUT)
        self.assertIs(self.start('one', most=1)[0], self.begins())

    def test_what_waits_is_left_to_others_at_the_end(self) -> None:
        job, thread = self.start('one', most=1)
        self.begins()
        self.start('one', most=1)
        self.draining.set()

        job.end()

        thread.join(_TIMEOUT)
        self.assertTrue(self.began.empty())


class ProjectsTest(scene.TestCase):
    """Given a project whose guest agent does not come to an end."""

    def setUp(self) -> None:
        super().setUp()
        self.config(max_jobs_per_project=1, group='taskmanager')
        self.slow, guest = self.given_instance()
        self.waits, self.other = self.given_instance()
        self.began, self.end = threading.Event(), threading.Event()
        self.addCleanup(self.end.set)

        def restart(**_):
            self.began.set()
            self.end.wait(_TIMEOUT)
            guest.report(scene.Status.HEALTHY)

        guest.hooks['restart'] = restart
        self.thread = threading.Thread(target=self.restart, args=(self.slow,))

    def restart(self, instance_id):
        self.given_task(instance_id, scene.Task.REBOOTING, 'restart')
        self.manager.restart(self.context, instance_id)

    def given_one_that_waits(self):
        self.thread.start()
        self.assertTrue(self.began.wait(_TIMEOUT))
        # It returns, and the job is done by the thread of the other.
        self.restart(self.waits)

    def when_it_ends(self):
        self.end.set()
        self.thread.join(_TIMEOUT)

    def test_its_next_job_waits_without_a_thread(self):
        self.given_one_that_waits()
        self.assertEqual('REBOOT', self.shown(self.waits).status)
        self.assertNotIn('restart', self.other.asked)
        self.assertEqual({'running': 1, 'waiting': 1}, counts.jobs())
        # Its own task manager does not take it for lost.
        times = itertools.count(0, 1000)
        own = recovery.Recovery(self.env, lambda: next(times))
        for _ in range(2):
            own.look()
        own.wait()
        self.assertNotIn('restart', self.other.asked)

        self.when_it_ends()

        self.assertIn('restart', self.other.asked)
        for each in self.slow, self.waits:
            self.assertEqual('ACTIVE', self.shown(each).status)
        self.assertEqual(0, len(self.env.running))

    def test_deletions_and_other_projects_go_on(self):
        self.given_one_that_waits()
        third = self.given_request()
        self.given_task(third, scene.Task.DELETING, 'delete_instance')

        self.manager.delete_instance(self.context, third)

        self.assertTrue(self.shown(third).deleted)
        self.when_it_ends()

    def test_one_that_is_deleted_while_it_waits(self):
        self.given_one_that_waits()
        self.given_task(self.waits, scene.Task.DELETING, 'delete_instance')
        self.manager.delete_instance(self.context, self.waits)

        self.when_it_ends()

        self.assertTrue(self.shown(self.waits).deleted)
        self.assertNotIn('restart', self.other.asked)

    def test_it_is_resumed_when_its_task_manager_dies(self):
        self.given_one_that_waits()
        self.env.draining.set()
        self.when_it_ends()
        self.assertNotIn('restart', self.other.asked)

        recovery.Recovery(self.env).release()
        self.when_recovered()

        self.assertIn('restart', self.other.asked)
        self.assertEqual('ACTIVE', self.shown(self.waits).status)
