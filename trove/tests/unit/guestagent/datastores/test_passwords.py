# SPDX-License-Identifier: Apache-2.0
"""Generated passwords."""

from __future__ import annotations

from trove.guestagent.datastores import passwords
from trove.tests import base


class PasswordsTest(base.TestCase):
    def test_each_is_another(self) -> None:
        made = {passwords.generate(36) for _ in range(100)}
        self.assertEqual(100, len(made))
        self.assertEqual({36}, {len(each) for each in made})
        self.assertTrue(all(each.isalnum() for each in made))
