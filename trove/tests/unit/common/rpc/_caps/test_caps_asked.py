# SPDX-License-Identifier: Apache-2.0
"""Peers that are asked, what they answer, and for how long that counts."""

from __future__ import annotations

from collections.abc import Callable

from trove.common import rpc
from trove.common.rpc._caps import caps as rpc_caps
from trove.common.rpc._caps import discovery
from trove.tests import base
from trove.tests.unit.common.rpc import sample

INTERFACE = sample.API.interface


def revision(name: str) -> rpc.Revision:
    return next(each for each in INTERFACE.history if each.name == name)


class AskedTest(base.TestCase):
    """Given a peer that somebody has asked before."""

    def setUp(self) -> None:
        super().setUp()
        self.config(refresh_interval=60, group='upgrade_levels')
        self.now = 0.0
        self.found: str | discovery.Unanswered | None = rpc.Probed('1.1')
        self.answer: str | None = '1.1'
        self.asked = 0
        self.kept: list[object] = []
        self.proven = False
        self.before_found: Callable[[], None] = lambda: None
        self.caps = rpc_caps.Caps(
            self.conf,
            {'guestagent': self.discover},
            {'guestagent': lambda peer, found: self.kept.append(found)},
            self.probe,
            clock=lambda: self.now,
            proven=lambda interface, peer: self.proven,
        )

    def discover(self, peer: str | None) -> str | discovery.Unanswered | None:
        found = self.found
        self.before_found()
        return found

    def probe(
        self, interface: rpc.Interface, peer: str | None
    ) -> rpc.Revision | None:
        self.asked += 1
        return None if self.answer is None else revision(self.answer)

    def asked_at(self, *moments: float) -> list[int]:
        """Tell how often it was asked by then, confirming it each time."""
        found = []
        for self.now in moments:
            self.caps.confirmed(INTERFACE, 'x')
            found.append(self.asked)
        return found

    def test_who_answers_is_asked_once_in_a_while(self) -> None:
        self.assertEqual([1, 1, 1, 2], self.asked_at(0, 1, 59, 61))

    def test_who_is_silent_is_asked_less_often_and_believed(self) -> None:
        self.answer = None

        self.assertEqual([1, 1, 1, 2], self.asked_at(0, 61, 179, 181))
        self.assertEqual('1.1', str(self.caps.get(INTERFACE, 'x')))

    def test_whom_another_process_has_asked_need_not_be(self) -> None:
        self.found = rpc.Probed('1.1', age=50.0)

        self.assertEqual([0, 0, 1], self.asked_at(0, 9, 11))

    def test_who_announces_itself_is_never_asked(self) -> None:
        self.found = '1.1'

        self.assertEqual([0, 0], self.asked_at(0, 1000))

    def test_who_did_not_answer_another_process_is_not_asked(self) -> None:
        self.found = discovery.Unanswered()

        self.assertEqual('1.0', str(self.caps.get(INTERFACE, 'x')))

        self.assertEqual(0, self.asked)

    def test_who_is_not_to_be_asked_is_not(self) -> None:
        caps = rpc_caps.Caps(
            self.conf, {'guestagent': lambda peer: None}, {}, self.probe
        )

        self.assertEqual('1.0', str(caps.confirmed(INTERFACE, 'x')))

        self.assertEqual(0, self.asked)

    def test_a_rollback_is_kept_as_such(self) -> None:
        self.found, self.answer = rpc.Probed('1.2'), '1.1'

        self.assertEqual('1.1', str(self.caps.confirmed(INTERFACE, 'x')))

        self.assertEqual([None, '1.1'], self.kept)

    def test_silence_is_kept(self) -> None:
        self.found, self.answer = None, None

        self.caps.get(INTERFACE, 'x')

        (kept,) = self.kept
        self.assertIsInstance(kept, discovery.Unanswered)

    def test_what_is_less_than_proven_is_not_kept(self) -> None:
        self.found, self.answer = rpc.Probed('1.10'), '1.2'
        self.proven = True

        self.assertEqual('1.10', str(self.caps.confirmed(INTERFACE, 'x')))

        self.assertEqual([], self.kept)
        self.assertEqual(revision('1.2'), self.caps.doubted(INTERFACE, 'x'))

    def test_who_refuses_what_it_answers_again_is_sent_the_floor(self) -> None:
        self.found = self.answer = '1.2'
        self.caps.get(INTERFACE, 'x')

        self.caps.refuted(INTERFACE, 'x')

        self.assertEqual('1.0', str(self.caps.get(INTERFACE, 'x')))
        # Who asks next is not told what was wrong.
        self.assertIn(None, self.kept)

    def test_a_refusal_that_ends_seals_is_told(self) -> None:
        self.config(enable_secure_rpc_messaging=True)
        self.found, self.answer = '1.10', '1.2'
        self.caps.get(INTERFACE, 'x')

        self.caps.refuted(INTERFACE, 'x')

        self.assertIn('no longer accepts sealed messages', self.logs.output)

    def test_what_was_read_before_a_refusal_is_read_again(self) -> None:
        def refuse() -> None:
            self.before_found = lambda: None
            self.found = '1.0'
            self.caps.forget('guestagent', 'x')

        self.found = '1.1'
        self.before_found = refuse

        self.assertEqual('1.0', str(self.caps.get(INTERFACE, 'x')))
