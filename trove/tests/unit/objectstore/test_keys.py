# SPDX-License-Identifier: Apache-2.0
"""What the owner of a container may have written instead of the mark."""

from __future__ import annotations

from trove.objectstore import _keys
from trove.tests import base

KEY = 'k'
BEGAN = 1_700_000_000


class KeysTest(base.TestCase):
    def due(self, times, now=BEGAN):
        mark = f'{_keys._hash(KEY)}{times}'
        return _keys.due({_keys._FIRST: KEY, _keys._MARK: mark}, now)

    def test_malformed_marks_are_those_of_others(self):
        for times in (
            '',
            ' ',
            ' x',
            ' -1',
            ' 1 2 3',
            ' 1 x',
            ' 1.5',
            ' 1' + '0' * 5000,
            ' \u0663',
            '  1',
        ):
            with self.subTest(times[:9]):
                self.assertEqual({}, self.due(times, now=BEGAN + 1e9))

    def test_a_key_that_just_began(self):
        (changed,) = self.due(' 0')

        self.assertEqual(_keys._MARK, changed)
        self.assertEqual({}, self.due(f' {BEGAN}'))

    def test_a_key_that_is_old(self):
        changes = self.due(f' {BEGAN}', BEGAN + _keys.AGE)

        self.assertEqual({_keys._SECOND, _keys._MARK}, set(changes))
