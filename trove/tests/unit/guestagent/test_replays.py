# SPDX-License-Identifier: Apache-2.0
"""Messages that come again, over restarts of the agent."""

from __future__ import annotations

import pathlib
import stat

import fixtures

from trove.guestagent import replays
from trove.tests import base


class ReplaysTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = (
            pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'replays'
        )
        self.now = 10_000.0
        self.most = 100
        self.replays = self.agent()

    def agent(self) -> replays.Replays:
        """As one that starts; the one before ended as it pleased."""
        made = replays.Replays(
            self.path, lambda: 60, most=self.most, clock=lambda: self.now
        )
        self.addCleanup(made.close)
        return made

    def first(self, name: str, sent: float | None = None) -> bool:
        return self.replays.first(
            'guestagent:a', name, self.now if sent is None else sent
        )

    def test_only_the_first_time(self) -> None:
        self.assertTrue(self.first('one'))
        self.assertTrue(self.first('two'))
        self.assertFalse(self.first('one'))

    def test_scopes_do_not_mix(self) -> None:
        self.assertTrue(self.replays.first('a', 'b c', self.now))
        self.assertTrue(self.replays.first('a b', 'c', self.now))

    def test_it_outlives_the_agent(self) -> None:
        self.first('one')
        # When the agent is killed, not closed
        self.replays = self.agent()
        # Then
        self.assertFalse(self.first('one'))
        self.assertTrue(self.first('two'))
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_a_line_that_was_cut_off_harms_no_other(self) -> None:
        for name in ('one', 'two'):
            self.first(name)
        text = self.path.read_bytes()
        self.path.write_bytes(text[:-9])
        self.replays = self.agent()
        self.assertFalse(self.first('one'))
        self.assertTrue(self.first('three'))
        self.replays = self.agent()
        self.assertFalse(self.first('one'))
        self.assertFalse(self.first('three'))

    def test_what_is_too_old_is_forgotten(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch('trove.guestagent.replays._SKEW', 0)
        )
        for number in range(50):
            self.first(str(number))
            self.now += 10
        # The receiver refuses what is so old before it asks
        self.assertEqual(7, len(self.replays._seen))
        self.replays = self.agent()
        self.first('another')
        self.assertEqual(7, len(self.replays._seen))

    def test_the_file_does_not_grow(self) -> None:
        for number in range(2500):
            self.assertTrue(self.first(str(number)))
            self.now += 1
        self.assertLess(self.path.read_text().count('\n'), 1200)
        self.assertFalse(self.first('2499', self.now - 1))
        self.replays = self.agent()
        self.assertFalse(self.first('2499', self.now - 1))

    def test_of_too_many_the_old_ones_are_refused_all(self) -> None:
        # Given twice as many as are remembered
        for number in range(200):
            self.assertTrue(self.first(str(number), 9_990 + number / 100))
        # Then those forgotten do not pass, nor what is as old, over a restart
        for _ in range(2):
            self.assertFalse(self.first('50', 9_990.5))
            self.assertFalse(self.first('never seen', 9_990.5))
            self.assertFalse(self.first('150', 9_991.5))
            self.assertTrue(self.first(f'new {_}', 9_995.0))
            self.replays = self.agent()

    def test_a_full_disk_is_said_once_and_stops_nothing(self) -> None:
        self.path.mkdir()
        for name in ('one', 'two'):
            self.assertTrue(self.first(name))
            self.assertFalse(self.first(name))
        self.assertEqual(1, self.logs.output.count('Free space'))
