# SPDX-License-Identifier: Apache-2.0
"""Tests of the life of a server that every SQL server passes.

Each class is mixed into one for each datastore.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import stat
import subprocess
import sys

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import processes

PREPARATION = datastores.Preparation(
    memory_mb=256,
    databases=[{'_name': 'shop'}],
    users=[
        {
            '_name': 'clerk',
            '_password': 'secret',
            '_databases': [{'_name': 'shop'}],
        }
    ],
    overrides={'max_connections': 77},
    root_password='top secret',
)


class OrderTests:
    """Of a server of its own: what each does in its own way."""

    def show(self, name: str) -> str:
        with self.place.session('clerk', 'secret', 'shop') as session:
            return self.store.show(session, name)

    def write(self) -> None:
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute('CREATE TABLE orders AS SELECT 1 AS number')

    def read(self) -> object:
        with self.place.session('clerk', 'secret', 'shop') as session:
            return session.execute('SELECT number FROM orders').fetchone()

    def test_prepare_makes_what_was_ordered(self) -> None:
        # When
        driver = self.driver()
        driver.prepare(PREPARATION)
        # Then the customer has it
        self.write()
        self.assertTrue(
            self.place.can_connect('root', 'top secret', self.store.home)
        )
        self.assertEqual('77', self.show('max_connections'))
        # And nobody else can read what is on the disk
        for path in (self.place.state_dir, self.place.data_dir):
            self.assertEqual(0, stat.S_IMODE(path.stat().st_mode) & 0o067)
        for path in self.place.state_dir.iterdir():
            if path.is_file():
                self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertFalse((self.place.state_dir / 'initializing').exists())
        # When it is prepared again, everything is as before
        driver.prepare(PREPARATION)
        self.assertEqual((1,), self.read())

    def test_settings_are_checked_kept_and_applied(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        name, value, shown, first, wrong_value = self.store.setting
        # When they are wrong, nothing changes
        for wrong in (
            {name: wrong_value},
            {'no_such_setting': 1},
            {"x'; y": 1},
            {name: '1\n'},
        ):
            self.assertRaises(
                exception.BadRequest, driver.update_overrides, wrong
            )
        # When they are right
        late, new = self.store.late
        before = self.show(late)
        driver.update_overrides({name: value, late: new})
        driver.apply_overrides({})
        # Then those that can work at once do, the others after a restart
        self.assertTrue(
            processes.wait_for(lambda: self.show(name) == shown, 30)
        )
        self.assertEqual(before, self.show(late))
        self.driver().restart()
        self.assertEqual(new, self.show(late))
        # When they are removed
        driver = self.driver()
        driver.update_overrides({}, remove=True)
        driver.apply_overrides({})
        self.assertTrue(
            processes.wait_for(lambda: self.show(name) == first, 30)
        )
        driver.restart()
        self.assertNotEqual(new, self.show(late))
        # And the basic settings come before those of the customer
        driver.configure(self.store.basic)
        driver.update_overrides({name: value})
        driver.restart()
        self.assertEqual('44', self.show('max_connections'))
        self.assertEqual(shown, self.show(name))

    def test_a_server_that_cannot_start_says_why(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        # When it has settings that cannot be met
        driver.configure(self.store.bad_basic)
        driver.stop()
        error = self.assertRaises(exception.DatastoreError, driver.start)
        # Then
        self.assertIn(self.store.bad_word, str(error))
        self.assertIsNone(driver.pid())
        # And it starts when they are taken back
        driver.configure('')
        driver.start()


class LifeTests(OrderTests):
    """Of processes that end, besides."""

    def test_data_survives_restarts_and_the_agent(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        self.write()
        first = driver.pid()
        # When
        driver.restart()
        # Then
        self.assertNotEqual(first, driver.pid())
        # And another driver, as of a new agent, finds the same server
        other = self.driver()
        self.assertEqual(driver.pid(), other.pid())
        other.stop()
        self.assertIsNone(driver.pid())
        self.assertFalse(driver.answers())
        other.start()
        self.assertTrue(driver.answers())
        self.assertEqual((1,), self.read())

    def test_data_are_taken_over_by_the_agent_of_a_new_disk(self) -> None:
        # Given a server that died with its machine
        driver = self.driver()
        driver.prepare(PREPARATION)
        self.write()
        processes.send(driver.pid(), signal.SIGKILL)
        shutil.rmtree(self.place.state_dir)
        # When a new agent starts, it creates nothing
        new = self.driver()
        self.assertTrue(new.home.is_foreign)
        self.assertRaises(exception.DatastoreError, new.prepare, PREPARATION)
        # And when it is told to, it goes on with what is there
        kept = datastores.Preparation(
            memory_mb=256, overrides={'max_connections': 66}
        )
        for _ in range(2):
            new.rebuild(kept)
        self.assertEqual((1,), self.read())
        self.assertEqual('66', self.show('max_connections'))
        self.assertTrue(
            self.place.can_connect('root', 'top secret', self.store.home)
        )
        new.create_databases([{'_name': 'later'}])
        self.assertIn('later', [d['_name'] for d in new.list_databases()[0]])
        # And another instance begins with what is there, without its settings
        processes.send(new.pid(), signal.SIGKILL)
        shutil.rmtree(self.place.state_dir)
        other = self.driver()
        certificate = other.certificate()
        for _ in range(2):
            other.prepare(
                dataclasses.replace(PREPARATION, from_snapshot=True)
            )
        self.assertEqual((1,), self.read())
        if certificate is not None:
            # Whoever has the snapshot has its key.
            self.assertNotEqual(certificate, other.certificate())
        self.assertNotEqual('66', self.show('max_connections'))
        self.assertIn('later', [d['_name'] for d in other.list_databases()[0]])

    def test_the_server_runs_unprivileged_in_its_own_session(self) -> None:
        # When
        driver = self.driver()
        driver.prepare(datastores.Preparation(memory_mb=256))
        pid = driver.pid()
        # Then
        self.assertEqual(pid, os.getsid(pid))
        owner = os.stat(f'/proc/{pid}').st_uid
        account = accounts.resolve('nobody')
        self.assertEqual(account.uid if account else os.geteuid(), owner)
        self.assertNotEqual(0, owner)

    def test_a_killed_server_starts_again(self) -> None:
        # Given a customer's session, whose process may outlive the kill for
        # a moment
        driver = self.driver()
        driver.prepare(PREPARATION)
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute('CREATE TABLE orders AS SELECT 1 AS number')
            pid = driver.pid()
            # When
            processes.send(pid, signal.SIGKILL)
            self.assertTrue(processes.wait_gone(pid, 30))
            self.assertIsNone(driver.pid())
            driver.start()
        # Then
        self.assertNotEqual(pid, driver.pid())
        self.assertEqual((1,), self.read())

    def test_a_stranger_with_the_old_process_id(self) -> None:
        # Given a reboot after which the id belongs to somebody else
        driver = self.driver()
        driver.prepare(PREPARATION)
        driver.stop()
        stranger = subprocess.Popen(
            [sys.executable, '-c', 'import sys; sys.stdin.read()'],
            stdin=subprocess.PIPE,
        )
        self.addCleanup(stranger.communicate)
        (self.place.data_dir / self.store.pid_file).write_text(
            f'{stranger.pid}\n{self.place.data_dir}\n0\n5432\n\n\n0 0\nready\n'
        )
        # Then
        self.assertIsNone(driver.pid())
        driver.stop()
        self.assertIsNone(stranger.poll())
        driver.start()
        self.assertTrue(driver.answers())


class DirectoryTests:
    """Of a directory of its own."""

    def test_an_interrupted_prepare_is_repeated(self) -> None:
        # Given an agent that was killed while it made the database
        driver = self.driver()
        self.place.data_dir.mkdir()
        (self.place.data_dir / self.store.witness).write_text('18\n')
        (self.place.data_dir / 'half').mkdir()
        mark = self.place.state_dir / 'initializing'
        mark.write_text('')
        # When
        driver.prepare(PREPARATION)
        # Then
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))
        # Or one whose machine died before all was on the disk
        driver.stop()
        mark.write_text('made by another')
        vital = self.place.data_dir / self.store.vital
        vital.rename(self.place.data_dir / 'lost')
        driver = self.driver()
        driver.prepare(PREPARATION)
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))

    def test_lost_data_is_not_made_anew(self) -> None:
        # Given a volume that is not mounted
        driver = self.driver()
        driver.prepare(PREPARATION)
        driver.stop()
        volume = self.place.data_dir.parent
        volume.rename(self.place.path / 'unmounted')
        volume.mkdir(mode=0o755)
        # When
        error = self.assertRaises(
            exception.DatastoreError, self.driver().prepare, PREPARATION
        )
        # Then
        self.assertIn('Mount its volume', str(error))
        self.assertEqual([], list(volume.iterdir()))
        # Nor does a server that is started begin with new data
        self.place.data_dir.mkdir()
        error = self.assertRaises(
            exception.DatastoreError, self.driver().start
        )
        self.assertIn('Mount its volume', str(error))
        self.assertEqual([], list(self.place.data_dir.iterdir()))

    def test_a_database_is_not_made_with_bad_settings(self) -> None:
        for wrong in self.store.refused:
            self.assertRaises(
                exception.BadRequest,
                self.driver().prepare,
                datastores.Preparation(memory_mb=256, overrides={wrong: 1}),
            )
        self.assertFalse(self.place.data_dir.exists())

    def test_the_data_of_others_is_not_touched(self) -> None:
        self.place.data_dir.mkdir()
        for name in ('precious', self.store.witness):
            path = self.place.data_dir / name
            path.write_text('18\n')
            error = self.assertRaises(
                exception.DatastoreError, self.driver().prepare, PREPARATION
            )
            self.assertIn(str(self.place.data_dir), str(error))
            self.assertTrue(path.exists())

    def test_a_closed_directory_is_named(self) -> None:
        if accounts.resolve('nobody') is None:
            self.skipTest('only root runs databases as somebody else')
        self.place.path.chmod(0o700)
        # Where its programs are out of reach too, copying them fails first.
        error = self.assertRaises(
            exception.TroveError, self.driver().prepare, PREPARATION
        )
        self.assertRegex(
            str(error),
            f'cannot enter {self.place.path}[., ]|{self.place.path} is closed',
        )

    def test_another_version_than_was_ordered_is_refused(self) -> None:
        driver = self.driver()
        for ordered in ('9', '99.1'):
            error = self.assertRaises(
                exception.DatastoreError,
                driver.prepare,
                datastores.Preparation(memory_mb=256, version=ordered),
            )
            self.assertIn(f'{self.store.title} {ordered},', str(error))
            self.assertIn(f'this server has {self.store.title}', str(error))
        self.assertFalse((self.place.data_dir / self.store.witness).exists())
