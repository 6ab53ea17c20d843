# SPDX-License-Identifier: Apache-2.0
"""What is kept of the console of a server."""

from __future__ import annotations

from trove.cloud import consoles
from trove.tests import base


class TestEnd(base.TestCase):
    def test_the_last_lines_are_kept(self):
        printed = ''.join(f'line {number}\r\n' for number in range(500))

        lines = consoles.end(printed).split('\n')

        self.assertEqual(consoles.LINES, len(lines))
        self.assertEqual('line 499', lines[-1])

    def test_long_lines_are_cut(self):
        shown = consoles.end('\x00' * 9000 + 'the end')

        self.assertEqual(consoles.MOST, len(shown))
        self.assertTrue(shown.endswith('the end'))

    def test_nothing_reaches_a_terminal(self):
        self.assertEqual(
            r'\x1b[31mred \u202edner', consoles.end('\x1b[31mred \u202edner')
        )

    def test_passwords_are_not_kept(self):
        self.assertNotIn('s3cr3t', consoles.end("{'password': 's3cr3t'}"))
