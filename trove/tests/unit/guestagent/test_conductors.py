# SPDX-License-Identifier: Apache-2.0
"""What the conductors take: answers, refusals, silence."""

from __future__ import annotations

from collections.abc import Callable
import threading

from trove.common import exception
from trove.guestagent import conductors
from trove.tests import base
from trove.tests.fixtures import waiting


def refuse() -> str:
    raise exception.PeerTooOld('a released one does not know the question')


def silence() -> str:
    raise exception.PeerTimeout('nobody answers')


def answer(text: str) -> Callable[[], str]:
    return lambda: text


class ConductorsTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(group='upgrade_levels', refresh_interval=10)
        self.now = 1000.0
        self.asked = 0
        self.changes = 0
        #: What they answer, one after the other; the last one for ever.
        self.answers: list[Callable[[], str]] = [answer('1.1')]
        #: All conductors have said, sealed, that they know seals.
        self.proven = False
        self.conductors = conductors.Conductors(
            self.conf,
            self._ask,
            self._changed,
            clock=lambda: self.now,
            proven=lambda: self.proven,
        )
        self.addCleanup(self.conductors.stop)

    def _ask(self) -> str:
        self.asked += 1
        if len(self.answers) > 1:
            return self.answers.pop(0)()
        return self.answers[0]()

    def _changed(self) -> None:
        self.changes += 1

    def look(self, *answers: Callable[[], str]) -> str | None:
        self.answers = list(answers) or self.answers
        self.conductors.look()
        return self.conductors.speaks()


class AnswersTest(ConductorsTestCase):
    def test_nothing_is_known_at_first(self) -> None:
        self.assertIsNone(self.conductors.speaks())
        self.assertEqual(0, self.asked)

    def test_what_they_say_counts_and_is_told(self) -> None:
        self.assertEqual('1.1', self.look())
        self.assertEqual(1, self.changes)
        self.assertEqual(1, self.logs.output.count('sending version 1.1'))
        # When nothing changes, one question is enough
        self.asked = 0
        self.look()
        self.assertEqual(1, self.asked)
        self.assertEqual(1, self.changes)

    def test_one_that_does_not_know_the_question_is_told_once(self) -> None:
        for _ in range(21):
            self.look(refuse)
            self.now += 30

        self.assertEqual(1, self.logs.output.count('Upgrade it'))

    def test_a_lower_answer_counts_at_once(self) -> None:
        self.look()
        self.assertEqual('1.0/stein', self.look(answer('1.0/stein')))
        self.assertEqual(2, self.changes)

    def test_a_higher_one_takes_several_in_a_row(self) -> None:
        self.assertEqual(
            '1.0/stein', self.look(answer('1.1'), answer('1.0/stein'))
        )
        self.assertEqual('1.1', self.look(answer('1.1')))

    def test_newer_ones_are_spoken_to_in_our_words(self) -> None:
        self.assertEqual('1.1', self.look(answer('1.9,2.0')))

    def test_nonsense_is_no_answer(self) -> None:
        self.look()
        self.assertEqual('1.1', self.look(answer('None')))
        self.assertIn('Check that a conductor is running', self.logs.output)


class RefusalTest(ConductorsTestCase):
    def test_one_that_refuses_lowers_at_once(self) -> None:
        # Given conductors of ours, to which a released one comes
        self.look()
        # When it is the one that is asked
        self.assertEqual('1.0', self.look(refuse))
        # Then the others change nothing, for it may be there still
        self.now += 170
        self.assertEqual('1.0', self.look(answer('1.1')))
        self.assertEqual(2, self.changes)
        # When it was not seen for long, they do
        self.now += 20
        self.assertEqual('1.1', self.look())

    def test_every_refusal_counts_anew(self) -> None:
        self.look(refuse)
        for _ in range(5):
            self.now += 100
            self.assertEqual('1.0', self.look(refuse))
        self.now += 179
        self.assertEqual('1.0', self.look(answer('1.1')))

    def test_one_among_several_answers_is_enough(self) -> None:
        found = self.look(answer('1.1'), answer('1.1'), refuse)

        self.assertEqual('1.0', found)

    def test_in_the_clear_it_counts_for_nothing_once_that_is_proven(
        self,
    ) -> None:
        self.look()
        self.proven = True

        self.assertEqual('1.1', self.look(refuse))
        self.assertFalse(self.conductors.look())
        self.assertEqual(1, self.logs.output.count('sealing allow conductor'))

    def test_one_of_ours_that_knows_of_it_is_asked_at_once(self) -> None:
        """Given that, half of what was sent was lost for half a minute."""
        self.look()
        self.proven = True

        self.assertEqual('1.0', self.look(refuse, answer('1.0')))

    def test_nothing_is_raised_while_somebody_refuses(self) -> None:
        self.proven = True

        found = self.look(answer('1.1'), refuse, answer('1.1'))

        self.assertIsNone(found)

    def test_only_one_question_while_it_makes_no_difference(self) -> None:
        self.look(refuse)
        self.look(answer('1.1'))
        self.assertEqual(2, self.asked)


class SilenceTest(ConductorsTestCase):
    def test_it_changes_nothing_and_is_logged_once(self) -> None:
        self.look()
        for _ in range(3):
            self.assertEqual('1.1', self.look(silence))
        self.assertEqual(1, self.logs.output.count('nobody answers'))
        # When they come back, and go again
        self.look(answer('1.1'))
        self.look(silence)
        self.assertEqual(2, self.logs.output.count('nobody answers'))

    def test_it_says_whether_there_was_an_answer(self) -> None:
        for said, expected in (
            (answer('1.1'), True),
            (refuse, True),
            (silence, False),
        ):
            self.answers = [said]
            self.assertIs(expected, self.conductors.look())


class ConfirmTest(ConductorsTestCase):
    def test_words_that_all_understand_need_none(self) -> None:
        self.conductors.confirm()
        self.look(refuse)
        self.asked = 0
        self.now += 60
        self.conductors.confirm()
        self.assertEqual(0, self.asked)

    def test_an_answer_of_just_now_is_one(self) -> None:
        self.look()
        self.asked = 0
        self.conductors.confirm()
        self.assertEqual(0, self.asked)

    def test_a_conductor_rolled_back_meanwhile_is_noticed(self) -> None:
        self.look()
        self.now += 10
        self.answers = [refuse]
        self.conductors.confirm()
        self.assertEqual('1.0', self.conductors.speaks())


class ThreadTest(ConductorsTestCase):
    def test_it_asks_by_itself_and_when_it_is_woken(self) -> None:
        self.config(group='upgrade_levels', refresh_interval=3600)
        self.conductors.start()
        waiting.until(self.conductors.speaks, 'they were asked')
        self.answers = [answer('1.0')]
        self.conductors.wake()
        waiting.until(
            lambda: self.conductors.speaks() == '1.0', 'it asked again'
        )

    def test_guests_ask_at_different_times(self) -> None:
        intervals = {self.conductors._interval() for _ in range(100)}
        self.assertGreater(len(intervals), 50)
        self.assertGreaterEqual(min(intervals), 22.5)
        self.assertLessEqual(max(intervals), 37.5)

    def test_a_question_under_way_does_not_keep_the_agent(self) -> None:
        # Given one that nobody answers
        asked, let_go = threading.Event(), threading.Event()
        self.addCleanup(let_go.set)

        def hang() -> str:
            asked.set()
            let_go.wait(60)
            raise exception.PeerTimeout('at last')

        self.answers = [hang]
        self.conductors.start()
        self.assertTrue(asked.wait(30))
        # When, then
        self.conductors.stop()
        self.assertFalse(let_go.is_set())
