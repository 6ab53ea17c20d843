# SPDX-License-Identifier: Apache-2.0
"""What a running agent does about its replacement."""

from __future__ import annotations

import contextlib
import pathlib
import threading
from typing import Any

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import agent_orders
from trove.guestagent.agents import choice
from trove.guestagent.agents import packages
from trove.guestagent.agents import upgrades
from trove.tests import base
from trove.tests.fixtures import waiting

_A, _B = 'a' * 64, 'b' * 64


class UpgradesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.kept = choice.Choices(top)
        self.ended = threading.Event()
        self.faults: list[str] = []
        self.status = 'healthy'
        self.answered = True
        self.doing: str | None = None
        self.installed: list[str] = []
        self.wrong: Exception | None = None
        self.patch(packages, 'install', self.install)
        self.agents = self.make()

    def make(self, end: Any = None) -> upgrades.Agents:
        agents = upgrades.Agents(
            self.kept.directory.parent,
            self.reporting,
            lambda: self.status,
            lambda: self.answered,
            lambda: self.doing,
            end or self.ended.set,
        )
        self.addCleanup(agents.stop)
        return agents

    def install(self, kept: choice.Choices, package: Any) -> None:
        if self.wrong is not None:
            raise self.wrong
        self.installed.append(package.sha256)
        kept.home(package.sha256).mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def reporting(self, context: Any, action: str) -> Any:
        try:
            yield
        except exception.TroveError as error:
            self.faults.append(f'{action}: {error}')

    def is_told(self) -> bool:
        failure = self.kept.load().failure
        return failure is not None and failure.told

    def order(self, digest: str = _A) -> dict[str, Any]:
        return {'url': 'https://host/x.whl', 'sha256': digest, 'seconds': 60}

    def given(self, chosen: choice.Choice) -> None:
        with self.kept.changing():
            self.kept.save(chosen)

    def test_a_package_is_installed_and_tried(self) -> None:
        said = self.agents.replace(self.order())

        self.assertEqual('installing', said['state'])
        waiting.until(self.ended.is_set, 'it ends')
        self.assertEqual([_A], self.installed)
        self.assertEqual(
            choice.Choice(_A, choice.IMAGE, choice.Trial(60, 'healthy')),
            self.kept.load(),
        )
        # And the same order again changes nothing.
        self.assertEqual(
            'installing', self.agents.replace(self.order())['state']
        )
        self.assertEqual([_A], self.installed)

    def test_the_one_on_trial_confirms_itself_and_tidies_up(self) -> None:
        # Given one that runs for the first time, without its database
        trial = choice.Trial(60, 'running')
        self.given(choice.Choice(_A).tried(_B, trial))
        for name in (_A, _B, 'c' * 64):
            self.kept.home(name).mkdir()
        self.status, self.answered = 'shutdown', True
        self.agents._confirm()
        self.assertEqual('trial', self.agents.show()['state'])
        # Nor without conductors
        self.status, self.answered = 'running', False
        self.agents._confirm()
        self.assertEqual('trial', self.agents.show()['state'])
        # When both are as they were
        self.status, self.answered = 'healthy', True
        self.agents.start()
        # Then it is confirmed, and what cannot be chosen is removed.
        waiting.until(
            lambda: self.agents.show()['state'] == 'running', 'it is confirmed'
        )
        said = self.agents.show()
        self.assertEqual((_B, _A), (said['package'], said['previous']))
        waiting.until(
            lambda: not self.kept.home('c' * 64).exists(), 'it is removed'
        )
        self.assertTrue(self.kept.home(_A).exists())

    def test_what_is_wrong_is_a_fault(self) -> None:
        self.wrong = exception.Unprocessable('Package x was not installed.')

        self.agents.replace(self.order())

        waiting.until(lambda: self.faults, 'it is reported')
        self.assertEqual(
            ['upgrade itself: Package x was not installed.'], self.faults
        )
        said = self.agents.show()
        self.assertEqual(
            ('running', _A, 'Package x was not installed.'),
            (said['state'], said['failed'], said['reason']),
        )
        self.assertFalse(self.ended.is_set())
        # And it may be tried again.
        self.wrong = None
        self.agents.replace(self.order())
        waiting.until(self.ended.is_set, 'it ends')

    def test_what_was_taken_back_is_a_fault_once(self) -> None:
        taken = choice.Choice(_A).tried(_B, choice.Trial(9, 'healthy'))
        self.given(taken.taken_back('it hung'))

        self.answered = False
        self.agents._tell()
        self.assertEqual([], self.faults)
        self.answered = True
        self.agents.start()
        waiting.until(self.is_told, 'it is reported')
        self.agents._tell()

        self.assertEqual(1, len(self.faults))
        self.assertIn('was taken back: it hung', self.faults[0])

    def test_back_to_the_one_before(self) -> None:
        error = self.assertRaises(
            exception.Unprocessable, self.agents.replace, None
        )
        self.assertIn('no former agent', str(error))

        self.given(choice.Choice(_A, choice.IMAGE))
        self.agents.replace(None)

        waiting.until(self.ended.is_set, 'it ends')
        self.assertEqual(choice.IMAGE, self.kept.load().current)
        self.assertEqual([], self.installed)

    def test_what_runs_already_is_left_alone(self) -> None:
        self.given(choice.Choice(_A, choice.IMAGE))

        said = self.agents.replace(self.order(_A))

        self.assertEqual(('running', _A), (said['state'], said['package']))
        self.assertEqual([], self.installed)

    def test_it_is_refused_while_another_thing_is_done(self) -> None:
        self.doing = 'backup b is being made'
        error = self.assertRaises(
            exception.Unprocessable, self.agents.replace, self.order()
        )
        self.assertIn('backup b is being made', str(error))

        self.doing = None
        self.given(choice.Choice().tried(_B, choice.Trial(60, 'healthy')))
        error = self.assertRaises(
            exception.Unprocessable, self.agents.replace, self.order()
        )
        self.assertIn('another upgrade', str(error))

    def test_a_part_of_another_process_stays(self) -> None:
        agents = upgrades.Agents(
            self.kept.directory.parent,
            self.reporting,
            lambda: self.status,
            lambda: self.answered,
        )
        error = self.assertRaises(
            exception.NotSupported, agents.replace, self.order()
        )
        self.assertIn('part of another process', str(error))

    def test_only_an_authenticated_order_starts_it(self) -> None:
        self.manager = agent_orders.AgentOrders()
        self.manager._agents = self.agents
        context = trove_context.make_admin_context()

        error = self.assertRaises(
            exception.NotSupported,
            self.manager.upgrade_agent,
            context,
            self.order(),
        )
        self.assertIn('enable_secure_rpc_messaging', str(error))
        self.assertEqual('running', self.manager.get_agent(context)['state'])

        context.sealed = True
        self.manager.upgrade_agent(context, self.order())
        waiting.until(self.ended.is_set, 'it ends')
