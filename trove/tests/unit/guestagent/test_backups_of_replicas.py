# SPDX-License-Identifier: Apache-2.0
"""Task managers of releases wait for the backup of a replica."""

from __future__ import annotations

import fixtures

from trove.common import exception
from trove.guestagent import backups
from trove.tests.unit.guestagent import bytes_only


class BackupsOfReplicasTest(bytes_only.BackupsTestCase):
    def test_one_for_a_replica_is_waited_for(self) -> None:
        # Given what released task managers say, whose store is refused here
        self.prepared()
        info = {'id': 'b1', 'storage_driver': 'local'}

        error = self.assertRaises(
            exception.DatastoreError, self.backups.make, self.context, info
        )

        self.assertIn('its fault says why', str(error))

    def test_one_for_a_replica_that_is_stored(self) -> None:
        self.prepared()
        self.useFixture(
            fixtures.MockPatchObject(
                backups.restores, 'released_access', lambda *_: self.access
            )
        )

        self.backups.make(self.context, {'id': 'b1'})

        self.assertEqual('COMPLETED', self.outcome()['state'])
