# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime

import fixtures
from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import database
from trove.objects import service
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base

TM = 'trove-taskmanager'


class TestServices(base.TestCase):
    def report(self, host, version='1.0', binary=TM, **kwargs):
        service.report(
            binary, host, {'taskmanager': version}, '1.2.3', **kwargs
        )

    def age(self, host, seconds):
        then = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        with session.writer() as db:
            db.execute(
                sa.update(models.Service)
                .where(models.Service.host == host)
                .values(last_report=then, started_at=then)
            )

    def versions(self, interface='taskmanager', binary=TM):
        return service.live_versions(self.conf, binary, interface)

    def test_a_report(self):
        self.report('h1')

        (found,) = service.list_()

        self.assertEqual((TM, 'h1'), (found.binary, found.host))
        self.assertEqual({'taskmanager': '1.0'}, found.rpc_versions)
        self.assertEqual('1.2.3', found.release)

    def test_the_next_report_replaces_it(self):
        self.report('h1')
        self.age('h1', 100)
        (before,) = service.list_()

        self.report('h1', '1.1')

        (after,) = service.list_()
        self.assertEqual(before.started_at, after.started_at)
        self.assertGreater(after.last_report, before.last_report)
        self.assertEqual(['1.1'], self.versions())
        self.report('h1', '1.1', started=True)
        self.assertGreater(
            service.list_()[0].started_at, before.started_at
        )

    def test_the_first_reports_at_the_same_time(self):
        got = base.at_once(*[lambda: self.report('h1') for _ in range(4)])

        self.assertEqual([None] * 4, got)
        self.assertEqual(1, len(service.list_()))

    def test_who_has_gone(self):
        self.report('h1')
        self.report('h2')

        service.remove(TM, 'h1')
        service.remove(TM, 'nobody')

        self.assertEqual(['h2'], [each.host for each in service.list_()])

    def test_who_lives(self):
        self.config(service_down_time=60)
        self.report('h1')
        self.report('h2')
        self.report('h1', binary='trove-conductor')
        self.age('h2', 90)

        live = [
            (each.binary, each.host) for each in service.live(self.conf)
        ]

        self.assertEqual([('trove-conductor', 'h1'), (TM, 'h1')], live)
        self.assertEqual(
            ['h1'], [each.host for each in service.live(self.conf, TM)]
        )

    def test_the_clock_of_the_database_counts(self):
        # Given hosts whose clocks are wrong by an hour.
        ahead = timeutils.utcnow() + datetime.timedelta(hours=1)
        wrong = fixtures.MonkeyPatch(
            'oslo_utils.timeutils.utcnow', lambda: ahead
        )
        with wrong:
            self.report('h1')
        self.report('h2')

        with wrong:
            seen_by_one = service.live(self.conf)
        seen_by_the_other = service.live(self.conf)

        self.assertEqual(seen_by_one, seen_by_the_other)
        self.assertEqual(2, len(seen_by_one))
        self.age('h1', 90)
        self.assertEqual(
            ['h2'], [each.host for each in service.live(self.conf)]
        )

    def test_versions_are_texts_of_others_and_each_is_there_once(self):
        self.report('h1', '1.10')
        self.report('h2', '1.0/victoria')
        self.report('h3', '1.10')
        self.report('h4', '1.5,2.0')

        self.assertEqual(
            ['1.0/victoria', '1.10', '1.5,2.0'], self.versions()
        )

    def test_the_dead_do_not_hold_back(self):
        self.report('h1', '1.3')
        self.report('h2', '1.0')
        self.age('h2', 3600)

        self.assertEqual(['1.3'], self.versions())

    def test_nobody(self):
        self.assertEqual([], self.versions())
        self.report('h1')
        self.assertEqual([], self.versions('conductor'))
        self.assertEqual([], self.versions(binary='trove-conductor'))

    def test_those_that_do_not_report_by_themselves_count(self):
        self.report('h1', '1.1')
        service.report(
            TM,
            f'{service.UNREGISTERED} 1.0/victoria',
            {'taskmanager': '1.0/victoria'},
            None,
        )

        self.assertEqual(['1.0/victoria', '1.1'], self.versions())
        self.assertEqual(
            [('(unregistered) 1.0/victoria', False), ('h1', True)],
            [(each.host, each.registered) for each in service.list_()],
        )

    def test_the_live_are_found_by_one_query(self):
        self.report('h1')

        with statements.selects() as seen:
            self.versions()

        self.assertEqual(1, len(seen), seen)

    def test_damaged_rows_are_passed_over(self):
        self.report('h2', '1.2')
        for host, versions in (('h3', '{'), ('h4', '[]')):
            self.report(host)
            with session.writer() as db:
                db.execute(
                    sa.update(models.Service)
                    .where(models.Service.host == host)
                    .values(rpc_versions=versions)
                )

        self.assertEqual(['1.2'], self.versions())
        self.assertIn('h3', self.logs.output)


class TestDatabase(base.TestCase):
    def test_it_answers(self):
        database.ping()

    def test_it_does_not(self):
        session.dispose()
        self.config(
            connection='sqlite:////nowhere/trove.sqlite',
            group='database',
        )
        self.config(max_retries=0, group='database')
        database.configure(self.conf)

        self.assertRaises(exception.ServiceUnavailable, database.ping)
