# SPDX-License-Identifier: Apache-2.0
"""Generated passwords."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent.datastores import passwords
from trove.tests import base


class PasswordsTest(base.TestCase):
    def test_each_is_another(self) -> None:
        made = {passwords.generate(36) for _ in range(100)}
        self.assertEqual(100, len(made))
        self.assertEqual({36}, {len(each) for each in made})
        self.assertTrue(all(each.isalnum() for each in made))

    def test_those_that_were_replaced_are_known_for_a_while(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'word')
        path.write_text('first')
        self.assertEqual([], passwords.former(path))

        for number in range(7):
            passwords.replace(path, f'{number}')

        self.assertEqual('6', path.read_text())
        self.assertEqual(['5', '4', '3', '2', '1'], passwords.former(path))
        for each in path.parent.iterdir():
            if each != path:
                self.assertEqual(0o600, each.stat().st_mode & 0o777)
