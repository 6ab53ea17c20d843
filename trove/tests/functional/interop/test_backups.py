# SPDX-License-Identifier: Apache-2.0
"""What the backup runner of release 26 stores, and what it restores.

Full and incremental backups, in Swift.
"""

from __future__ import annotations

import getpass
import os
import pathlib
import re
import subprocess
from typing import Any

import fixtures
import psycopg
import pymysql
from testtools import content

from trove.tests.fixtures import database_servers
from trove.tests.fixtures import released
from trove.tests.fixtures import swift
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups
from trove.tests.functional.guestagent import stores

RUNNER = pathlib.Path(__file__).with_name('runner.py')
RELEASE = 26


class RunnerTestCase(backups.BackupTestCase):
    """The runner, and a Swift for it and for ``self.guest``.

    ``self.data_dir`` is where the runner restores, ``self.other_dir`` its
    second directory.
    """

    driver_name: str
    data_dir: pathlib.Path
    other_dir: pathlib.Path

    def setUp(self) -> None:
        super().setUp()
        self.swift = self.useFixture(swift.Swift())
        self.access = {
            'driver': 'swift',
            'storage_url': self.swift.url,
            'token': 'owner',
        }
        self.sources = self.new_directory()
        archive = released.tree('trove', f'{RELEASE}.0.0')
        # Python 3.11.2 has no filter for what it extracts.
        subprocess.run(
            ['tar', '-xzf', archive, '-C', self.sources], check=True
        )

    def new_directory(self) -> pathlib.Path:
        return pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def environment(self) -> dict[str, str]:
        return {'PATH': os.environ['PATH']}

    def run_theirs(self, *arguments: str) -> str:
        """Run it, and return what it says; its status tells nothing."""
        done = subprocess.run(
            [
                str(released.python(RELEASE)),
                str(RUNNER),
                str(self.data_dir),
                str(self.other_dir),
                f'--driver={self.driver_name}',
                '--storage-driver=swift',
                f'--swift-url={self.swift.url}',
                '--os-token=owner',
                *arguments,
            ],
            cwd=self.sources / f'trove-{RELEASE}.0.0',
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        self.addDetail('runner', content.text_content(said))
        return said

    def back_up_theirs(
        self,
        backup_id: str,
        *arguments: str,
        parent: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        more = ['--incremental'] if parent else []
        for name, value in (parent or {}).items():
            if name in ('location', 'checksum'):
                more.append(f'--parent-{name}={value}')
        said = self.run_theirs(
            '--backup',
            f'--backup-id={backup_id}',
            f'--swift-extra-metadata=datastore:{self.store.name}',
            *arguments,
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
            'backup_type': 'incremental' if parent else 'full',
        }

    def restore_theirs(self, backup: dict[str, Any], *arguments: str) -> None:
        said = self.run_theirs(
            f'--restore-from={backup["location"]}',
            f'--restore-checksum={backup["checksum"]}',
            *arguments,
        )
        self.assertIn('Restore successfully', said)

    def given_ours(self) -> dict[str, Any]:
        """An incremental backup with 1 and 2, of a database with 3."""
        self.prepare_guest()
        self.write(1)
        full = self.backup('full')
        self.write(2)
        more = self.backup('more', full)
        self.write(3)
        self.assertEqual('COMPLETED', more['state'], self.failures())
        return more

    def assert_restored(
        self, guest: backups.Guest, backup: dict[str, Any]
    ) -> None:
        self.restore(guest, backup)
        self.wait_for_status(guest, 'healthy')
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))


class PostgreSQLTest(RunnerTestCase):
    """``self.theirs`` is a server as release 26 has it in a container."""

    driver_name = 'pg_basebackup'

    def setUp(self) -> None:
        super().setUp()
        # It asks for checkpoints that take their time.
        self.theirs = database_servers.PostgreSQLServer(
            archive_mode='on',
            checkpoint_completion_target='0',
            checkpoint_timeout='30s',
        )
        self.addCleanup(self.theirs._remove)
        self.other_dir = self.theirs.directory
        self.data_dir = self.theirs.directory / 'data'
        self.wal = self.theirs.directory / 'wal'
        self.theirs.run('mkdir', str(self.wal))
        self.theirs.settings |= {
            'archive_command': f'cp %p {self.wal}/%f',
            'restore_command': f'cp {self.wal}/%f %p',
        }

    def environment(self) -> dict[str, str]:
        programs = pathlib.Path(self.theirs.binaries.program('postgres'))
        return {
            'PATH': f'{programs.parent}:{os.environ["PATH"]}',
            'PGHOST': str(self.theirs.directory),
        }

    def run_theirs(self, *arguments: str) -> str:
        return super().run_theirs(
            f'--pg-wal-archive-dir={self.wal}', *arguments
        )

    def execute(self, statement: str) -> list[Any]:
        with psycopg.connect(
            host=str(self.theirs.directory),
            user='postgres',
            dbname='shop' if 'DATABASE' not in statement else 'postgres',
            autocommit=True,
        ) as session:
            cursor = session.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def test_theirs_are_restored_here(self) -> None:
        self.theirs.start()
        self.execute('CREATE DATABASE shop')
        self.execute('CREATE TABLE orders (number int)')
        self.execute('INSERT INTO orders VALUES (1)')
        full = self.back_up_theirs('full')
        self.execute('INSERT INTO orders VALUES (2)')
        more = self.back_up_theirs('more', parent=full)
        self.execute('INSERT INTO orders VALUES (3)')

        self.assert_restored(self.guest, more)

    def test_ours_are_restored_there(self) -> None:
        more = self.given_ours()
        for path in sorted(self.data_dir.rglob('*'), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

        self.restore_theirs(more)

        # As their guest agent starts it
        (self.data_dir / 'recovery.signal').touch()
        (self.data_dir / 'pg_hba.conf').write_text('local all all trust\n')
        subprocess.run(
            ['chown', '-R', self.theirs.user, self.data_dir, self.wal],
            check=True,
        )
        self.theirs.start()
        found = self.execute('SELECT number FROM orders ORDER BY 1')
        self.assertEqual([(1,), (2,)], found)


class MariaDBTest(RunnerTestCase):
    driver_name = 'mariabackup'
    store = stores.MariaDB()

    def setUp(self) -> None:
        super().setUp()
        self.data_dir = self.new_directory()
        self.other_dir = self.new_directory()

    def test_theirs_are_restored_here(self) -> None:
        # Of a server of ours: they only need its superuser
        self.prepare_guest(root_password='secret')
        login = (
            '--db-user=root',
            '--db-password=secret',
            f'--db-host={self.place.address}',
        )
        self.write(1)
        full = self.back_up_theirs('full', *login)
        self.write(2)
        more = self.back_up_theirs('more', *login, parent=full)
        self.write(3)

        self.assert_restored(self.another(), more)

    def test_ours_are_restored_there(self) -> None:
        more = self.given_ours()

        self.restore_theirs(more)

        directory = self.data_dir
        with subprocess.Popen(
            [
                '/usr/sbin/mariadbd',
                '--no-defaults',
                '--skip-grant-tables',
                '--skip-networking',
                f'--datadir={directory}',
                f'--socket={directory}/s',
                f'--user={getpass.getuser()}',
            ],
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                session = waiting.until(
                    lambda: pymysql.connect(unix_socket=f'{directory}/s'),
                    'it starts',
                    ignore=(pymysql.OperationalError,),
                )
                with session.cursor() as cursor:
                    cursor.execute('SELECT number FROM shop.orders ORDER BY 1')
                    self.assertEqual(((1,), (2,)), cursor.fetchall())
            finally:
                server.kill()
