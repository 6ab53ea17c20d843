# SPDX-License-Identifier: Apache-2.0
"""Backups of a PostgreSQL, made by its agent into a directory."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import tarfile
from typing import Any

from trove.guestagent.datastores import backup as request
from trove.objectstore import local
from trove.tests.fixtures import processes
from trove.tests.functional.guestagent import backups


class BackupTest(backups.BackupTestCase):
    def test_what_release_26_writes_is_written(self) -> None:
        # Given
        self.prepare_guest()
        self.write(1)
        # When
        full = self.backup('full')
        # Then
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.assertTrue(full['location'].endswith('/full.tar.gz'))
        known = self.metadata(full)
        self.assertEqual(
            {
                *('datastore', 'datastore-version', 'label', 'start-segment'),
                *('start-wal-file', 'stop-segment', 'stop-wal-file'),
                'checkpoint-location',
            },
            set(known),
        )
        self.assertEqual('full', known['label'])
        files = self.files(full)
        self.assertEqual('backup_label', files[0])
        self.assertIn('PG_VERSION', files)
        self.assertIn(f'pg_wal/{known["stop-wal-file"]}', files)
        # And an incremental has the log since then, nothing else
        self.write(2)
        more = self.backup('more', full)
        self.assertEqual('COMPLETED', more['state'], self.failures())
        also = self.metadata(more)
        self.assertEqual(full['location'], also['parent-location'])
        self.assertEqual(full['checksum'], also['parent-checksum'])
        files = self.files(more)
        self.assertEqual(also['start-wal-file'], files[0])
        self.assertEqual(also['stop-wal-file'], files[-1])
        self.assertLess(known['stop-wal-file'], files[0])
        # Even if nothing was written meanwhile
        none = self.backup('none', more)
        self.assertEqual('COMPLETED', none['state'], self.failures())
        self.assertEqual(1, len(self.files(none)))
        self.assert_no_password_can_be_read()

    def assert_no_password_can_be_read(self) -> None:
        """Not by the server either, which runs as the user of the tool."""
        driver = self.driver()
        password = driver.home.password()
        with driver.backup(request.Request('apart', apart=True)) as stream:
            self.assertTrue(stream.read(1))
            (tool,) = [
                each
                for each in processes.mentioning('--label=apart')
                if each.name() == 'pg_basebackup'
            ]
            place = pathlib.Path('/proc', str(tool.pid))
            found = b''
            for path in (place / 'environ', *(place / 'fd').iterdir()):
                with contextlib.suppress(OSError):
                    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                    try:
                        found += os.read(handle, 1 << 16)
                    finally:
                        os.close(handle)
        self.assertIn(b'PGSERVICE', found)
        self.assertNotIn(password.encode(), found)


class RestoreTest(backups.BackupTestCase):
    def test_all_that_was_written_is_restored(self) -> None:
        # Given a full backup and two that build on it
        self.prepare_guest(root_password='top secret')
        self.write(1)
        full = self.backup('full')
        self.write(2)
        first = self.backup('first', full)
        self.write(3)
        second = self.backup('second', first)
        self.write(4)
        # Each can be verified, and what is damaged is found
        for backup in full, second:
            self.assertEqual({'state': 'VERIFIED'}, self.verify(backup))
        self.assert_damage_is_found(full, first, second)
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
            found = session.execute('SELECT number FROM orders ORDER BY 1')
            self.assertEqual([(1,), (2,), (3,)], found.fetchall())
        found, _ = guest.api.list_databases(self.context)
        self.assertEqual(['attic', 'shop'], [each['_name'] for each in found])
        # And root is known to be enabled there, too
        self.assertTrue(
            guest.place.can_connect('root', 'top secret', 'postgres')
        )
        self.assertEqual(
            [self.place.guest_id, guest.place.guest_id], self.conductor.roots
        )

    def assert_damage_is_found(
        self,
        full: dict[str, Any],
        first: dict[str, Any],
        second: dict[str, Any],
    ) -> None:
        path = self.path(first)
        whole = path.read_bytes()
        # A file of the full one, or a segment of the log, is another one
        forged = full | self.changed(
            full,
            lambda name, data: b'x' * len(data)
            if name == 'global/pg_filenode.map'
            else data,
        )
        found = self.verify(forged)
        self.assertEqual('FAILED', found['state'])
        self.assertIn('global/pg_filenode.map', found['reason'])
        forged = first | self.changed(first, lambda _, data: bytes(len(data)))
        found = self.verify(forged)
        self.assertEqual('FAILED', found['state'])
        self.assertIn('a part of its log', found['reason'])
        # An object is another one, or is gone
        path.write_bytes(whole[:-100])
        self.assertEqual('FAILED', self.verify(second)['state'])
        path.unlink()
        found = self.verify(second)
        self.assertEqual('FAILED', found['state'])
        self.assertIn('first.tar.gz', found['reason'])
        path.write_bytes(whole)
        # What has no room says nothing of the backup
        found = self.verify(full, room=1 << 60)
        self.assertEqual('ERROR', found['state'])
        self.assertIn('MiB free', found['reason'])

    def test_what_release_26_stored_is_restored(self) -> None:
        # Given what its runner makes: an incremental backup begins with the
        # segments that the full one has, and ``tar`` says who owned them
        self.prepare_guest()
        self.write(1)
        full = self.backup('full')
        self.write(2)
        more = self.backup('more', full)
        made = io.BytesIO()
        with (
            tarfile.open(self.path(full)) as base,
            tarfile.open(self.path(more)) as log,
            tarfile.open(fileobj=made, mode='w:gz') as both,
        ):
            last = self.metadata(full)['stop-wal-file']
            for archive, name in (
                (base, f'pg_wal/{last}'),
                *((log, name) for name in log.getnames()),
            ):
                member = archive.getmember(name)
                data = archive.extractfile(member)
                member.name = name.removeprefix('pg_wal/')
                member.uid = member.gid = 1001
                both.addfile(member, data)
        made.seek(0)
        stored = local.LocalStore(self.directory).save(
            'backups', 'theirs', made, self.metadata(more), suffix='.tar.gz'
        )
        # When
        guest = self.another()
        theirs = {'location': stored.location, 'checksum': stored.checksum}
        self.restore(guest, more | theirs)
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))
