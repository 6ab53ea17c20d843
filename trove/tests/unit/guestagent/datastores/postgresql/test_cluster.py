# SPDX-License-Identifier: Apache-2.0
"""Where a database of PostgreSQL is."""

from __future__ import annotations

import fixtures

from trove.guestagent.datastores.postgresql import driver
from trove.tests import base


class ClusterTest(base.TestCase):
    def test_data_are_where_releases_have_them(self) -> None:
        self.config(
            group='guestagent',
            state_dir=self.useFixture(fixtures.TempDir()).path,
        )
        home = driver.PostgreSQL(self.conf).home

        self.assertEqual(
            '/var/lib/postgresql/data/pgdata', str(home.data_dir)
        )
