# SPDX-License-Identifier: Apache-2.0
"""What is MariaDB's own."""

from __future__ import annotations

import fixtures

from trove.guestagent.datastores.mariadb import driver
from trove.tests import base


class PasswordTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(
            group='guestagent',
            state_dir=self.useFixture(fixtures.TempDir()).path,
        )

    def test_statements_have_a_verifier_only(self) -> None:
        clause = driver.MariaDB(self.conf).identified('root')
        # As SELECT PASSWORD('root') has it.
        self.assertIn('*81F5E21E35407D884A6CD4A731AEBFB6AF209E1B', clause)
        self.assertNotIn('root', clause)

    def test_data_are_where_releases_have_them(self) -> None:
        self.assertEqual(
            '/var/lib/mysql/data',
            str(driver.MariaDB(self.conf).home.data_dir),
        )
