# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import hypothesis
from hypothesis import strategies
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.fixtures import reports
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base

Status = states.ServiceStatus
NOW = base.NOW


class TestRecord(base.TestCase):
    def test_it_is_written_down(self):
        made = self.create()

        self.assertTrue(self.beat(made.id, 'HEALTHY', sent=NOW))

        beat = heartbeats.heartbeat(made.id)
        self.assertIs(Status.HEALTHY, beat.status)
        self.assertEqual(NOW, beat.sent)
        self.assertEqual('1.4', beat.guest_version)
        self.assertIsNotNone(beat.status_updated_at)
        self.assertEqual('1.4', guest_versions.guest_version(made.id))
        self.assertEqual('1.4', self.get(made.id).guest_version)

    def test_before_the_first(self):
        made = self.create()

        beat = heartbeats.heartbeat(made.id)

        self.assertIs(Status.NEW, beat.status)
        self.assertIsNone(beat.sent)
        self.assertIsNone(guest_versions.guest_version(made.id))
        self.assertIsNone(heartbeats.heartbeat('nope'))

    def test_a_stale_one_is_dropped(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        for sent in (NOW - 0.001, NOW):
            self.assertFalse(
                self.beat(made.id, 'CRASHED', sent=sent, version='1.0')
            )

        beat = heartbeats.heartbeat(made.id)
        self.assertEqual(
            (Status.HEALTHY, '1.4'), (beat.status, beat.guest_version)
        )
        self.assertIn(made.id, self.logs.output)

    def test_one_a_millisecond_newer_is_newer(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        self.assertTrue(self.beat(made.id, 'CRASHED', sent=NOW + 0.001))

        self.assertIs(Status.CRASHED, heartbeats.heartbeat(made.id).status)

    def test_without_a_time_it_counts(self):
        made = self.create()
        self.beat(made.id, 'HEALTHY', sent=NOW)

        for sent in (None, float('nan'), float('inf')):
            self.assertTrue(self.beat(made.id, 'CRASHED', sent=sent))

        self.assertEqual(NOW, heartbeats.heartbeat(made.id).sent)

    def test_an_agent_that_was_rolled_back_is_not_what_it_was(self):
        made = self.create()
        self.beat(made.id, version='1.4')

        self.beat(made.id, version=None)

        self.assertIsNone(guest_versions.guest_version(made.id))

    def test_without_a_status(self):
        made = self.ready()

        self.assertTrue(
            reports.heard(
                made.id, status=None, guest_version='1.5', sent=None
            )
        )

        beat = heartbeats.heartbeat(made.id)
        self.assertEqual(
            (Status.HEALTHY, '1.5'), (beat.status, beat.guest_version)
        )

    def test_a_needed_restart_stays_needed(self):
        made = self.ready()
        self.beat(made.id, 'RESTART_REQUIRED')

        self.beat(made.id, 'HEALTHY')

        self.assertEqual(
            'RESTART_REQUIRED', self.get(made.id).operating_status
        )
        self.restart(made.id)
        self.beat(made.id, 'HEALTHY')
        self.assertIs(Status.HEALTHY, heartbeats.heartbeat(made.id).status)

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


class Refused(Exception):
    pass


class TestCheck(base.TestCase):
    def refuse(self, project_id):
        raise Refused(project_id)

    def record(self, instance_id, check, version='1.4'):
        return reports.heard(
            instance_id,
            status=Status.CRASHED,
            guest_version=version,
            sent=None,
            check=check,
        )

    def test_what_is_refused_is_not_written(self):
        made = self.ready()

        error = self.assertRaises(
            Refused, self.record, made.id, self.refuse, '9.9'
        )

        self.assertEqual(base.ALICE, str(error))
        self.assertIs(Status.HEALTHY, heartbeats.heartbeat(made.id).status)
        self.assertEqual('1.4', guest_versions.guest_version(made.id))

    def test_what_is_not_refused_is(self):
        made = self.ready()
        asked = []

        self.assertTrue(self.record(made.id, asked.append))

        self.assertEqual([base.ALICE], asked)
        self.assertIs(Status.CRASHED, heartbeats.heartbeat(made.id).status)

    def test_of_an_unknown_instance_nobody_is_asked(self):
        self.assertFalse(self.record('nope', self.refuse))

    def test_who_is_refused_takes_no_other_along(self):
        made = [self.ready() for _ in range(4)]
        checks = [self.refuse, None, self.refuse, None]

        got = base.at_once(
            *[
                lambda each=each, check=check: self.record(each.id, check)
                for each, check in zip(made, checks, strict=True)
            ]
        )

        self.assertEqual(
            [True, False, True, False],
            [isinstance(each, Refused) for each in got],
        )
        self.assertEqual([True, True], got[1::2])

    def test_inside_a_larger_transaction_it_belongs_to_it(self):
        made = self.ready()

        def fail():
            with session.writer():
                self.assertTrue(self.record(made.id, None))
                raise Refused

        self.assertRaises(Refused, fail)

        self.assertIs(Status.HEALTHY, heartbeats.heartbeat(made.id).status)
        with session.writer():
            self.assertRaises(Refused, self.record, made.id, self.refuse)


class TestTogether(base.TestCase):
    """Many heartbeats in one transaction."""

    def statements(self, reports):
        with statements.noted() as seen:
            results = heartbeats.record_heartbeats(reports)
        return results, [text for text, _ in seen]

    def report(self, instance_id, status='HEALTHY', sent=NOW, version='1.5'):
        return heartbeats.Report(instance_id, Status[status], version, sent)

    def test_however_many_they_are_it_takes_five_statements(self):
        self.config(max_instances_per_tenant=-1)
        made = [self.create().id for _ in range(12)]

        results, seen = self.statements([self.report(each) for each in made])

        self.assertEqual([True] * 12, results)
        self.assertEqual(
            ['SELECT', 'SELECT', 'INSERT', 'INSERT', 'INSERT'],
            [
                each.split()[0]
                for each in seen
                if each.split()[0] in ('SELECT', 'INSERT', 'UPDATE')
            ],
        )
        for each in made:
            beat = heartbeats.heartbeat(each)
            self.assertEqual(
                (Status.HEALTHY, NOW, '1.5'),
                (beat.status, beat.sent, beat.guest_version),
            )

    def test_of_several_of_one_instance_the_newest_holds(self):
        made = self.ready()

        results, _ = self.statements(
            [
                self.report(made.id, 'CRASHED', NOW),
                self.report(made.id, 'BLOCKED', NOW + 2),
                self.report(made.id, 'HEALTHY', NOW + 1),
                self.report('nope'),
                self.report(made.id, 'SHUTDOWN', NOW + 3, '1.6'),
            ]
        )

        self.assertEqual([True, True, False, False, True], results)
        beat = heartbeats.heartbeat(made.id)
        self.assertEqual(
            (Status.SHUTDOWN, NOW + 3, '1.6'),
            (beat.status, beat.sent, beat.guest_version),
        )

    def test_of_two_service_statuses_the_one_that_is_read_is_written(self):
        made = self.ready()
        with session.writer() as db:
            for key in ('0' * 36, 'f' * 36):
                db.add(
                    models.ServiceStatus(
                        id=key,
                        instance_id=made.id,
                        status_id=Status.NEW.code,
                        status_description='new',
                    )
                )

        self.beat(made.id, 'CRASHED')

        self.assertIs(Status.CRASHED, heartbeats.heartbeat(made.id).status)
        with session.reader() as db:
            self.assertEqual(
                Status.CRASHED.code,
                db.get(models.ServiceStatus, '0' * 36).status_id,
            )


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
        self.assertEqual(NOW + 3, heartbeats.heartbeat(made.id).sent)
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
        @hypothesis.settings(max_examples=6, derandomize=True)
        def check(order):
            start = next(clock)
            for index in order:
                self.beat(made.id, words[index], sent=start + index)
            self.assertIs(
                Status.SHUTDOWN, heartbeats.heartbeat(made.id).status
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
