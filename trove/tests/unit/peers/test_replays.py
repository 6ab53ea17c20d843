# SPDX-License-Identifier: Apache-2.0
"""Copies of messages are noticed by whichever service gets them."""

from __future__ import annotations

import time
from unittest import mock

from oslo_db import exception as oslo_db_exception

from trove.common import exception
from trove.conductor import api as conductor
from trove.conf import rpc as options
from trove.objects import replays as rows
from trove.peers import replays
from trove.tests.unit.taskmanager import scene

ID = 'a' * 32


class TestReplays(scene.TestCase):
    def stored(self):
        return replays.Stored(self.conf, 'taskmanager')

    def test_the_second_time_at_another_service(self):
        now = time.time()

        self.assertTrue(self.stored().first('taskmanager:', ID, now))
        self.assertFalse(self.stored().first('taskmanager:', ID, now))

    def test_scopes_do_not_meet(self):
        now = time.time()
        self.stored().first('conductor:one', ID, now)

        self.assertTrue(self.stored().first('conductor:two', ID, now))

    def test_remembered_as_long_as_it_would_be_taken(self):
        self.config(rpc_message_max_age=100)
        now = time.time()
        self.stored().first('s', ID, now - 99)
        self.stored().first('s', 'b' * 32, now - 10_000)

        self.assertEqual(1, rows.purge())

        self.assertFalse(self.stored().first('s', ID, now - 99))

    def test_database_that_comes_back_is_waited_for(self):
        first = rows.first
        gone = exception.ServiceUnavailable(what='The database')
        answers = iter([gone, gone])

        def flaky(*args):
            for error in answers:
                raise error
            return first(*args)

        with mock.patch.object(rows, 'first', flaky):
            self.assertTrue(self.stored().first('s', ID, time.time()))

    def test_database_that_does_not_come_back(self):
        gone = exception.ServiceUnavailable(what='The database')

        with mock.patch.object(rows, 'first', side_effect=gone):
            self.assertRaises(
                exception.ServiceUnavailable,
                self.stored().first,
                's',
                ID,
                time.time(),
            )

    def test_an_answer_that_got_lost_makes_no_copy(self):
        first = rows.first
        lost = iter([exception.ServiceUnavailable(what='The database')])

        def losing(*args):
            answer = first(*args)
            for error in lost:
                raise error
            return answer

        with mock.patch.object(rows, 'first', losing):
            self.assertTrue(self.stored().first('s', ID, time.time()))
        self.assertFalse(self.stored().first('s', ID, time.time()))

    def test_any_error_of_the_database_is_one_that_callers_know(self):
        error = oslo_db_exception.DBError('no disk')

        with mock.patch.object(rows, 'first', side_effect=error):
            self.assertRaises(
                exception.ServiceUnavailable,
                self.stored().first,
                's',
                ID,
                time.time(),
            )

    def test_what_guests_say_over_and_over_takes_no_row(self):
        methods = conductor.API.interface.methods

        self.assertEqual(
            {
                *('heartbeat', 'update_backup', 'notify_end'),
                *('get_versions', 'report_rejected'),
            },
            {name for name, each in methods.items() if each.repeatable},
        )

    def test_how_long_is_not_changed_under_way(self):
        (age,) = (
            each
            for each in options.SEALING
            if each.name == 'rpc_message_max_age'
        )

        # What was forgotten by the old value would be taken by the new one.
        self.assertFalse(age.mutable)
