# SPDX-License-Identifier: Apache-2.0
"""Writing together what threads want to write at the same time."""

from __future__ import annotations

import threading

from trove.common import exception
from trove.objects import gathering
from trove.tests import base
from trove.tests.fixtures import batches
from trove.tests.fixtures import waiting
from trove.tests.unit.objects import base as objects_base

WAIT = batches.WAIT


class TestGathering(base.TestCase):
    def setUp(self):
        super().setUp()
        self.writer = batches.Slow(
            lambda items: [item * 2 for item in items]
        )
        self.gathering = gathering.Gathering(self.writer, most=4)

    def write(self, *items):
        """Write all; the second and later ones come during the first."""
        results = {}

        def call(item):
            try:
                results[item] = self.gathering(item)
            except Exception as error:  # noqa: BLE001
                results[item] = error

        threads = []
        for number, item in enumerate(items):
            threads.append(threading.Thread(target=call, args=[item]))
            threads[-1].start()
            if number == 0:
                self.assertTrue(self.writer.began.wait(WAIT))
            else:
                waiting.until(
                    lambda wanted=number: (
                        len(self.gathering._waiting) == wanted
                    ),
                    f'{number} wait',
                    interval=0.001,
                )
        self.writer.go_on.set()
        for thread in threads:
            thread.join(WAIT)
        return results

    def test_alone_it_is_written_at_once(self):
        self.writer.go_on.set()

        self.assertEqual(2, self.gathering(1))
        self.assertEqual(4, self.gathering(2))

        self.assertEqual([[1], [2]], self.writer.batches)

    def test_those_who_wait_are_written_together_in_turn(self):
        results = self.write(1, 2, 3, 4, 5, 6, 7)

        self.assertEqual({each: each * 2 for each in range(1, 8)}, results)
        self.assertEqual([[1], [2, 3, 4, 5], [6, 7]], self.writer.batches)

    def test_what_cannot_be_written_takes_no_other_along(self):
        self.writer.poison = 3

        results = self.write(1, 2, 3, 4)

        self.assertIs(self.writer.error, results.pop(3))
        self.assertEqual({1: 2, 2: 4, 4: 8}, results)

    def test_without_a_database_nobody_is_tried_alone(self):
        self.writer.poison = 3
        self.writer.error = exception.ServiceUnavailable(what='It')

        results = self.write(1, 2, 3, 4)

        self.assertEqual([[1], [2, 3, 4]], self.writer.batches)
        for each in (2, 3, 4):
            self.assertIs(self.writer.error, results[each])

    def test_an_error_of_one_is_its_own(self):
        error = ValueError('mine')
        own = gathering.Gathering(
            lambda items: [error if item == 1 else item for item in items]
        )

        self.assertIs(error, self.assertRaises(ValueError, own, 1))
        self.assertEqual(2, own(2))

    def test_who_is_ended_while_writing_leaves_nobody_behind(self):
        self.writer.poison = 1
        self.writer.error = SystemExit()

        def end():
            self.assertRaises(SystemExit, self.gathering, 1)

        self.writer.go_on.set()
        end()

        self.assertEqual(4, self.gathering(2))

    def test_many(self):
        self.writer.go_on.set()

        got = objects_base.at_once(
            *[lambda each=each: self.gathering(each) for each in range(32)]
        )

        self.assertEqual([each * 2 for each in range(32)], got)
