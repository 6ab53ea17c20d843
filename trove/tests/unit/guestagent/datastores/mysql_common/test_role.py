# SPDX-License-Identifier: Apache-2.0
"""The role of a server, whatever happens to its agent."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent.datastores.mysql_common import role
from trove.tests import base


class RoleTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def role(self) -> role.Role:
        return role.Role(self.root / 'role.json', self.root, 'master.info')

    def test_it_outlasts_the_agent(self) -> None:
        self.assertTrue(self.role().is_primary)
        self.role().change(role=role.REPLICA, host='db1', password='secret')
        found = self.role()
        self.assertFalse(found.is_primary)
        self.assertEqual('db1', found.state.host)
        self.assertNotIn('secret', repr(found.state))
        self.assertEqual(
            0o600, (self.root / 'role.json').stat().st_mode & 0o777
        )

    def test_a_rebuilt_replica_is_one_still(self) -> None:
        (self.root / 'master.info').write_text('')
        self.assertFalse(self.role().is_primary)

    def test_its_mark_is_beside_the_data(self) -> None:
        self.role().change(role=role.REPLICA)
        self.role().mark(None)
        (self.root / 'role.json').unlink()
        self.assertFalse(self.role().is_primary)
        self.role().change(role=role.PRIMARY)
        self.role().mark(None)
        (self.root / 'role.json').unlink()
        self.assertTrue(self.role().is_primary)

    def test_a_primary_that_followed_once_is_none(self) -> None:
        self.role().change(role=role.REPLICA)
        self.role().change(role=role.PRIMARY)
        (self.root / 'master.info').write_text('')
        self.assertTrue(self.role().is_primary)
