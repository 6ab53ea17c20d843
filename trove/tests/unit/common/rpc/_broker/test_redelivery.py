# SPDX-License-Identifier: Apache-2.0
"""A record while messages are read that come a second time."""

import fixtures

from trove.common.rpc._broker import redelivery
from trove.tests import base
from trove.tests.fixtures import waiting


class AgainTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.records = []
        self.written = 0
        self.error = None
        self.again = redelivery.Again(self.doubt)
        self.idle(3600)

    def idle(self, seconds):
        self.useFixture(fixtures.MockPatchObject(redelivery, '_IDLE', seconds))

    def doubt(self, queue, size):
        if self.error is not None:
            raise self.error
        record = (queue, size)
        self.records.append(record)
        self.written += 1
        return lambda: self.records.remove(record)

    def test_it_is_there_before_and_while_one_is_read(self):
        with self.again.reading('trove', 400):
            self.assertEqual([('trove', 400)], self.records)
            # Whoever stops the server does not know better.
            self.again.settle()
            self.assertEqual([('trove', 400)], self.records)

        self.again.settle()
        self.assertEqual([], self.records)

    def test_it_goes_by_itself(self):
        self.idle(0.01)
        with self.again.reading('trove', 400):
            pass

        waiting.until(lambda: not self.records, 'it is taken back')

    def test_many_share_one(self):
        for number in range(1000):
            with self.again.reading('trove', number):
                self.assertEqual([('trove', 0)], self.records)

        self.assertEqual(1, self.written)
        self.again.settle()
        self.again.settle()
        self.assertEqual([], self.records)

    def test_one_that_is_refused_is_told_of_elsewhere(self):
        def read():
            with self.again.reading('trove', 400):
                raise ValueError

        self.assertRaises(ValueError, read)
        self.again.settle()
        self.assertEqual([], self.records)

    def test_without_a_database_it_is_read_all_the_same(self):
        self.error = RuntimeError('no database')
        with self.again.reading('trove', 400):
            self.assertIn('Could not record', self.logs.output)
            self.assertIn('400 bytes in the queue trove', self.logs.output)
        # Many come at once, and each would wait for the database.
        with self.again.reading('trove', 401):
            pass
        self.assertEqual(1, self.logs.output.count('Could not record'))
        self.again.settle()

        # It is tried anew for those that come later.
        self.error = None
        with self.again.reading('trove', 500):
            self.assertEqual([('trove', 500)], self.records)

    def test_a_process_without_threads_reads_it_all_the_same(self):
        def start(timer):
            raise RuntimeError("can't start new thread")

        with fixtures.MonkeyPatch('threading.Timer.start', start):
            with self.again.reading('trove', 400):
                pass

        with self.again.reading('trove', 500):
            self.assertEqual([('trove', 400)], self.records)
        self.again.settle()
        self.assertEqual([], self.records)

    def test_one_that_cannot_be_taken_back_is_told_of(self):
        with self.again.reading('trove', 400):
            self.records.clear()
        self.again.settle()

        self.assertIn('discard the record', self.logs.output)
