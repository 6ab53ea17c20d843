# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers, and what it concludes."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent import state
from trove.tests import base

READY = state.State(phase=state.READY)


class MemoryTest(base.TestCase):
    def test_what_is_saved_is_loaded(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 's'
        self.assertEqual(state.State(), state.load(path))
        saved = state.stopped(READY, 'this boot', True)
        state.save(path, saved)
        self.assertEqual(saved, state.load(path))

    def test_what_a_later_agent_wrote_is_passed_over(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 's'
        path.write_text('{"phase": "ready", "of_the_future": 1}')
        self.assertEqual(READY, state.load(path))

    def test_a_boot_has_a_name(self) -> None:
        self.assertEqual(state.boot_id(), state.boot_id())
        self.assertTrue(state.boot_id())


class AfterStartTest(base.TestCase):
    def test_an_interrupted_prepare_has_failed(self) -> None:
        found = state.after_start(state.State(phase=state.BUILDING), 'boot')
        self.assertEqual(state.FAILED, found.phase)

    def test_a_stopped_database_stays_stopped(self) -> None:
        for on_reboot in (True, False):
            stopped = state.stopped(READY, 'boot', on_reboot)
            self.assertEqual(stopped, state.after_start(stopped, 'boot'))

    def test_a_boot_starts_it_unless_told_otherwise(self) -> None:
        stopped = state.stopped(READY, 'boot', True)
        self.assertEqual(READY, state.after_start(stopped, 'next boot'))
        stopped = state.stopped(READY, 'boot', False)
        self.assertEqual(stopped, state.after_start(stopped, 'next boot'))

    def test_a_running_one_is_meant_to_run(self) -> None:
        self.assertEqual(READY, state.after_start(READY, 'boot'))


class DescribeTest(base.TestCase):
    def test_every_situation_has_its_word(self) -> None:
        stopped = state.stopped(READY, 'boot', True)
        for word, current, alive, answers, crashed in (
            ('new', state.State(), False, False, False),
            ('building', state.State(phase='building'), True, True, False),
            ('failed to spawn', state.State(phase='failed'), 0, 0, 0),
            ('healthy', READY, True, True, False),
            ('running', READY, True, False, False),
            ('crashed', READY, False, False, True),
            ('shutdown', READY, False, False, False),
            ('shutdown', stopped, False, False, True),
        ):
            self.assertEqual(
                word, state.describe(current, alive, answers, crashed)
            )


class PauseTest(base.TestCase):
    def test_the_first_start_is_at_once(self) -> None:
        self.assertEqual(0.0, state.delay_before_start([], 100.0))
        self.assertEqual(0.0, state.delay_before_start([100.0], 100.0))

    def test_then_it_waits_longer_and_longer(self) -> None:
        pauses = [
            state.delay_before_start([100.0] * count, 100.0)
            for count in range(2, 10)
        ]
        self.assertEqual([1, 2, 4, 8, 16, 32, 60, 60], pauses)

    def test_the_time_since_the_last_failure_counts(self) -> None:
        self.assertEqual(
            1.5, state.delay_before_start([90.0, 91.0, 100.0], 100.5)
        )
        self.assertEqual(
            0.0, state.delay_before_start([90.0, 91.0, 100.0], 200.0)
        )

    def test_old_failures_are_forgotten(self) -> None:
        now = 100.0 + state.CRASH_WINDOW
        self.assertEqual(
            0.0, state.delay_before_start([1.0, 2.0, 100.0, now], now)
        )
