# SPDX-License-Identifier: Apache-2.0
"""What the backup runner of release 26 stores, and what it restores.

Full and incremental backups of a PostgreSQL, in Swift.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import tarfile
from typing import Any

import fixtures
import psycopg
from testtools import content

from trove.tests.fixtures import database
from trove.tests.fixtures import released
from trove.tests.fixtures import swift
from trove.tests.functional.guestagent import backups

RUNNER = pathlib.Path(__file__).with_name('runner.py')
RELEASE = 26


class RunnerTest(backups.BackupTestCase):
    """``self.theirs`` is a server as release 26 has it in a container."""

    def setUp(self) -> None:
        super().setUp()
        self.swift = self.useFixture(swift.Swift())
        self.access = {
            'driver': 'swift',
            'storage_url': self.swift.url,
            'token': 'owner',
        }
        self.sources = self.directory_of('sources')
        archive = released.tree('trove', f'{RELEASE}.0.0')
        with tarfile.open(archive) as sources:
            sources.extractall(self.sources, filter='data')
        # It asks for checkpoints that take their time.
        self.theirs = database.PostgreSQLServer(
            archive_mode='on',
            checkpoint_completion_target='0',
            checkpoint_timeout='30s',
        )
        self.addCleanup(self.theirs._remove)
        self.wal = self.theirs.directory / 'wal'
        self.theirs.run('mkdir', str(self.wal))
        self.theirs.settings |= {
            'archive_command': f'cp %p {self.wal}/%f',
            'restore_command': f'cp {self.wal}/%f %p',
        }

    def directory_of(self, name: str) -> pathlib.Path:
        return pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, name
        )

    def run_theirs(self, *arguments: str) -> str:
        """Run it, and return what it says; its status tells nothing."""
        programs = pathlib.Path(self.theirs.binaries.program('postgres'))
        done = subprocess.run(
            [
                str(released.python(RELEASE)),
                str(RUNNER),
                str(self.theirs.directory / 'data'),
                str(self.theirs.directory),
                '--driver=pg_basebackup',
                '--storage-driver=swift',
                f'--swift-url={self.swift.url}',
                '--os-token=owner',
                f'--pg-wal-archive-dir={self.wal}',
                *arguments,
            ],
            cwd=self.sources / f'trove-{RELEASE}.0.0',
            env={
                'PATH': f'{programs.parent}:{os.environ["PATH"]}',
                'PGHOST': str(self.theirs.directory),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        self.addDetail('runner', content.text_content(said))
        return said

    def execute(self, statement: str) -> list[Any]:
        with psycopg.connect(
            host=str(self.theirs.directory),
            user='postgres',
            dbname='shop' if 'DATABASE' not in statement else 'postgres',
            autocommit=True,
        ) as session:
            cursor = session.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def back_up_theirs(
        self, backup_id: str, parent: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        more = ['--incremental'] if parent else []
        for name, value in (parent or {}).items():
            if name != 'id':
                more.append(f'--parent-{name}={value}')
        said = self.run_theirs(
            '--backup',
            f'--backup-id={backup_id}',
            '--swift-extra-metadata=datastore:postgresql',
            *more,
        )
        found = re.search(
            r'Backup successfully, checksum: (\w+), location: (\S+)', said
        )
        assert found is not None, said
        return {
            'id': backup_id,
            'checksum': found[1],
            'location': found[2],
        }

    def test_theirs_are_restored_here(self) -> None:
        # Given
        self.theirs.start()
        self.execute('CREATE DATABASE shop')
        self.execute('CREATE TABLE orders (number int)')
        self.execute('INSERT INTO orders VALUES (1)')
        full = self.back_up_theirs('full')
        self.execute('INSERT INTO orders VALUES (2)')
        more = self.back_up_theirs('more', full)
        self.execute('INSERT INTO orders VALUES (3)')
        # When
        self.restore(self.guest, more | {'backup_type': 'incremental'})
        self.wait_for_status(self.guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(self.guest))

    def test_ours_are_restored_there(self) -> None:
        # Given
        self.prepare_guest()
        self.write(1)
        full = self.backup('full')
        self.write(2)
        more = self.backup('more', full)
        self.write(3)
        self.assertEqual('COMPLETED', more['state'], self.failures())
        data = self.theirs.directory / 'data'
        for path in sorted(data.rglob('*'), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        # When
        said = self.run_theirs(
            f'--restore-from={more["location"]}',
            f'--restore-checksum={more["checksum"]}',
        )
        self.assertIn('Restore successfully', said)
        # Then, as their guest agent starts it
        (data / 'recovery.signal').touch()
        (data / 'pg_hba.conf').write_text('local all all trust\n')
        subprocess.run(
            ['chown', '-R', self.theirs.user, data, self.wal], check=True
        )
        self.theirs.start()
        found = self.execute('SELECT number FROM orders ORDER BY 1')
        self.assertEqual([(1,), (2,)], found)
