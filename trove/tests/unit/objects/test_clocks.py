# SPDX-License-Identifier: Apache-2.0
"""Clocks that are set back and forward by an hour, each alone."""

from __future__ import annotations

import datetime
import time
from unittest import mock

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.tests.unit.objects import base

Status = states.ServiceStatus
NOW = base.NOW


class TestClocks(base.TestCase):
    def when_the_database_clock_steps(self, seconds):
        """Have what is written down been written by the clock before."""
        step = datetime.timedelta(seconds=seconds)
        with session.writer() as db:
            for model in models.AgentHeartbeat, models.ServiceStatus:
                for row in db.scalars(sa.select(model)):
                    row.updated_at = row.updated_at - step

    def sealed(self, instance_id, sent, version='1.5'):
        return self.beat(
            instance_id, sent=sent, version=version, sealed=True
        )

    def when_seconds_pass(self, seconds):
        # By whatever clock but that of the guest.
        self.when_the_database_clock_steps(seconds)

    def test_a_guest_whose_clock_was_set_back_is_heard(self):
        for hours in 1, 24 * 365:
            made = self.create()
            self.beat(made.id, sent=NOW)
            before = NOW - 3600 * hours
            # When its clock steps, it may just have been overtaken,
            self.assertFalse(self.beat(made.id, 'CRASHED', sent=before + 10))
            self.when_seconds_pass(31)
            # but not when nothing newer comes.
            self.assertTrue(self.beat(made.id, 'CRASHED', sent=before + 40))
            self.assertTrue(self.beat(made.id, 'SHUTDOWN', sent=before + 50))
            self.assertFalse(self.beat(made.id, sent=before + 45))
            self.assertEqual(
                (Status.SHUTDOWN, before + 50),
                (
                    heartbeats.heartbeat(made.id).status,
                    heartbeats.heartbeat(made.id).sent,
                ),
            )
            self.assertEqual(
                1, self.logs.output.count(f'{made.id} was set back')
            )

    def test_a_copy_of_what_was_sealed_is_never_newer(self):
        made = self.create()
        now = time.time()
        self.assertTrue(self.sealed(made.id, sent=now - 20, version='1.4'))
        self.assertTrue(self.sealed(made.id, sent=now, version='1.5'))
        for seconds in 3600 * 24, 31, 0:
            self.when_seconds_pass(seconds)
            for sent in now, now - 20:
                self.assertFalse(self.sealed(made.id, sent, version='1.4'))
            self.assertEqual('1.5', guest_versions.guest_version(made.id))
            self.assertEqual(now, heartbeats.heartbeat(made.id).sent)
        self.assertIn('it may be a replay', self.logs.output)

        self.assertTrue(self.sealed(made.id, sent=now + 1, version='1.5'))

    def test_a_guest_that_lost_a_time_to_come_is_heard(self):
        made = self.create()
        now = time.time()
        self.assertTrue(self.sealed(made.id, sent=now + 3600))
        self.assertFalse(self.sealed(made.id, sent=now))
        self.when_seconds_pass(31)

        self.assertTrue(self.sealed(made.id, sent=now))

    def test_a_guest_whose_clock_was_set_forward_is_heard(self):
        made = self.create()
        self.beat(made.id, sent=NOW)

        self.assertTrue(self.beat(made.id, 'CRASHED', sent=NOW + 3600))
        self.assertTrue(self.beat(made.id, 'SHUTDOWN', sent=NOW + 3610))
        self.assertFalse(self.beat(made.id, sent=NOW + 20))

        self.assertIs(Status.SHUTDOWN, heartbeats.heartbeat(made.id).status)

    def test_the_clock_of_the_database_may_be_set_back_and_forward(self):
        for hours in 1, -1:
            made = self.create()
            self.beat(made.id, sent=NOW)
            self.when_the_database_clock_steps(3600 * hours)
            # Then nobody knows how old that is,
            self.assertIsNotNone(self.get(made.id).judged(90).silent_for)
            # until the next one comes, which counts.
            self.assertTrue(self.beat(made.id, 'CRASHED', sent=NOW + 10))
            self.assertIsNone(self.get(made.id).judged(90).silent_for)
            self.assertFalse(self.beat(made.id, sent=NOW + 5))

    def test_the_clock_of_the_service_says_nothing(self):
        made = self.create()
        for number, year in enumerate((2020, 2040)):
            long_ago = datetime.datetime(year, 1, 1)
            with mock.patch.object(
                timeutils, 'utcnow', return_value=long_ago
            ):
                self.assertTrue(self.beat(made.id, sent=NOW + number))
                self.assertFalse(self.beat(made.id, sent=NOW + number))
                self.assertIsNone(self.get(made.id).judged(90).silent_for)
