# SPDX-License-Identifier: Apache-2.0
"""Each datastore is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import configparser
import importlib
import inspect
import pkgutil

from trove.api.handlers import backup_strategies as strategies
from trove.api.handlers import backups
from trove.common import datastores as rules
from trove.guestagent import datastores
from trove.guestagent.datastores import base as datastores_base
from trove.guestagent.datastores import registry
from trove.tests import base
from trove.tests.unit import import_rules


def written() -> Iterator[type[datastores_base.Driver]]:
    """Yield every driver of the package; what they share has no name."""
    for module in pkgutil.walk_packages(
        datastores.__path__, f'{datastores.__name__}.'
    ):
        for found in vars(importlib.import_module(module.name)).values():
            if (
                inspect.isclass(found)
                and issubclass(found, datastores_base.Driver)
                and 'name' in vars(found)
                and found is not datastores_base.Driver
                and found.__module__ == module.name
            ):
                yield found


class DeclaredTest(base.TestCase):
    def test_each_does_what_all_must(self) -> None:
        for driver in written():
            missing = ', '.join(sorted(driver.__abstractmethods__))
            self.assertEqual(
                '',
                missing,
                f'Add {missing} to {driver.__name__} in '
                f'{driver.__module__.replace(".", "/")}.py.',
            )

    def test_each_has_an_entry_point(self) -> None:
        parser = configparser.ConfigParser()
        parser.read(import_rules.TOP / 'setup.cfg')
        lines = parser['entry_points'][registry.NAMESPACE].splitlines()
        for driver in written():
            line = f'{driver.name} = {driver.__module__}:{driver.__name__}'
            self.assertIn(
                line,
                lines,
                f'Add "{line}" to {registry.NAMESPACE} in setup.cfg.',
            )

    def test_the_api_offers_what_they_can(self) -> None:
        for capability, path, offered in (
            ('LOG_ARCHIVE', 'backup_strategies.py', strategies.ARCHIVED),
            ('VERIFICATION', 'backups.py', backups.VERIFIED),
        ):
            able = {
                driver.name
                for driver in written()
                if datastores_base.Capability[capability]
                in driver.capabilities
            }
            self.assertEqual(
                able,
                set(offered),
                f'Correct the list in trove/api/handlers/{path}.',
            )

    def test_each_is_found_by_its_name(self) -> None:
        for driver in written():
            self.assertIs(
                driver,
                registry.DRIVERS.get(driver.name, lambda: None)(),
                f'Add {driver.__name__} to DRIVERS in '
                'trove/guestagent/datastores/registry.py.',
            )

    def test_each_that_has_a_name_is_there(self) -> None:
        for name, load in registry.DRIVERS.items():
            self.assertEqual(name, load().name)

    def test_the_api_knows_its_rules(self) -> None:
        general = rules.rules('a datastore of which nothing is known')
        for driver in written():
            self.assertNotEqual(
                general,
                rules.rules(driver.name),
                f'Add {driver.name} to _RULES in '
                'trove/common/datastores/__init__.py.',
            )

    def test_each_is_tested(self) -> None:
        tests = import_rules.TOP / 'trove/tests'
        text = '\n'.join(
            path.read_text('utf-8')
            for path in tests.glob('*/guestagent/**/*.py')
            if path.stem not in ('test_declared', 'test_registry')
        )
        for driver in written():
            if f'.{driver.__name__}' not in text:
                self.fail(
                    f'Test {driver.__name__} below '
                    'trove/tests/unit/guestagent/datastores.'
                )
