# SPDX-License-Identifier: Apache-2.0
"""Drivers of other packages are found, or it is said why not."""

from __future__ import annotations

import pathlib
import sys

import fixtures

from trove.common import drivers
from trove.common import exception
from trove.tests import base

_MODULE = """
class Fits(dict):
    pass

class Other:
    pass
"""


class FindTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # A namespace of its own, for stevedore remembers what it found.
        self.namespace = f'trove.{self.id()}'

    def given_package(self, entry_point: str) -> None:
        """Install a package with an entry point called ``mine``."""
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (top / 'a_driver.py').write_text(_MODULE)
        (top / 'a_broken_driver.py').write_text('import not_installed')
        info = top / 'a_driver-1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text('Name: a-driver\nVersion: 1.0\n')
        (info / 'entry_points.txt').write_text(
            f'[{self.namespace}]\nmine = {entry_point}\n'
        )
        sys.path.insert(0, str(top))
        self.addCleanup(sys.path.remove, str(top))
        self.addCleanup(sys.modules.pop, 'a_driver', None)

    def find(self) -> type:
        found: type = drivers.find(
            self.namespace,
            'mine',
            option='[cloud] driver',
            parent=dict,
            missing='Install it.',
        )
        return found

    def assert_refused(self, *parts: str) -> None:
        error = self.assertRaises(exception.ConfigurationError, self.find)
        for part in ('[cloud] driver', '"mine"', *parts):
            self.assertIn(part, str(error))

    def test_it_is_found(self) -> None:
        self.given_package('a_driver:Fits')

        self.assertEqual('Fits', self.find().__name__)

    def test_no_package_has_it(self) -> None:
        self.assert_refused('Install it.')

    def test_its_module_cannot_be_imported(self) -> None:
        self.given_package('a_broken_driver:Fits')

        self.assert_refused(
            "ModuleNotFoundError: No module named 'not_installed'",
            'Repair or update that package',
        )

    def test_its_module_does_not_have_it(self) -> None:
        self.given_package('a_driver:Missing')

        self.assert_refused("has no attribute 'Missing'")

    def test_it_is_something_else(self) -> None:
        self.given_package('a_driver:Other')

        self.assert_refused('Other', 'not a subclass of builtins.dict')
