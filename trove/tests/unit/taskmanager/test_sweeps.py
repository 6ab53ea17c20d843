# SPDX-License-Identifier: Apache-2.0
"""One thing that fails does not keep the others from being done."""

from __future__ import annotations

import threading

from trove.common import exception
from trove.taskmanager import sweeps
from trove.tests import base


class SweepsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.done, self.failed, self.errors = [], [], {}
        self.stopping = threading.Event()
        self.last = None

    def do(self, thing):
        self.done.append(thing)
        if thing == self.last:
            self.stopping.set()
        if thing in self.errors:
            raise self.errors[thing]

    def sweep(self, things='abcd', failed=None):
        sweeps.each(
            things,
            self.do,
            lambda thing: f'do {thing}',
            failed or (lambda thing, error: self.failed.append(thing)),
            stopping=self.stopping,
        )

    def test_all_are_done_and_those_that_fail_put_off(self):
        self.errors = {
            'a': KeyError('name'),
            'c': exception.NotFound('No c.'),
        }

        self.sweep()

        self.assertEqual([*'abcd'], self.done)
        self.assertEqual(['a', 'c'], self.failed)
        for words in (
            "Could not do a, because of an error in Trove",
            "KeyError: 'name'",
            'Could not do c: No c. It is tried again.',
        ):
            self.assertIn(words, self.logs.output)

    def test_one_that_is_stopped_begins_no_other(self):
        self.last = 'b'

        self.sweep()

        self.assertEqual(['a', 'b'], self.done)

    def test_one_that_cannot_even_be_put_off(self):
        self.errors = {'a': KeyError('name')}

        def failed(thing, error):
            raise TypeError('twice')

        self.sweep(failed=failed)

        self.assertEqual([*'abcd'], self.done)

    def test_a_database_that_does_not_work_is_not_asked_for_each(self):
        error = exception.ServiceUnavailable('No database.')
        self.errors = dict.fromkeys('abcd', error)

        self.assertRaises(exception.ServiceUnavailable, self.sweep)

        self.assertEqual([*'abc'], self.done)
        self.assertEqual([], self.failed)

    def test_a_single_one_that_is_not_available(self):
        self.errors = {'a': exception.ServiceUnavailable('No guest.')}

        self.sweep()

        self.assertEqual([*'abcd'], self.done)
