# SPDX-License-Identifier: Apache-2.0
"""Which agent starts, and what becomes of one that does not report."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

import fixtures

from trove.guestagent.agents import choice
from trove.guestagent.agents import starting
from trove.tests import base

_A, _B = 'a' * 64, 'b' * 64

_TRIAL = choice.Trial(60, 'healthy')


class StartingTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(state_dir=str(top), group='guestagent')
        self.kept = choice.Choices(top)
        self.useFixture(fixtures.EnvironmentVariable(starting.BASE))
        self.started: list[Any] = []
        self.patch(os, 'execve', lambda *what: self.started.append(what))
        self.watchers = 0
        self.patch(os, 'fork', self.fork)

    def fork(self) -> int:
        self.watchers += 1
        return 1

    def given(self, chosen: choice.Choice) -> None:
        with self.kept.changing():
            self.kept.save(chosen)

    def begin(self) -> None:
        starting.begin(self.conf, ['--config-file', 'a'])

    def test_that_of_the_image_goes_on(self) -> None:
        self.begin()
        self.given(choice.Choice())
        self.begin()

        self.assertEqual(([], 0), (self.started, self.watchers))

    def test_it_becomes_the_chosen_one(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('PYTHONPATH', '/tmp'))
        self.given(choice.Choice(_A, choice.IMAGE))

        self.begin()

        [(program, command, environment)] = self.started
        self.assertEqual(str(self.kept.python(_A)), program)
        self.assertEqual(
            [program, '-P', '-m', 'trove.cmd.guestagent'], command[:4]
        )
        self.assertEqual(['--config-file', 'a'], command[4:])
        self.assertNotIn('PYTHONPATH', environment)
        self.assertEqual(0, self.watchers)
        # And that one installs others on top of the packages of the image.
        python, *path = json.loads(environment[starting.BASE])
        self.assertEqual(sys.executable, python)
        self.assertEqual(sys.path, path)

    def test_the_chosen_one_is_told_that_it_is(self) -> None:
        self.given(choice.Choice(_A))
        self.useFixture(
            fixtures.EnvironmentVariable(starting.BASE, '["/python", "/x"]')
        )

        self.begin()

        self.assertEqual([], self.started)
        self.assertEqual(['/python', '/x'], starting.base())

    def test_one_on_trial_is_watched_and_its_starts_are_counted(self) -> None:
        self.given(choice.Choice(_A).tried(_B, _TRIAL))

        for _ in range(3):
            self.begin()

        programs = [each[0] for each in self.started]
        b = str(self.kept.python(_B))
        self.assertEqual([b, b, str(self.kept.python(_A))], programs)
        self.assertEqual(2, self.watchers)
        failure = self.kept.load().failure
        assert failure is not None
        self.assertIn('ended 2 times', failure.reason)

    def test_one_that_is_missing_is_taken_back(self) -> None:
        def missing(*what: Any) -> None:
            raise FileNotFoundError(2, 'No such file', what[0])

        self.patch(os, 'execve', missing)
        self.given(choice.Choice().tried(_B, _TRIAL))

        self.begin()

        now = self.kept.load()
        self.assertEqual(choice.IMAGE, now.current)
        assert now.failure is not None
        self.assertIn('No such file', now.failure.reason)

    def process(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, '-c', 'import sys; sys.stdin.read()'],
            stdin=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_watchdog_ends_one_that_is_late(self) -> None:
        chosen = choice.Choice(_A).tried(_B, choice.Trial(0, 'healthy'))
        self.given(chosen)
        agent = self.process()

        starting.watch(self.kept, chosen, agent.pid)

        self.assertEqual(-signal.SIGKILL, agent.wait())
        now = self.kept.load()
        self.assertEqual(_A, now.current)
        assert now.failure is not None
        self.assertIn('did not report', now.failure.reason)

    def test_a_watchdog_leaves_a_confirmed_one_alone(self) -> None:
        chosen = choice.Choice(_A).tried(_B, _TRIAL)
        self.given(chosen.confirmed())
        agent = self.process()

        starting.watch(self.kept, chosen, agent.pid)

        self.assertIsNone(agent.poll())
        self.assertEqual(_B, self.kept.load().current)

    def test_a_watchdog_leaves_an_end_to_the_next_start(self) -> None:
        chosen = choice.Choice(_A).tried(_B, _TRIAL)
        self.given(chosen)
        agent = self.process()
        agent.kill()

        starting.watch(self.kept, chosen, agent.pid)
        agent.wait()
        starting.watch(self.kept, chosen, agent.pid)

        self.assertEqual(chosen, self.kept.load())
