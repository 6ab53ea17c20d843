# SPDX-License-Identifier: Apache-2.0
"""How the demonstration tells what it does."""

import io
import re

from trove.standalone import progress
from trove.tests import base


class ProgressTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.stream = io.StringIO()
        self.progress = progress.Progress(2, self.stream)

    def test_steps_are_numbered_and_say_when_they_went_well(self):
        with self.progress.step('Begin'):
            self.progress.note('first\nsecond')
        with self.progress.step('End'):
            pass

        self.assertRegex(
            self.stream.getvalue(),
            re.compile(
                r'\[ 1/2\] Begin\n        first\n        second\n'
                r'        ok, \d+\.\d s\n\[ 2/2\] End\n        ok, '
            ),
        )

    def test_a_step_that_fails_is_not_called_ok(self):
        with self.assertRaisesRegex(progress.CheckFailed, 'broken'):
            with self.progress.step('Begin'):
                progress.check(0, 'broken')

        self.assertNotIn('ok', self.stream.getvalue())

    def test_long_notes_are_wrapped(self):
        self.progress.note('word ' * 40)

        lines = self.stream.getvalue().splitlines()
        self.assertGreater(len(lines), 1)
        self.assertLess(max(map(len, lines)), 80)


class WaitTestCase(base.TestCase):
    def test_the_first_true_answer_is_returned(self):
        answers = iter((None, '', 'yes'))

        self.assertEqual('yes', progress.wait(lambda: next(answers), 'it'))

    def test_waiting_in_vain_says_for_what(self):
        error = self.assertRaises(
            progress.CheckFailed, progress.wait, list, 'pigs fly', 0
        )

        self.assertIn('not within 0 seconds: pigs fly', str(error))
        self.assertIn('[]', str(error))

    def test_what_holds_is_passed(self):
        progress.check('something', 'nothing')
