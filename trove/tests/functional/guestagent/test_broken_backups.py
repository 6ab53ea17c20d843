# SPDX-License-Identifier: Apache-2.0
"""Backups and restores of a PostgreSQL that something happens to."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
from typing import Any

import fixtures

from trove.guestagent.datastores import processes
from trove.objectstore import local
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups


class Slow(local.LocalStore):
    """Waits when it has stored something, until it is told to go on."""

    began = threading.Event()
    go_on = threading.Event()

    def save(self, *args: Any, **kwargs: Any) -> Any:
        tell = kwargs['progress']

        def progress(stored: int) -> None:
            tell(stored)
            self.began.set()
            self.go_on.wait(300)

        return super().save(*args, **kwargs | {'progress': progress})


#: Fills a segment of the log without writing as much.
_SEGMENT = """
SELECT pg_logical_emit_message(false, 'trove', ''), pg_switch_wal()
"""


class InterruptedTest(backups.BackupTestCase):
    def setUp(self) -> None:
        super().setUp()
        Slow.began, Slow.go_on = threading.Event(), threading.Event()
        self.addCleanup(Slow.go_on.set)
        self.prepare_guest()
        self.write(1)
        # More than fits into the pipes on the way
        self.sql(
            "CREATE TABLE much AS SELECT sha512(i::text::bytea) "
            'FROM generate_series(1, 200000) AS i'
        )

    def begin(self) -> None:
        """Have a backup made, up to when something of it is stored."""
        with fixtures.MockPatch(
            'trove.objectstore.open_store',
            lambda access: Slow(access['directory']),
        ):
            self.order_backup('b')
            self.assertTrue(Slow.began.wait(300), self.failures())

    def assert_failed(self, reason: str) -> None:
        outcome = self.outcome('b')
        self.assertEqual('FAILED', outcome['state'])
        self.assertIn(reason, self.failures())
        self.assertEqual([], self.left())

    def test_a_program_that_is_killed(self) -> None:
        self.begin()
        (program,) = self.own_programs()
        processes.send(program, signal.SIGKILL)
        Slow.go_on.set()

        self.assert_failed('pg_basebackup ended with signal 9')
        # And the next one is made
        self.assertEqual('COMPLETED', self.backup('next')['state'])

    def test_more_log_than_is_kept(self) -> None:
        self.guest.api.enable_root_with_password(self.context, 'secret')
        self.begin()
        with self.place.session('root', 'secret', 'postgres') as session:
            session.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'")
            session.execute('SELECT pg_reload_conf()')
            for _ in range(20):
                session.execute(_SEGMENT)
            session.execute('CHECKPOINT')
        Slow.go_on.set()

        self.assert_failed('more was written while the backup was made')
        # And the next one is made
        self.assertEqual('COMPLETED', self.backup('next')['state'])

    def test_a_server_that_is_stopped(self) -> None:
        self.begin()
        # The database is used meanwhile
        self.guest.api.create_database(self.context, [{'_name': 'attic'}])
        found, _ = self.guest.api.list_databases(self.context)
        self.assertIn('attic', [each['_name'] for each in found])

        self.guest.api.stop_db(self.context)
        Slow.go_on.set()

        self.assert_failed('it was stopped or restarted')
        self.assertIn('pg_basebackup', self.failures())

    def test_an_agent_that_is_stopped(self) -> None:
        self.begin()
        threading.Timer(0.1, Slow.go_on.set).start()
        assert self.guest.agent is not None
        self.guest.agent.stop()

        self.assert_failed('the guest agent is stopped')
        self.assertEqual([], self.own_programs())

    def own_programs(self) -> list[int]:
        """The programs that read the database of this test."""
        wanted = b'pg_basebackup\0--host=' + self.place.address.encode()
        found = []
        for entry in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                command = (entry / 'cmdline').read_bytes()
            except OSError:
                continue
            if wanted in command:
                found.append(int(entry.name))
        return found


class RefusedTest(backups.BackupTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.prepare_guest()
        self.write(1)

    def assert_failed(self, backup: dict[str, Any], reason: str) -> None:
        self.assertEqual('FAILED', backup['state'])
        self.assertIn(reason, self.failures())

    def test_tablespaces(self) -> None:
        self.guest.api.enable_root_with_password(self.context, 'secret')
        with self.place.session('root', 'secret', 'postgres') as session:
            session.execute('SET allow_in_place_tablespaces = on')
            session.execute("CREATE TABLESPACE elsewhere LOCATION ''")

        self.assert_failed(self.backup('b'), 'tablespaces (elsewhere)')
        self.assertFalse(self.directory.exists())

    def test_a_parent_that_is_not_the_newest(self) -> None:
        full = self.backup('full')
        self.backup('first', full)

        self.assert_failed(self.backup('second', full), 'Make a full backup')

    def test_a_store_that_cannot_be_used(self) -> None:
        self.directory.write_text('no directory')

        self.assert_failed(self.backup('b'), 'The object store could not')

        self.directory.unlink()
        self.assertEqual('COMPLETED', self.backup('next')['state'])

    def test_a_store_that_is_full(self) -> None:
        self.access['min_free'] = 1 << 60

        self.assert_failed(self.backup('b'), 'would stay free')
        self.assertEqual([], self.left())

    def test_a_log_that_is_longer_than_what_is_kept(self) -> None:
        # Given
        self.guest.api.update_overrides(
            self.context, {'max_wal_size': '64MB', 'min_wal_size': '32MB'}
        )
        self.guest.api.enable_root_with_password(self.context, 'secret')
        with self.place.session('root', 'secret', 'postgres') as session:
            session.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'")
        self.guest.api.restart(self.context)
        full = self.backup('full')
        # When more is written, nothing of it stays for ever
        with self.place.session('root', 'secret', 'postgres') as session:
            for _ in range(10):
                session.execute("SELECT pg_create_restore_point('x')")
                session.execute('SELECT pg_switch_wal()')
            session.execute('CHECKPOINT')
            session.execute('CHECKPOINT')
        size = sum(
            path.stat().st_size
            for path in (self.place.data_dir / 'pg_wal').iterdir()
            if path.is_file()
        )
        self.assertLessEqual(size, 9 * 16 << 20)
        # Then
        self.assert_failed(self.backup('more', full), 'Make a full backup')
        again = self.backup('again')
        self.assertEqual('COMPLETED', again['state'])
        self.assertEqual('COMPLETED', self.backup('m', again)['state'])


class RestoreTest(backups.BackupTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.prepare_guest()
        self.write(1)
        self.full = self.backup('full')

    def assert_refused(
        self, backup: dict[str, Any], reason: str, **changes: Any
    ) -> backups.Guest:
        guest = self.another()
        self.restore(guest, backup, **changes)
        self.wait_for_status(guest, 'failed to spawn')
        waiting.until(lambda: reason in self.failures(), f'{reason} is told')
        self.assertEqual([], list(guest.place.data_dir.glob('*')))
        self.assertEqual([], processes.all_in(guest.place.data_dir))
        return guest

    def test_a_truncated_object(self) -> None:
        path = self.path(self.full)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1000])

        guest = self.assert_refused(self.full, '/full.tar.gz')

        # And when it is whole again, the order may be repeated
        path.write_bytes(whole)
        del self.conductor.failures[:]
        guest.agent.stop()
        self.restore(guest, self.full)
        self.wait_for_status(guest, 'healthy')
        self.assertEqual([1], self.rows(guest))

    def test_another_object_with_this_name(self) -> None:
        self.path(self.full).write_bytes(b'another')

        self.assert_refused(self.full, '/full.tar.gz')

    def test_another_checksum(self) -> None:
        self.assert_refused(self.full | {'checksum': 'x'}, 'its checksum is')

    def test_a_missing_parent(self) -> None:
        more = self.backup('more', self.full)
        os.unlink(self.path(self.full))

        self.assert_refused(more, '/full.tar.gz')

    def test_a_chain_that_lacks_a_part_of_the_log(self) -> None:
        # Given the newest backup, which does not name the one in between
        first = self.backup('first', self.full)
        self.write(2)
        second = self.backup('second', first)
        store = local.LocalStore(self.directory)
        known = self.metadata(second) | {
            'parent-location': self.full['location'],
            'parent-checksum': self.full['checksum'],
        }
        with self.path(second).open('rb') as data:
            stored = store.save('backups', 'short', data, known)
        short = {'location': stored.location, 'checksum': stored.checksum}

        # Then it is not restored up to the gap
        self.assert_refused(second | short, 'a part is missing')

    def test_another_version(self) -> None:
        # Given a backup that says to be of another version
        self.resave(
            lambda name, data: b'9\n' if name == 'PG_VERSION' else data
        )

        self.assert_refused(
            self.full,
            'it is of PostgreSQL 9, and this instance has PostgreSQL 18.',
        )

    def test_files_that_are_not_those_that_were_backed_up(self) -> None:
        self.resave(
            lambda name, data: b'x' * len(data)
            if name == 'global/pg_filenode.map'
            else data
        )

        self.assert_refused(self.full, 'global/pg_filenode.map')

    def resave(self, change: Any) -> None:
        self.full |= self.changed(self.full, change)
