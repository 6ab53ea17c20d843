# SPDX-License-Identifier: Apache-2.0
"""Finding the driver of a datastore."""

from __future__ import annotations

import types
from unittest import mock

import fixtures
from stevedore import driver as stevedore

from trove.common import exception
from trove.guestagent.datastores import registry
from trove.guestagent.datastores.postgresql import driver
from trove.tests import base


class RegistryTest(base.TestCase):
    def test_our_own(self) -> None:
        directory = self.useFixture(fixtures.TempDir()).path
        self.config(datastore_manager='postgresql')
        self.config(group='guestagent', state_dir=f'{directory}/state')
        self.assertIsInstance(registry.load(self.conf), driver.PostgreSQL)

    def test_that_of_another_package(self) -> None:
        self.config(datastore_manager='other')
        found = types.SimpleNamespace(driver=driver.PostgreSQL)
        with mock.patch.object(stevedore, 'DriverManager', return_value=found):
            self.assertIsInstance(registry.load(self.conf), driver.PostgreSQL)

    def test_nobody_has_it(self) -> None:
        for name in ('paper', None):
            self.config(datastore_manager=name)
            self.assertRaises(
                exception.ConfigurationError, registry.load, self.conf
            )
