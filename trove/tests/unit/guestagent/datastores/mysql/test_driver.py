# SPDX-License-Identifier: Apache-2.0
"""What is MySQL's own."""

from __future__ import annotations

import types

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
        for version in (5, 7, 29), (9, 7, 4):
            self.given(version)
            for name in self.driver.own_settings():
                self.assertTrue(self.driver.settings.is_denied(name), name)

    def given(self, version):
        found = types.SimpleNamespace(version=version)
        self.driver.home.server = lambda: types.SimpleNamespace(programs=found)

    def test_logs_of_an_old_one_expire_after_as_many_days(self) -> None:
        self.given((9, 7, 4))
        self.driver.volume_bytes = lambda: 1 << 30
        self.assertNotIn('expire_logs_days', self.driver.sizing())
        self.given((5, 7, 29))
        found = self.driver.sizing()
        self.assertEqual(3, found['expire_logs_days'])
        self.assertNotIn('binlog_expire_logs_seconds', found)
