# SPDX-License-Identifier: Apache-2.0
"""Backups and replicas of a MySQL, by the orders that agents get."""

from __future__ import annotations

from typing import Any

from trove.tests.fixtures import mysql
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import archives
from trove.tests.functional.guestagent import replicas
from trove.tests.functional.guestagent import stores


class BackupTest(archives.BinaryLogTestCase):
    store = stores.MySQL()

    def setUp(self) -> None:
        reason = mysql.missing()
        if reason is not None:
            self.skipTest(reason)
        super().setUp()

    def test_backups_are_made_and_restored(self) -> None:
        # Given
        self.prepare_guest(root_password='top secret')
        self.archive()
        with self.place.session('root', 'top secret', 'mysql') as session:
            session.execute("CREATE USER slave_1@'%' IDENTIFIED BY 'known'")
            # As a replica has it, or whoever wants to be followed.
            session.execute(
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.9', "
                "SOURCE_USER = 'slave_1', SOURCE_PASSWORD = 'known'"
            )
        self.write(1)
        # When
        full = self.backup('full')
        # Then
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.assertTrue(full['location'].endswith('/full.clone.tar.gz'))
        self.assertRegex(
            self.metadata(full)['server-version'], r'^\d+\.\d+\.\d+$'
        )
        most = self.continue_twice(full)
        self.refuse()
        self.write(4)
        second = self.next_second()
        self.sql('DROP TABLE orders')
        last = self.wait_until_archived(self.now())
        # When the last one is restored to a time
        guest = self.another()
        self.restore_to(guest, most, second, last)
        self.wait_for_status(guest, 'healthy')
        # Then it has what the other had, and none of its accounts, and follows
        # nobody
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2, 3, 4], self.rows(guest))
        with guest.place.session('root', 'top secret', 'mysql') as session:
            found = session.execute('SELECT User FROM user').fetchall()
            follows = session.execute('SHOW REPLICA STATUS').fetchone()
        self.assertIn('127.0.0.9', follows)
        self.assertEqual(('No', 'No'), follows[10:12])
        self.assertNotIn(('slave_1',), found)
        self.assertIn(('clerk',), found)
        self.assertEqual(
            [], list(self.place.data_dir.parent.glob('trove-clone-*'))
        )

    def continue_twice(self, full: dict[str, Any]) -> dict[str, Any]:
        # When others continue it
        self.write(2)
        more = self.backup('more', full)
        self.write(3)
        most = self.backup('most', more)
        # Then they have the log since
        self.assertEqual('COMPLETED', most['state'], self.failures())
        self.assertTrue(most['location'].endswith('/most.binlog.tar.gz'))
        files = self.files(most)
        self.assertEqual(self.metadata(more)['binlog-file'], files[0])
        self.assertNotIn(self.metadata(most)['binlog-file'], files)
        return most

    def refuse(self) -> None:
        """What would lack something is not made."""
        self.sql('CREATE TABLE odd (a int) ENGINE=MyISAM')
        found = self.backup('odd')
        self.assertEqual('FAILED', found['state'])
        waiting.until(lambda: 'shop.odd' in self.failures(), 'it is told')
        self.sql('DROP TABLE odd')
        del self.conductor.failures[:]


class ReplicationTest(replicas.GTIDTests):
    store = stores.MySQL()

    def setUp(self) -> None:
        reason = mysql.missing()
        if reason is not None:
            self.skipTest(reason)
        super().setUp()
