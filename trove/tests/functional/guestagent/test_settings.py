# SPDX-License-Identifier: Apache-2.0
"""Settings that PostgreSQL does not start with."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.guestagent.datastores import base as datastores
from trove.tests.functional.guestagent import base


class SettingsTest(base.GuestTestCase):
    def preparation(self, **overrides: Any) -> datastores.Preparation:
        return datastores.Preparation(
            memory_mb=256, overrides=overrides, root_password='top secret'
        )

    def show(self, name: str) -> str:
        with self.place.session('root', 'top secret', 'postgres') as session:
            return session.execute(
                'SELECT current_setting(%s)', [name]
            ).fetchone()[0]

    def test_values_that_it_does_not_start_with_are_taken_back(self) -> None:
        # Given values that are right each, and too much together
        driver = self.driver()
        driver.prepare(self.preparation())
        driver.update_overrides({'work_mem': '9MB'})
        driver.restart()
        driver.update_overrides(
            {'work_mem': '8MB', 'superuser_reserved_connections': 50}
        )
        # When
        error = self.assertRaises(exception.SettingsTakenBack, driver.restart)
        # Then it runs with the former ones, for good
        self.assertIn('superuser_reserved_connections', str(error))
        self.assertEqual('9MB', self.show('work_mem'))
        self.driver().restart()
        self.assertEqual('9MB', self.show('work_mem'))
        # When something else is in the way, they stay
        driver = self.driver()
        driver.update_overrides({'work_mem': '7MB'})
        driver.configure('shared_preload_libraries = no_such_library\n')
        driver.stop()
        error = self.assertRaises(exception.DatastoreError, driver.start)
        self.assertNotIsInstance(error, exception.SettingsTakenBack)
        self.assertIn('no_such_library', str(error))
        driver.configure('')
        driver.start()
        self.assertEqual('7MB', self.show('work_mem'))

    def test_values_for_a_new_database_are_checked_first(self) -> None:
        error = self.assertRaises(
            exception.BadRequest,
            self.driver().prepare,
            self.preparation(work_mem='plenty'),
        )

        self.assertIn('work_mem', str(error))
