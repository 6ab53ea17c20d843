# SPDX-License-Identifier: Apache-2.0
"""Settings that a database server does not start with."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.guestagent.datastores import base as datastores
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import stores


class SettingsTests:
    def preparation(self, **overrides: Any) -> datastores.Preparation:
        return datastores.Preparation(
            memory_mb=256, overrides=overrides, root_password='top secret'
        )

    def show(self, name: str) -> str:
        with self.place.session(
            'root', 'top secret', self.store.home
        ) as session:
            return self.store.show(session, name)

    def test_values_that_it_does_not_start_with_are_taken_back(self) -> None:
        # Given values that are right each, and too much together
        name, value, shown, _first, _wrong = self.store.setting
        late, new = self.store.late
        driver = self.driver()
        driver.prepare(self.preparation())
        driver.update_overrides({name: value})
        driver.restart()
        driver.update_overrides({late: new} | self.store.deceptive)
        # When
        error = self.assertRaises(exception.SettingsTakenBack, driver.restart)
        # Then it runs with the former ones, for good
        self.assertIn(self.store.deceptive_word, str(error))
        self.assertEqual(shown, self.show(name))
        self.driver().restart()
        self.assertEqual(shown, self.show(name))
        # When something else is in the way, they stay
        driver = self.driver()
        driver.update_overrides({late: new})
        driver.configure(self.store.bad_basic)
        driver.stop()
        error = self.assertRaises(exception.DatastoreError, driver.start)
        self.assertNotIsInstance(error, exception.SettingsTakenBack)
        self.assertIn(self.store.bad_word, str(error))
        driver.configure('')
        driver.start()
        self.assertEqual(new, self.show(late))

    def test_values_for_a_new_database_are_checked_first(self) -> None:
        name, _value, _shown, _first, wrong = self.store.setting
        error = self.assertRaises(
            exception.BadRequest,
            self.driver().prepare,
            self.preparation(**{name: wrong}),
        )

        self.assertIn(name.replace('_', '-'), str(error).replace('_', '-'))


class PostgreSQLSettingsTest(SettingsTests, base.GuestTestCase):
    pass


class MariaDBSettingsTest(SettingsTests, base.GuestTestCase):
    store = stores.MariaDB()
