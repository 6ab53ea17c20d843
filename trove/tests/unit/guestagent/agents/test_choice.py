# SPDX-License-Identifier: Apache-2.0
"""What is chosen, tried, confirmed and taken back."""

from __future__ import annotations

import json
import pathlib

import fixtures

from trove.guestagent.agents import choice
from trove.tests import base

_A, _B = 'a' * 64, 'b' * 64


class ChoiceTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        top = self.useFixture(fixtures.TempDir()).path
        self.kept = choice.Choices(pathlib.Path(top) / 'state')
        self.path = self.kept.directory / 'choice.json'

    def test_without_a_file_it_is_that_of_the_image(self) -> None:
        self.assertEqual(choice.Choice(), self.kept.load())
        self.assertFalse(self.kept.directory.exists())

    def test_it_is_read_as_it_was_saved(self) -> None:
        with self.kept.changing() as now:
            tried = now.tried(_A, choice.Trial(60, 'healthy')).started()
            self.kept.save(tried)

        self.assertEqual(tried, self.kept.load())
        self.assertEqual(0o700, self.kept.directory.stat().st_mode & 0o777)

    def test_what_later_releases_write_is_read(self) -> None:
        self.kept.directory.mkdir(parents=True)
        later = {
            'current': _A,
            'shelf': 1,
            'trial': {'seconds': 9, 'status': 'healthy', 'cellar': 2},
        }
        self.path.write_text(json.dumps(later))

        self.assertEqual(
            choice.Choice(_A, trial=choice.Trial(9, 'healthy')),
            self.kept.load(),
        )

    def test_nonsense_is_that_of_the_image(self) -> None:
        self.kept.directory.mkdir(parents=True)
        for text in ('', '[]', '{}', '{"current": "../x"}', '{"current": 1}'):
            self.path.write_text(text)
            self.assertEqual(choice.Choice(), self.kept.load())

    def test_a_confirmed_one_can_be_gone_back_from(self) -> None:
        trial = choice.Trial(60, 'healthy')
        first = choice.Choice().tried(_A, trial).confirmed()
        second = first.tried(_B, trial).confirmed()

        self.assertEqual((_A, choice.IMAGE), (first.current, first.previous))
        self.assertEqual((_B, _A), (second.current, second.previous))
        # And it is not counted any more how often it was started
        self.assertEqual(second, second.started().started().started())

    def test_one_that_ends_too_often_is_taken_back(self) -> None:
        before = choice.Choice(_A, choice.IMAGE)
        tried = before.tried(_B, choice.Trial(60, 'healthy'))

        twice = tried.started().started()
        self.assertEqual(_B, twice.current)

        after = twice.started()
        self.assertEqual((_A, None), (after.current, after.trial))
        self.assertEqual(choice.IMAGE, after.previous)
        assert after.failure is not None
        self.assertEqual(_B, after.failure.package)
        self.assertIn('ended 2 times', after.failure.reason)
        self.assertIn(f'that of package {_B}.', after.failure.reason)
        # And it stays so.
        self.assertEqual(after, after.started())
