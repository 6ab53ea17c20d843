# SPDX-License-Identifier: Apache-2.0
"""Waves of guests that replace their agents."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.rpcadmin import rollout
from trove.tests import base

_NEW = 'n' * 64
_OLD = 'o' * 64
_ORDER = {'url': 'https://host/x', 'sha256': _NEW, 'seconds': 60}


class Guest:
    """A guest agent that takes some looks to replace itself."""

    def __init__(self, outcome: str | None = None, busy: int = 0) -> None:
        self.outcome = outcome
        self.busy = busy
        self.orders: list[Any] = []
        self.runs: dict[str, Any] = {
            'state': 'running',
            'package': _OLD,
            'failed': None,
            'reason': None,
        }
        self.script: list[Any] = []
        self.refusal: exception.TroveError | None = None

    def get_agent(self, context: Any) -> dict[str, Any]:
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            self.runs |= step
        self.busy -= 1
        return self.runs | {'doing': 'a backup' if self.busy >= 0 else None}

    def upgrade_agent(self, context: Any, package: Any) -> dict[str, Any]:
        if self.refusal is not None:
            raise self.refusal
        self.orders.append(package)
        end: dict[str, Any] = {'state': 'running', 'package': _NEW}
        if package is None:
            end['package'] = ''
        if self.outcome is not None:
            end = {
                'state': 'running',
                'failed': _NEW,
                'reason': self.outcome,
            }
        silent = exception.PeerTimeout(peer='it', method='m', timeout=8)
        self.script = [{'state': 'installing'}, silent, {'state': 'trial'}]
        self.script.append(end)
        return {**self.runs, 'state': 'installing', 'doing': None}


class RollOutTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.guests = {f'g{n}': Guest() for n in range(6)}
        self.said: list[str] = []
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def run_out(
        self,
        package: dict[str, Any] | None = _ORDER,
        timeout: float = 100,
        failures: int = 0,
    ) -> rollout.Result:
        return rollout.RollOut(
            self.guests.__getitem__,
            package,
            lambda runs: (runs == _NEW) == (package is not None),
            rollout.Waves(1, 3, 30, timeout, failures),
            self.said.append,
            self.sleep,
            lambda: self.now,
        ).run(list(self.guests))

    def ordered(self) -> list[str]:
        return [name for name, g in self.guests.items() if g.orders]

    def test_a_canary_then_waves_with_pauses(self) -> None:
        result = self.run_out()

        self.assertEqual(list(self.guests), result.done)
        self.assertEqual(({}, []), (result.failed, result.left))
        self.assertEqual(2, self.slept.count(30))
        self.assertEqual(
            [
                'Wave 1 of 3: 1 guests.',
                '[1/6] g0: runs it',
                'Pausing for 30 s.',
                'Wave 2 of 3: 3 guests.',
            ],
            self.said[:4],
        )
        self.assertEqual([_ORDER], self.guests['g5'].orders)

    def test_a_canary_that_fails_is_the_last(self) -> None:
        self.guests['g0'].outcome = 'it was taken back'

        result = self.run_out()

        self.assertEqual({'g0': 'it was taken back'}, result.failed)
        self.assertEqual(['g0'], self.ordered())
        self.assertEqual(list(self.guests)[1:], result.left)
        self.assertIn('[1/6] g0: it was taken back', self.said)

    def test_an_answer_that_makes_no_sense_fails_that_guest_only(self) -> None:
        for name, told in (
            ('g1', {'state': None}),
            ('g2', {'package': ['x']}),
        ):
            self.guests[name].runs |= told
        self.guests['g3'].script = [{'state': 7}]

        result = self.run_out()

        self.assertEqual(['g0', 'g4', 'g5'], sorted(result.done))
        self.assertEqual(['g1'], list(result.failed))
        self.assertEqual(['g2', 'g3'], result.left)
        self.assertIn('rebuild the instance', result.failed['g1'])

    def test_it_goes_on_in_spite_of_some(self) -> None:
        self.guests['g1'].outcome = 'it was taken back'

        result = self.run_out(failures=1)

        self.assertEqual(['g1'], list(result.failed))
        self.assertEqual(5, len(result.done))
        self.assertFalse(result.stopped)

    def test_but_not_of_more_nor_of_a_canary(self) -> None:
        for names, left in (('g1', 'g2'), 2), (('g0',), 5):
            with self.subTest(names):
                self.guests = {f'g{n}': Guest() for n in range(6)}
                for name in names:
                    self.guests[name].outcome = 'it was taken back'

                result = self.run_out(failures=1)

                self.assertTrue(result.stopped)
                self.assertEqual(left, len(result.left))

    def test_those_that_failed_before_stop_nobody(self) -> None:
        # Given the canary that fails each time, and one that is gone
        self.guests['g0'].runs |= {'failed': _NEW, 'reason': 'before'}
        self.guests['g0'].outcome = 'again'
        silent = exception.PeerTimeout(peer='it', method='m', timeout=8)
        self.guests['g1'].script = [silent] * 200

        result = self.run_out()

        self.assertEqual(['g2', 'g3', 'g4', 'g5'], sorted(result.done))
        self.assertEqual(['g0', 'g1'], sorted(result.failed))
        self.assertIn('do not answer: g0, g1.', self.said[0])

    def test_those_that_ran_it_before_are_not_of_this_order(self) -> None:
        self.guests['g0'].runs['package'] = _NEW

        result = self.run_out()

        self.assertEqual(6, len(result.done))
        self.assertEqual(
            ['g1', 'g2', 'g3', 'g4', 'g5'], sorted(result.ordered)
        )

    def test_the_others_of_the_wave_are_waited_for(self) -> None:
        self.guests['g2'].outcome = 'it was taken back'

        result = self.run_out()

        self.assertEqual(['g0', 'g1', 'g3'], sorted(result.done))
        self.assertEqual(['g4', 'g5'], result.left)

    def test_begun_again_it_joins_what_is_under_way(self) -> None:
        # Given guests that are done, busy with it, and not yet ordered to
        self.guests['g0'].runs['package'] = _NEW
        self.guests['g1'].script = [
            {'state': 'installing'},
            {'state': 'running', 'package': _NEW},
        ]

        result = self.run_out()

        self.assertEqual(6, len(result.done))
        self.assertEqual(['g2', 'g3', 'g4', 'g5'], self.ordered())

    def test_one_that_failed_with_it_before_tries_it_again(self) -> None:
        self.guests['g0'].runs |= {'failed': _NEW, 'reason': 'before'}

        # It forgets that with the order.
        self.guests['g0'].outcome = 'again'
        result = self.run_out()

        self.assertEqual({'g0': 'again'}, result.failed)
        self.assertEqual([_ORDER], self.guests['g0'].orders)

    def test_a_busy_one_is_ordered_when_it_is_free(self) -> None:
        self.guests['g0'].busy = 3

        self.assertEqual(6, len(self.run_out().done))

        self.guests = {'g0': Guest(busy=1000)}
        result = self.run_out(timeout=5)
        self.assertIn('within 5 s: a backup', result.failed['g0'])
        self.assertEqual([], self.ordered())

    def test_a_refusal_is_a_failure(self) -> None:
        self.guests['g0'].refusal = exception.NotSupported('No keys.')

        self.assertEqual({'g0': 'No keys.'}, self.run_out().failed)

    def test_one_that_does_not_answer_is_a_failure_in_the_end(self) -> None:
        silent = exception.PeerTimeout(peer='it', method='m', timeout=8)
        self.guests['g0'].script = [silent] * 100

        result = self.run_out(timeout=5)

        self.assertIn('did not answer', result.failed['g0'])

    def test_back_only_those_that_run_it(self) -> None:
        self.guests['g0'].runs['package'] = _NEW

        result = self.run_out(package=None)

        self.assertEqual(6, len(result.done))
        self.assertEqual(['g0'], self.ordered())
        self.assertEqual([None], self.guests['g0'].orders)
