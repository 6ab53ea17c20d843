# SPDX-License-Identifier: Apache-2.0
"""The life of a PostgreSQL server in the hands of its driver."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import processes
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import config
from trove.tests.functional.guestagent import base

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
    overrides={'work_mem': '7MB', 'log_line_prefix': "it's \\ %m "},
    root_password='top secret',
)


class LifeTest(base.GuestTestCase):
    def show(self, name: str) -> str:
        with self.place.session('clerk', 'secret', 'shop') as session:
            return session.execute(
                'SELECT current_setting(%s)', [name]
            ).fetchone()[0]

    def test_prepare_makes_what_was_ordered(self) -> None:
        # When
        driver = self.driver()
        driver.prepare(PREPARATION)
        # Then the customer has it
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute('CREATE TABLE orders AS SELECT 1 AS number')
        self.assertTrue(
            self.place.can_connect('root', 'top secret', 'postgres')
        )
        # And the settings are those of the machine and of the customer
        self.assertEqual('64MB', self.show('shared_buffers'))
        self.assertEqual('7MB', self.show('work_mem'))
        self.assertEqual("it's \\ %m ", self.show('log_line_prefix'))
        self.assertEqual(self.place.address, self.show('listen_addresses'))
        # And nobody else can read what is on the disk
        for path in (self.place.state_dir, self.place.data_dir):
            self.assertEqual(0, stat.S_IMODE(path.stat().st_mode) & 0o067)
        for path in self.place.state_dir.iterdir():
            if path.is_file():
                self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertFalse((self.place.state_dir / 'initializing').exists())
        # When it is prepared again, everything is as before
        driver.prepare(PREPARATION)
        with self.place.session('clerk', 'secret', 'shop') as session:
            found = session.execute('SELECT number FROM orders').fetchone()
        self.assertEqual((1,), found)

    def test_a_start_is_tried_out_before_a_stop(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        driver.check_start()
        # When there is something that it would not start with
        main = next(self.place.state_dir.rglob(config.MAIN))
        hba = next(self.place.state_dir.rglob(config.HBA))
        log = next(self.place.state_dir.glob('*.log'))
        log.unlink()
        log.mkdir()
        # Then it is said, and the server runs
        self.assertRaises(OSError, driver.check_start)
        log.rmdir()
        driver.configure('no_such_setting = 1')
        error = self.assertRaises(
            exception.DatastoreError, driver.check_start
        )
        self.assertIn('no_such_setting', str(error))
        self.assertTrue(driver.answers())
        self.assertTrue(main.exists() and hba.exists())

    def test_data_survives_restarts_and_the_agent(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute('CREATE TABLE orders AS SELECT 1 AS number')
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
        with self.place.session('clerk', 'secret', 'shop') as session:
            found = session.execute('SELECT number FROM orders').fetchone()
        self.assertEqual((1,), found)

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
        # Given a customer's session, whose process outlives the kill for a
        # moment
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
        with self.place.session('clerk', 'secret', 'shop') as session:
            found = session.execute('SELECT number FROM orders').fetchone()
        self.assertEqual((1,), found)

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
        (self.place.data_dir / 'postmaster.pid').write_text(
            f'{stranger.pid}\n{self.place.data_dir}\n0\n5432\n\n\n0 0\nready\n'
        )
        # Then
        self.assertIsNone(driver.pid())
        driver.stop()
        self.assertIsNone(stranger.poll())
        driver.start()
        self.assertTrue(driver.answers())

    def test_settings_are_checked_kept_and_applied(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        # When they are wrong, nothing changes
        for wrong in (
            {'work_mem': 'plenty'},
            {'no_such_setting': 1},
            {"x'; y": 1},
            {'work_mem': '1\n'},
        ):
            self.assertRaises(
                exception.BadRequest, driver.update_overrides, wrong
            )
        # When they are right
        driver.update_overrides({'work_mem': '9MB', 'max_connections': 33})
        driver.apply_overrides({})
        # Then those that can work at once do, the others after a restart
        self.assertTrue(
            processes.wait_for(lambda: self.show('work_mem') == '9MB', 30)
        )
        self.assertEqual('50', self.show('max_connections'))
        self.driver().restart()
        self.assertEqual('33', self.show('max_connections'))
        # When they are removed
        driver.update_overrides({}, remove=True)
        driver.restart()
        self.assertEqual('50', self.show('max_connections'))
        self.assertEqual('2621kB', self.show('work_mem'))
        # And the basic settings come before those of the customer
        driver.configure('max_connections = 44\nwork_mem = 6MB\n')
        driver.update_overrides({'work_mem': '8MB'})
        driver.restart()
        self.assertEqual('44', self.show('max_connections'))
        self.assertEqual('8MB', self.show('work_mem'))

    def test_a_server_that_cannot_start_says_why(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        # When it has settings that cannot be met
        driver.configure('shared_preload_libraries = no_such_library\n')
        driver.stop()
        error = self.assertRaises(exception.DatastoreError, driver.start)
        # Then
        self.assertIn('no_such_library', str(error))
        self.assertIsNone(driver.pid())
        # And it starts when they are taken back
        driver.configure('')
        driver.start()

    def test_root_cannot_take_the_agents_place(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(PREPARATION)
        # When the customer's administrator moves the server away
        with self.place.session('root', 'top secret', 'postgres') as session:
            session.execute('ALTER SYSTEM SET port = 5433')
            session.execute("ALTER SYSTEM SET listen_addresses = ''")
        driver.restart()
        # Then it is where it belongs
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))

    def test_links_in_the_data_directory_lead_nowhere(self) -> None:
        # Given a customer's administrator, who can do what the server can
        driver = self.driver()
        driver.prepare(PREPARATION)
        driver.stop()
        secret = self.place.path / 'secret'
        secret.write_text('secret')
        secret.chmod(0o600)
        away = self.place.path / 'away'
        away.mkdir(mode=0o755)
        hba = self.place.data_dir / 'pg_hba.conf'
        hba.unlink()
        hba.symlink_to(secret)
        (self.place.data_dir / 'trove.d').symlink_to(away)
        main = self.place.data_dir / 'postgresql.conf'
        main.unlink()
        main.symlink_to(secret)
        # When
        driver.start()
        driver.update_overrides({'work_mem': '9MB'})
        # Then the agent neither read nor wrote through them
        self.assertEqual('secret', secret.read_text())
        self.assertEqual(os.geteuid(), secret.stat().st_uid)
        self.assertEqual([], list(away.iterdir()))
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))


class DirectoryTest(base.GuestTestCase):
    def test_an_interrupted_prepare_is_repeated(self) -> None:
        # Given an agent that was killed while it made the cluster
        driver = self.driver()
        self.place.data_dir.mkdir()
        (self.place.data_dir / 'PG_VERSION').write_text('18\n')
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
        (self.place.data_dir / 'base').rename(self.place.data_dir / 'lost')
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

    def test_the_data_of_others_is_not_touched(self) -> None:
        self.place.data_dir.mkdir()
        for name in ('precious', 'PG_VERSION'):
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


class StagingTest(base.GuestTestCase):
    def test_programs_out_of_reach_are_copied_once(self) -> None:
        account = accounts.resolve('nobody')
        if account is None:
            self.skipTest('only root runs databases as somebody else')
        # Given programs in a directory that is closed to others
        closed = self.place.path / 'closed'
        closed.mkdir(mode=0o700)
        source = base.wheel_bin_dir().parent.parent
        for path in (source, source.with_name(f'{source.name}.libs')):
            (closed / path.name).symlink_to(path)
        bin_dir = closed / source.name / 'pginstall' / 'bin'
        # When
        found = [
            binaries.find(
                str(bin_dir), str(self.place.path / 'staging'), account
            )
            for _ in range(2)
        ]
        # Then
        self.assertEqual(found[0], found[1])
        self.assertEqual(1, len(list((self.place.path / 'staging').iterdir())))
        done = subprocess.run(
            [found[0].program('initdb'), '--version'],
            cwd='/',
            capture_output=True,
            **account.process_options(),
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def test_another_version_than_was_ordered_is_refused(self) -> None:
        driver = self.driver()
        for ordered in ('9', '99.1'):
            error = self.assertRaises(
                exception.DatastoreError,
                driver.prepare,
                datastores.Preparation(memory_mb=256, version=ordered),
            )
            self.assertIn(f'PostgreSQL {ordered},', str(error))
            self.assertIn('this server has PostgreSQL', str(error))
        self.assertFalse(list(self.place.data_dir.glob('PG_VERSION')))

    def test_data_decides_about_the_version(self) -> None:
        error = self.assertRaises(
            exception.ConfigurationError,
            binaries.find,
            str(base.wheel_bin_dir()),
            str(self.place.path),
            None,
            '9',
        )
        self.assertIn('PostgreSQL 9 is not found', str(error))

    def test_sizing_is_accepted_by_postgresql(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(datastores.Preparation(memory_mb=256))
        # Then for any size of machine and volume
        for memory in (64, 512, 4096, 1024 * 1024):
            for volume in (1024**3, 1024**4):
                settings = postgresql_settings.memory(memory)
                settings |= postgresql_settings.volume(volume)
                driver.update_overrides(settings)
