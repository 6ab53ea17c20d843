# SPDX-License-Identifier: Apache-2.0
"""Backups of a MariaDB, made by its agent into a directory."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import pathlib
import signal
import subprocess
from typing import Any

from trove.guestagent.datastores import processes
from trove.objectstore import local
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups
from trove.tests.functional.guestagent import stores

_ACCOUNTS = 'SELECT User, Host FROM mysql.user'


class MariaDBTestCase(backups.BackupTestCase):
    store = stores.MariaDB()

    def setUp(self) -> None:
        super().setUp()
        self.prepare_guest(root_password='top secret')

    def root(self, guest: backups.Guest, text: str) -> list[Any]:
        with guest.place.session('root', 'top secret', 'mysql') as session:
            return list(session.execute(text).fetchall())

    def completed(
        self, backup_id: str, parent: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        found = self.backup(backup_id, parent)
        self.assertEqual('COMPLETED', found['state'], self.failures())
        return found

    def assert_failed(self, backup: dict[str, Any], reason: str) -> None:
        self.assertEqual('FAILED', backup['state'])
        self.assertIn(reason, self.failures())


class RestoreTest(MariaDBTestCase):
    def test_a_chain_is_made_and_restored(self) -> None:
        # Given accounts of the place, which are nobody's elsewhere
        for account in ('slave_1', 'os_admin'):
            self.root(
                self.guest,
                f"CREATE USER {account}@'%' IDENTIFIED BY 'known'",
            )
        self.write(1)
        full = self.completed('full')
        self.assert_released(full)
        self.write(2)
        self.sql('CREATE TABLE more (a int) ENGINE=Aria')
        first = self.completed('first', full)
        self.assert_continued(first, full)
        self.write(3)
        second = self.completed('second', first)
        self.write(4)
        # It can be verified, and what is damaged is found
        self.assertEqual({'state': 'VERIFIED'}, self.verify(second))
        path = self.path(first)
        whole = path.read_bytes()
        path.write_bytes(gzip.compress(b'XBSTCK01' + bytes(1000)))
        checksum = hashlib.md5(path.read_bytes()).hexdigest()
        found = self.verify(first | {'checksum': checksum})
        self.assertEqual('FAILED', found['state'])
        path.write_bytes(whole)
        # When the newest is restored, with more than there was
        guest = self.another()
        self.restore(
            guest,
            second,
            databases=[{'_name': 'shop'}, {'_name': 'attic'}],
            users=[backups.USER | {'_password': 'new'}],
        )
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        with guest.place.session('clerk', 'new', 'shop') as session:
            session.execute('SELECT * FROM more')
        found, _ = guest.api.list_databases(self.context)
        self.assertEqual(['attic', 'shop'], [each['_name'] for each in found])
        self.assert_accounts(guest)
        # And it can be restarted
        self.assertEqual([], list(guest.place.data_dir.glob('restored-*')))
        guest.api.restart(self.context)
        rows = self.root(guest, 'SELECT number FROM shop.orders')
        self.assertEqual([1, 2, 3], sorted(number for (number,) in rows))

    def assert_released(self, full: dict[str, Any]) -> None:
        """What release 26 writes was written."""
        self.assertTrue(full['location'].endswith('/full.xbstream.gz'))
        known = self.metadata(full)
        self.assertEqual({'datastore', 'datastore-version', 'lsn'}, set(known))
        self.assertRegex(known['lsn'], '^[0-9]+$')
        with gzip.open(self.path(full)) as stream:
            self.assertEqual(b'XBSTCK01', stream.read(8))

    def assert_continued(
        self, backup: dict[str, Any], parent: dict[str, Any]
    ) -> None:
        known, before = self.metadata(backup), self.metadata(parent)
        self.assertEqual(parent['location'], known['parent-location'])
        self.assertEqual(parent['checksum'], known['parent-checksum'])
        self.assertGreaterEqual(int(known['lsn']), int(before['lsn']))

    def assert_accounts(self, guest: backups.Guest) -> None:
        """Root is known to be enabled there, too, and others are not."""
        self.assertEqual(
            [self.place.guest_id, guest.place.guest_id], self.conductor.roots
        )
        self.assertEqual(
            {
                ('clerk', '%'),
                ('mariadb.sys', 'localhost'),
                ('os_admin', 'localhost'),
                ('root', '%'),
            },
            set(self.root(guest, _ACCOUNTS)),
        )


class BrokenTest(MariaDBTestCase):
    def test_backups_that_fail_leave_nothing(self) -> None:
        self.write(1)
        full = self.completed('full')
        with self.held():
            # A tool that is killed
            self.order_backup('killed')
            processes.send(self.tool(), signal.SIGKILL)
            outcome = self.outcome('killed')
        self.assert_failed(outcome, 'mariadb-backup ended with signal 9')
        with self.held():
            # A server that is stopped: it is there again at once
            self.order_backup('stopped')
            self.tool()
            self.guest.api.restart(self.context)
            outcome = self.outcome('stopped')
        self.assert_failed(outcome, 'it was stopped or restarted')
        # Tables that the copy would lack
        elsewhere = self.place.path / 'elsewhere'
        elsewhere.mkdir()
        elsewhere.chmod(0o777)
        self.root(
            self.guest,
            f"CREATE TABLE shop.far (a int) DATA DIRECTORY '{elsewhere}'",
        )
        self.assert_failed(self.backup('far'), 'shop.far')
        self.root(self.guest, 'DROP TABLE shop.far')
        # A parent that cannot be one
        store = local.LocalStore(self.directory)
        with self.path(full).open('rb') as data:
            stored = store.save('backups', 'odd', data, {'lsn': '1 --x'})
        odd = {'location': stored.location, 'checksum': stored.checksum}
        self.assert_failed(self.backup('b', odd), 'Make a full backup')
        # Of none is anything left, and the next one is made
        self.assertEqual(['full.xbstream.gz', 'odd'], self.stored())
        self.assertNotIn(
            'mysql.trove_backup', dict(self.root(self.guest, _ACCOUNTS))
        )
        self.completed('next', full)

    @contextlib.contextmanager
    def held(self) -> Any:
        """Have every other backup wait for this one."""
        with self.place.session('root', 'top secret', 'mysql') as session:
            session.execute('BACKUP STAGE START')
            yield

    def tool(self) -> int:
        wanted = f'--datadir={self.place.data_dir}\0'.encode()

        def find() -> int | None:
            for entry in pathlib.Path('/proc').glob('[0-9]*'):
                with contextlib.suppress(OSError):
                    command = (entry / 'cmdline').read_bytes()
                    if b'--backup\0' in command and wanted in command:
                        # No password is there for others to see.
                        self.assertNotIn(b'password', command)
                        return int(entry.name)
            return None

        return waiting.until(find, 'the tool works', timeout=60)

    def stored(self) -> list[str]:
        return sorted(n for n in self.left() if not n.endswith('.json'))

    def test_what_cannot_be_restored_is_refused(self) -> None:
        self.write(1)
        full = self.completed('full')
        path = self.path(full)
        whole = path.read_bytes()
        # Without its end
        path.write_bytes(whole[:-1000])
        guest = self.assert_refused(full, '/full.xbstream.gz')
        path.write_bytes(whole)
        # Of another version, and of another datastore
        for server, said in (
            ('99.1.2-MariaDB', 'it is of MariaDB 99.1, and this instance'),
            ('8.0.41', 'it is of MySQL 8.0, and this instance'),
        ):
            self.assert_refused(full | self.fake(server), said)
        # When it is whole again, the order may be repeated
        del self.conductor.failures[:]
        guest.agent.stop()
        self.restore(guest, full)
        self.wait_for_status(guest, 'healthy')
        self.assertEqual([1], self.rows(guest))

    def fake(self, server: str) -> dict[str, Any]:
        """Store what begins like a backup of another server."""
        (self.place.path / 'xtrabackup_info').write_text(
            f'tool_name = mariadb-backup\nserver_version = {server}\n'
        )
        stream = subprocess.run(
            ['mbstream', '-c', 'xtrabackup_info'],
            cwd=self.place.path,
            capture_output=True,
            check=True,
        ).stdout
        stored = local.LocalStore(self.directory).save(
            'backups', server, io.BytesIO(gzip.compress(stream)), {}
        )
        return {'location': stored.location, 'checksum': stored.checksum}

    def assert_refused(
        self, backup: dict[str, Any], reason: str
    ) -> backups.Guest:
        guest = self.another()
        self.restore(guest, backup)
        self.wait_for_status(guest, 'failed to spawn')
        waiting.until(lambda: reason in self.failures(), f'{reason} is told')
        self.assertEqual([], list(guest.place.data_dir.glob('*')))
        return guest
