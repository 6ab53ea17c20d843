# SPDX-License-Identifier: Apache-2.0
"""Heartbeats are recorded together, in order, all of them."""

from __future__ import annotations

import threading
from unittest import mock

from trove.common import exception
from trove.conductor import heartbeats
from trove.objects.guest import heartbeats as guest_heartbeats
from trove.objects.instance import states
from trove.tests.fixtures import batches
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus

WAIT = batches.WAIT


class TestWriter(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(database_retries=0, group='conductor')
        self.database = batches.Slow(
            guest_heartbeats.record_heartbeats, lambda report: report.sent
        )
        patch = mock.patch.object(
            guest_heartbeats, 'record_heartbeats', self.database
        )
        patch.start()
        self.addCleanup(patch.stop)
        self.writer = heartbeats.Writer(self.conf)
        self.addCleanup(self.writer.close)
        self.addCleanup(self.database.go_on.set)
        self.instance_id = self.given_request()
        self.settled = {}

    def put(self, *times, status=Status.HEALTHY):
        for sent in times:
            self.writer.put(
                guest_heartbeats.Report(self.instance_id, status, '1.5', sent),
                lambda error, sent=sent: self.settled.update({sent: error}),
            )

    def given_a_write_that_goes_on(self):
        self.put(1.0)
        self.assertTrue(self.database.began.wait(WAIT))

    def test_those_that_come_meanwhile_are_written_together(self):
        self.given_a_write_that_goes_on()
        self.put(2.0, 3.0, 4.0)
        self.assertEqual({}, self.settled)

        self.database.go_on.set()
        self.writer.flush()

        self.assertEqual([[1.0], [2.0, 3.0, 4.0]], self.database.batches)
        self.assertEqual(dict.fromkeys((1.0, 2.0, 3.0, 4.0)), self.settled)
        self.assertEqual(
            4.0, guest_heartbeats.heartbeat(self.instance_id).sent
        )

    def test_not_more_than_so_many_are_written_together(self):
        self.given_a_write_that_goes_on()
        self.put(*range(2, 152))

        self.database.go_on.set()
        self.writer.flush()

        self.assertEqual(
            [1, 100, 50], [len(batch) for batch in self.database.batches]
        )

    def test_one_that_cannot_be_written_takes_no_other_along(self):
        self.given_a_write_that_goes_on()
        self.database.poison = 4.0
        self.put(2.0, 3.0, 4.0)

        self.database.go_on.set()
        self.writer.flush()

        self.assertIs(self.database.error, self.settled.pop(4.0))
        self.assertEqual(dict.fromkeys((1.0, 2.0, 3.0)), self.settled)
        self.assertEqual(
            3.0, guest_heartbeats.heartbeat(self.instance_id).sent
        )

    def test_without_a_database_every_one_is_told_so(self):
        self.database.poison = 1.0
        self.database.error = exception.ServiceUnavailable(what='It')
        self.database.go_on.set()

        self.put(1.0)
        self.writer.flush()
        self.put(2.0)
        self.writer.flush()

        self.assertIs(self.database.error, self.settled[1.0])
        self.assertIsNone(self.settled[2.0])

    def test_one_that_is_told_and_fails_stops_nothing(self):
        self.database.go_on.set()

        self.writer.put(
            guest_heartbeats.Report(self.instance_id, None, None, 1.0),
            mock.Mock(side_effect=ValueError('no')),
        )
        self.put(2.0)
        self.writer.flush()

        self.assertIsNone(self.settled[2.0])
        self.assertIn('Could not log the outcome', self.logs.output)

    def test_what_waits_is_written_before_the_end(self):
        self.given_a_write_that_goes_on()
        self.put(2.0, 3.0)
        closing = threading.Thread(target=self.writer.close)
        closing.start()

        self.database.go_on.set()
        closing.join(WAIT)

        self.assertEqual({1.0, 2.0, 3.0}, set(self.settled))

    def test_who_brings_more_than_may_wait_waits(self):
        # Given room for two, and a third
        with mock.patch.object(heartbeats, '_MAX_WAITING', 2):
            self.writer = heartbeats.Writer(self.conf)
        self.addCleanup(self.writer.close)
        self.addCleanup(self.database.go_on.set)
        self.given_a_write_that_goes_on()
        self.put(2.0, 3.0)
        third = threading.Thread(target=self.put, args=[4.0])
        third.start()
        third.join(0.2)
        self.assertTrue(third.is_alive())

        self.database.go_on.set()
        third.join(WAIT)
        waiting.until(lambda: 4.0 in self.settled, 'it is written as well')
