# SPDX-License-Identifier: Apache-2.0
"""The log of changes is archived, and replayed up to a time."""

from __future__ import annotations

from trove.guestagent.datastores import archive
from trove.tests.functional.guestagent import archives
from trove.tests.functional.guestagent import stores


class PostgreSQLTest(archives.LogArchiveTestCase):
    clock = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"

    def test_what_is_dropped_is_restored(self) -> None:
        # Given a backup, and what was written since
        self.prepare_guest()
        self.archive()
        self.write(1)
        full = self.backup('full')
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.write(2)
        before = self.now()
        known = self.metadata(full)
        self.assertLess(known['log-time'], archive.to_text(before))
        self.sql('DROP TABLE orders')
        last = self.wait_until_archived(self.now())
        # When
        guest = self.another()
        self.restore_to(guest, full, before, last)
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))


class MariaDBTest(archives.BinaryLogTestCase):
    store = stores.MariaDB()

    def test_what_is_dropped_is_restored(self) -> None:
        # Given a backup, and what was written since
        self.prepare_guest()
        self.archive()
        self.write(1)
        full = self.backup('full')
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.write(2)
        second = self.next_second()
        self.sql('DROP TABLE orders')
        last = self.wait_until_archived(self.now())
        # When
        guest = self.another()
        self.restore_to(guest, full, second, last)
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))
