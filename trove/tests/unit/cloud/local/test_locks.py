# SPDX-License-Identifier: Apache-2.0
"""Locks between processes and threads."""

from concurrent import futures
import pathlib
import threading

import fixtures

from trove.cloud.local import locks
from trove.common import exception
from trove.tests import base


class LocksTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(directory, 'lock')

    def test_threads_are_kept_apart_even_when_the_file_is_removed(self):
        inside = []
        crowds = []

        def enter(number):
            with locks.held(self.path, remove=number % 3 == 0):
                inside.append(number)
                crowds.append(len(inside))
                inside.remove(number)

        with futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(enter, range(200)))

        self.assertEqual([1] * 200, crowds)

    def test_the_file_is_gone_when_that_was_asked_for(self):
        with locks.held(self.path, remove=True):
            self.assertTrue(self.path.exists())

        self.assertFalse(self.path.exists())

    def test_a_second_sole_holder_is_refused_with_the_message(self):
        with locks.sole(self.path, 'taken'):
            error = self.assertRaises(
                exception.CloudError,
                locks.sole(self.path, 'taken').__enter__,
            )
        self.assertEqual('taken', str(error))

        with locks.sole(self.path, 'taken'):
            pass

    def test_who_waits_gets_in_when_the_holder_leaves(self):
        entered = threading.Event()

        def enter():
            with locks.held(self.path):
                entered.set()

        with locks.held(self.path):
            thread = threading.Thread(target=enter)
            thread.start()
            self.assertFalse(entered.is_set())
        thread.join()

        self.assertTrue(entered.is_set())

    def test_who_waits_too_long_is_told_what_to_do(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.cloud.local.locks.TIMEOUT', 0.0)
        )
        with locks.held(self.path):
            error = self.assertRaises(
                exception.CloudError, locks.held(self.path).__enter__
            )

        self.assertIn(f'fuser -v {self.path}', str(error))
        self.assertIn('kill -CONT PID', str(error))
        self.assertNotIn('safe', str(error))
