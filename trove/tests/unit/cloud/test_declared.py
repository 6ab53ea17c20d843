# SPDX-License-Identifier: Apache-2.0
"""Each driver is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import configparser
import importlib
import inspect
import pathlib
import pkgutil

from trove import cloud
from trove.cloud import base as cloud_base
from trove.conf import cloud as cloud_options
from trove.tests import base
from trove.tests.unit import import_rules


def written(parent: type) -> Iterator[type]:
    """Yield the public subclasses in the package."""
    for module in pkgutil.walk_packages(cloud.__path__, f'{cloud.__name__}.'):
        for found in vars(importlib.import_module(module.name)).values():
            if (
                inspect.isclass(found)
                and issubclass(found, parent)
                and found is not parent
                and found.__module__ == module.name
                and not found.__name__.startswith('_')
            ):
                yield found


def entry_points() -> dict[str, str]:
    """Return module and class by the name of the driver."""
    parser = configparser.ConfigParser()
    parser.read(import_rules.TOP / 'setup.cfg')
    lines = parser['entry_points'][cloud.NAMESPACE].splitlines()
    pairs = (line.split('=') for line in lines if line)
    return {name.strip(): target.strip() for name, target in pairs}


class DeclaredTest(base.TestCase):
    def test_each_driver_has_an_entry_point(self) -> None:
        named = {
            target.partition(':')[2] for target in entry_points().values()
        }
        for driver in written(cloud_base.Cloud):
            self.assertIn(
                driver.__name__,
                named,
                f'Add "NAME = {driver.__module__}:{driver.__name__}" to '
                f'{cloud.NAMESPACE} in setup.cfg.',
            )

    def test_each_part_does_all_that_is_asked_of_it(self) -> None:
        for parent in (
            *(cloud_base.Compute, cloud_base.Network, cloud_base.Volumes),
            cloud_base.Cloud,
        ):
            for part in written(parent):
                missing = ', '.join(sorted(part.__abstractmethods__))
                self.assertEqual(
                    '',
                    missing,
                    f'Add {missing} to {part.__name__} in '
                    f'{part.__module__.replace(".", "/")}.py.',
                )

    def test_each_driver_is_offered_to_operators(self) -> None:
        (option,) = (o for o in cloud_options.OPTS if o.name == 'driver')
        for name in entry_points():
            self.assertIn(
                f'"{name}"',
                option.help,
                f'Say in the help of [cloud] driver in trove/conf/cloud.py '
                f'what "{name}" is.',
            )

    def test_each_driver_keeps_the_contract(self) -> None:
        tests = pathlib.Path(__file__).parent
        text = '\n'.join(
            path.read_text('utf-8')
            for path in tests.rglob('*.py')
            if 'contract.Contract' in path.read_text('utf-8')
        )
        for helper in ('local/guests.py', 'openstack/clouds.py'):
            text += (tests / helper).read_text('utf-8')
        for driver in written(cloud_base.Cloud):
            if f'{driver.__name__}(' not in text:
                self.fail(
                    f'Test {driver.__name__} below trove/tests/unit/cloud, '
                    'with contract.Contract.'
                )
