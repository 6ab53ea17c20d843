# SPDX-License-Identifier: Apache-2.0
"""What is MySQL's own."""

from __future__ import annotations

import fixtures

from trove.guestagent.datastores.mysql import driver
from trove.tests import base


class DriverTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(
            group='guestagent',
            state_dir=self.useFixture(fixtures.TempDir()).path,
        )
        self.driver = driver.MySQL(self.conf)

    def test_data_are_where_releases_have_them(self) -> None:
        self.assertEqual('/var/lib/mysql/data', str(self.driver.home.data_dir))

    def test_customers_cannot_change_what_the_agent_relies_on(self) -> None:
        for name in self.driver.own_settings():
            self.assertTrue(self.driver.settings.is_denied(name), name)
