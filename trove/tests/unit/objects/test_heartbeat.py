# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import time

import hypothesis
from hypothesis import strategies
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import instance as instances
from trove.tests.unit.objects import base

Status = instances.ServiceStatus
# A time with more digits than single precision holds.
NOW = 1_795_000_000.123456


class TestRecord(base.TestCase):
    def test_it_is_written_down(self):
        made = self.create()

        self.assertTrue(self.beat(made.id, 'HEALTHY', sent=NOW))

        beat = instances.heartbeat(made.id)
        self.assertIs(Status.HEALTHY, beat.status)
        self.assertEqual(NOW, beat.sent)
        self.assertEqual('1.4', beat.guest_version)
        self.assertIsNotNone(beat.status_updated_at)
        self.assertEqual('1.4', instances.guest_version(made.id))
        self.assertEqual('1.4', self.get(made.id).guest_version)

    def test_before_the_first(self):
        made = self.create()

        beat = instances.heartbeat(made.id)

        self.assertIs(Status.NEW, beat.status)
        self.assertIsNone(beat.sent)
        self.assertIsNone(instances.guest_version(made.id))
        self.assertIsNone(instances.heartbeat('nope'))

    def test_a_stale_one_is_dropped(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        for sent in (NOW - 0.001, NOW):
            self.assertFalse(
                self.beat(made.id, 'CRASHED', sent=sent, version='1.0')
            )

        beat = instances.heartbeat(made.id)
        self.assertEqual(
            (Status.HEALTHY, '1.4'), (beat.status, beat.guest_version)
        )
        self.assertIn(made.id, self.logs.output)

    def test_one_a_millisecond_newer_is_newer(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        self.assertTrue(self.beat(made.id, 'CRASHED', sent=NOW + 0.001))

        self.assertIs(Status.CRASHED, instances.heartbeat(made.id).status)

    def test_without_a_time_it_counts(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        for sent in (None, float('nan'), float('inf')):
            self.assertTrue(self.beat(made.id, 'CRASHED', sent=sent))

        self.assertEqual(NOW, instances.heartbeat(made.id).sent)

    def test_a_clock_that_was_ahead_is_not_believed_for_ever(self):
        made = self.create()
        now = time.time()
        self.assertTrue(self.beat(made.id, sent=now + 86400))

        self.assertTrue(self.beat(made.id, 'CRASHED', sent=now))

        self.assertEqual(now, instances.heartbeat(made.id).sent)

    def test_an_agent_that_was_rolled_back_is_not_what_it_was(self):
        made = self.create()
        self.beat(made.id, version='1.4')

        self.beat(made.id, version=None)

        self.assertIsNone(instances.guest_version(made.id))

    def test_without_a_status(self):
        made = self.ready()

        self.assertTrue(
            instances.record_heartbeat(
                made.id, status=None, guest_version='1.5', sent=None
            )
        )

        beat = instances.heartbeat(made.id)
        self.assertEqual(
            (Status.HEALTHY, '1.5'), (beat.status, beat.guest_version)
        )

    def test_a_needed_restart_stays_needed(self):
        made = self.ready()
        instances.set_service_status(made.id, Status.RESTART_REQUIRED)

        self.beat(made.id, 'HEALTHY')

        self.assertEqual(
            'RESTART_REQUIRED', self.get(made.id).operating_status
        )
        self.restart(made.id)
        self.beat(made.id, 'HEALTHY')
        self.assertIs(Status.HEALTHY, instances.heartbeat(made.id).status)

    def test_of_unknown_and_deleted_instances_nothing_is_written(self):
        gone = self.create()
        instances.mark_deleted(gone.id)

        for instance_id in (gone.id, 'nope'):
            self.assertFalse(self.beat(instance_id, sent=NOW))

        self.assertIn('nope', self.logs.output)
        self.assertIs(Status.DELETED, self.get(gone.id).service_status)
        with session.reader() as db:
            for table in (models.AgentHeartbeat, models.ConductorLastSeen):
                count = sa.select(sa.func.count()).select_from(table)
                self.assertEqual(0, db.scalar(count))


class TestRaces(base.TestCase):
    def test_the_first_ones_at_the_same_time(self):
        made = self.create()
        with session.writer() as db:
            db.execute(sa.delete(models.ServiceStatus))

        got = base.at_once(
            *[
                lambda sent=sent: self.beat(made.id, 'HEALTHY', sent=sent)
                for sent in (NOW, NOW + 1, NOW + 2, NOW + 3)
            ]
        )

        self.assertEqual(set(), set(got) - {True, False})
        self.assertIn(True, got)
        self.assertEqual(NOW + 3, instances.heartbeat(made.id).sent)
        with session.reader() as db:
            for table in (
                models.AgentHeartbeat,
                models.ConductorLastSeen,
                models.ServiceStatus,
            ):
                count = sa.select(sa.func.count()).select_from(table)
                self.assertEqual(1, db.scalar(count))

    def test_the_first_ones_of_many_instances(self):
        self.config(max_instances_per_tenant=-1)
        made = [self.create().id for _ in range(8)]

        got = base.at_once(
            *[
                lambda each=each: self.beat(each, sent=NOW)
                for each in made
            ]
        )

        self.assertEqual([True] * 8, got)

    def test_the_newest_holds_in_any_order(self):
        made = self.create()
        words = ('HEALTHY', 'CRASHED', 'SHUTDOWN')
        clock = itertools.count(int(NOW), 10)

        @hypothesis.given(order=strategies.permutations(range(3)))
        @hypothesis.settings(
            max_examples=6, deadline=None, derandomize=True, database=None
        )
        def check(order):
            start = next(clock)
            for index in order:
                self.beat(made.id, words[index], sent=start + index)
            self.assertIs(
                Status.SHUTDOWN, instances.heartbeat(made.id).status
            )

        check()

    def test_one_during_the_deletion(self):
        made = self.ready()
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        base.at_once(
            lambda: instances.mark_deleted(made.id, base.OWNER),
            lambda: self.beat(made.id, sent=NOW),
            lambda: self.beat(made.id, sent=NOW + 1),
        )

        self.assertIs(Status.DELETED, self.get(made.id).service_status)
