# SPDX-License-Identifier: Apache-2.0
"""What a contributor reads."""

from __future__ import annotations

import dataclasses
import io

import fixtures

from rpc_contract import reports
from tests.reports import base

PARAGRAPH = """\
guestagent/api/server.py:40: error: method-removed: guestagent.restart
    The method restart is gone, but guestagent 1.0 serves it.
    Against: guestagent 1.0.
    Old client, new server: breaking.
    New client, old server: safe.
    Fix: Declare it again; to retire it, give it until='1.4'.

"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestText(base.TestCase):
    def lines(self, report: reports.Report) -> list[str]:
        return self.written(report, 'text').splitlines()

    def test_a_finding(self) -> None:
        text = self.written(self.report(base.REMOVED), 'text')

        self.assertIn(PARAGRAPH, text)

    def test_a_finding_about_no_message(self) -> None:
        text = self.written(self.report(base.NO_CHANGE), 'text')

        self.assertIn('warning: bump-without-change: conductor\n', text)
        self.assertNotIn('Old client', text)
        self.assertNotIn('Against', text)

    def test_a_finding_without_a_place(self) -> None:
        lines = self.lines(self.report(base.UNREAD))

        self.assertEqual('note: unread: conductor.heartbeat', lines[0])

    def test_the_same_against_several_is_told_once(self) -> None:
        other = dataclasses.replace(base.REMOVED, against='guestagent 1.4')

        text = self.written(self.report(base.REMOVED, other), 'text')

        self.assertEqual(1, text.count('method-removed'))
        self.assertIn('Against: guestagent 1.0, guestagent 1.4.', text)
        self.assertIn('2 errors.', text)

    def test_long_lines_stay_whole(self) -> None:
        message = 'word ' * 100
        long = dataclasses.replace(base.REMOVED, message=message)

        self.assertIn(message, self.written(self.report(long), 'text'))

    def test_suppressed_ones_and_why(self) -> None:
        lines = self.lines(self.report(base.BORNE))

        self.assertEqual(
            'conductor/api.py:62: suppressed: default-changed: '
            'conductor.heartbeat(sent): No release had a sender; until '
            '2027-04-01.',
            lines[0],
        )
        self.assertStartsWith(lines[-2], 'No problems found; 1 suppressed.')

    def test_summary(self) -> None:
        lines = self.lines(self.everything())

        self.assertEqual(
            '2 errors, 1 warning, 1 note; 1 suppressed. Checked: guestagent '
            '1.5, conductor 1.1; 67 methods, against 3 other contracts.',
            lines[-3],
        )
        self.assertIn('rpc-contract explain', lines[-2])

    def test_last_line_says_how_much_was_read(self) -> None:
        lines = self.lines(self.report())

        self.assertEqual(
            'Read: 60 methods sent, 68 served (guestagent 60/61, conductor '
            '-/7).',
            lines[-1],
        )

    def test_summary_of_nothing(self) -> None:
        lines = self.lines(reports.Report((), ()))

        self.assertEqual(
            ['No problems found. There was nothing to check.'], lines
        )

    def assertStartsWith(self, text: str, start: str) -> None:
        self.assertEqual(start, text[: len(start)])


class TestColours(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        for name in 'NO_COLOR', 'FORCE_COLOR', 'TTY_COMPATIBLE':
            self.useFixture(fixtures.EnvironmentVariable(name))
        self.useFixture(fixtures.EnvironmentVariable('TERM', 'xterm'))

    def shown(self, stream: io.StringIO) -> str:
        reports.write(self.report(base.REMOVED), 'text', stream)
        return stream.getvalue()

    def test_on_a_terminal(self) -> None:
        self.assertIn('\x1b[1;31merror\x1b[0m', self.shown(Terminal()))

    def test_not_in_a_pipe(self) -> None:
        self.assertNotIn('\x1b', self.shown(io.StringIO()))

    def test_not_if_they_are_not_wanted(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('NO_COLOR', '1'))

        self.assertNotIn('\x1b[1;31m', self.shown(Terminal()))
