# SPDX-License-Identifier: Apache-2.0
"""The life of a PostgreSQL server in the hands of its driver."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import Any

from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import config
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import life
from trove.tests.functional.guestagent import stores


class LifeTest(life.LifeTests, base.GuestTestCase):
    def test_the_settings_fit_the_machine_and_the_customer(self) -> None:
        # When
        driver = self.driver()
        driver.prepare(
            dataclasses.replace(
                life.PREPARATION,
                overrides={
                    'work_mem': '7MB',
                    'log_line_prefix': "it's \\ %m ",
                },
            )
        )
        # Then
        self.assertEqual('64MB', self.show('shared_buffers'))
        self.assertEqual('7MB', self.show('work_mem'))
        self.assertEqual("it's \\ %m ", self.show('log_line_prefix'))
        self.assertEqual(self.place.address, self.show('listen_addresses'))

    def test_a_start_is_tried_out_before_a_stop(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(life.PREPARATION)
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

    def test_root_cannot_take_the_agents_place(self) -> None:
        # Given
        driver = self.driver()
        driver.prepare(life.PREPARATION)
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
        driver.prepare(life.PREPARATION)
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


class UpgradeTest(base.GuestTestCase):
    """Several versions are installed: copies that say different numbers."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        found = binaries.find(str(stores.wheel_bin_dir()), '/nowhere', None)
        cls.now = found.text
        cls.installed = base.everyones_directory(cls)
        installed = [
            programs.stage(found, cls.installed / f'installed-{number}')
            for number in range(3)
        ]
        # As long as the number that they replace in a program.
        cls.next, cls.broken, cls.missing = (
            f'{cls.now[:-1]}{(int(cls.now[-1]) + each) % 10}'
            for each in (1, 2, 3)
        )
        server = installed[1].directory / 'postgres'
        server.write_bytes(
            server.read_bytes().replace(cls.now.encode(), cls.next.encode())
        )
        # One that parses its settings, and does not start.
        server = installed[2].directory / 'postgres'
        server.write_text(
            '#!/bin/sh\n'
            f'case "$*" in\n'
            f'--version) echo "postgres (PostgreSQL) {cls.broken}";;\n'
            '*"-C port") ;;\n'
            '*) echo "FATAL: it is broken" >&2; exit 1;;\n'
            'esac\n'
        )

    def setUp(self) -> None:
        super().setUp()
        self.given = self.driver()
        self.given.prepare(
            datastores.Preparation(memory_mb=256, version=self.now)
        )
        self.assertEqual(self.now, self.shown())

    def driver(self) -> Any:
        conf = self.place.conf()
        conf.set_override(
            'bin_dir',
            f'{self.installed}/installed-*/*/*/*/bin',
            'postgresql',
        )
        return self.store.driver(conf)

    def shown(self, driver: Any = None) -> str:
        driver = driver or self.given
        self.assertTrue(driver.answers())
        return str(driver.version())

    def test_it_is_upgraded_and_stays_so(self) -> None:
        self.given.create_databases([{'_name': 'kept'}])

        for _ in range(2):
            self.given.check_upgrade(self.next)
            self.given.upgrade(self.next)

            self.assertEqual(self.next, self.shown())
        (found, _) = self.given.list_databases()
        self.assertEqual(['kept'], [each['_name'] for each in found])
        # And an agent that is started later runs the same
        later = self.driver()
        later.restart()
        self.assertEqual(self.next, self.shown(later))
        later.upgrade(self.now)
        self.assertEqual(self.now, self.shown(later))

    def test_a_version_that_does_not_start_is_taken_back(self) -> None:
        self.given.check_upgrade(self.broken)

        error = self.assertRaises(
            exception.DatastoreError, self.given.upgrade, self.broken
        )

        self.assertIn('it is broken', str(error))
        self.assertEqual(self.now, self.shown())
        self.assertEqual(self.now, self.shown(self.driver()))

    def test_an_agent_that_died_meanwhile_takes_it_back_as_well(self) -> None:
        # Given one that was killed before the new version had started
        self.given.stop()
        self.given.home.use(self.broken, self.now)
        later = self.driver()
        self.assertRaises(exception.DatastoreError, later.start)

        self.assertRaises(
            exception.DatastoreError, later.upgrade, self.broken
        )

        self.assertEqual(self.now, self.shown(later))

    def test_what_is_not_installed_stops_nothing(self) -> None:
        pid = self.given.pid()
        for version in (self.missing, '17.1'):
            for order in (self.given.check_upgrade, self.given.upgrade):
                error = self.assertRaises(
                    exception.DatastoreError, order, version
                )
                self.assertIn(version, str(error))
        self.assertEqual(pid, self.given.pid())


class DirectoryTest(life.DirectoryTests, base.GuestTestCase):
    pass


class StagingTest(base.GuestTestCase):
    def test_programs_out_of_reach_are_copied_once(self) -> None:
        account = accounts.resolve('nobody')
        if account is None:
            self.skipTest('only root runs databases as somebody else')
        # Given programs in a directory that is closed to others
        closed = self.place.path / 'closed'
        closed.mkdir(mode=0o700)
        source = stores.wheel_bin_dir().parent.parent
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

    def test_data_decides_about_the_version(self) -> None:
        error = self.assertRaises(
            exception.ConfigurationError,
            binaries.find,
            str(stores.wheel_bin_dir()),
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
