# SPDX-License-Identifier: Apache-2.0
"""Backups in a store that the guest may use for a while, and for parts."""

from __future__ import annotations

import threading
from unittest import mock

import fixtures

from trove.objectstore import base as stores
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import bytes_only


class SignedBackupsTest(bytes_only.BackupsTestCase):
    def test_parts_are_handed_over(self) -> None:
        # Given a store that may write parts only
        self.prepared()
        part = stores.Part('b1_00000000', 'sum', 9)
        store = mock.Mock(spec=stores.Store)
        store.save.return_value = stores.Stored('there', 's', 9, [part])
        self.useFixture(
            fixtures.MockPatch(
                'trove.objectstore.open_store', return_value=store
            )
        )
        self.create()

        outcome = self.outcome()
        self.assertEqual('SAVING', outcome['state'])
        self.assertEqual(1, outcome['parts'])
        self.assertEqual('fake', outcome['metadata']['datastore'])

    def test_a_later_permission_is_for_the_backup_being_made(self) -> None:
        # Given one that is being made
        self.prepared()
        going, store = threading.Event(), mock.Mock(spec=stores.Store)
        store.save.side_effect = lambda *_, **__: going.wait(60) and (
            stores.Stored('there', 's', 9)
        )
        opened = self.useFixture(
            fixtures.MockPatch(
                'trove.objectstore.open_store', return_value=store
            )
        )
        self.addCleanup(going.set)
        self.create()
        waiting.until(lambda: store.save.called, 'it is being made')
        later = {'driver': 'swift', 'signed': [], 'renews': True}

        # When later ones come, for this and for another
        for backup_id in 'b1', 'b2':
            self.backups.create(self.context, {'id': backup_id}, later)

        store.renew.assert_called_once_with(later)
        going.set()
        self.assertEqual('COMPLETED', self.outcome()['state'])
        # Nor is one begun again that has ended
        self.backups.create(self.context, {'id': 'b1'}, later)
        opened.mock.assert_called_once()
