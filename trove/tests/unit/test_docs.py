# SPDX-License-Identifier: Apache-2.0
"""The documentation names what there is, and nothing else."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
from typing import Any

from oslo_db import options as database_options
import yaml

from rpc_contract import rules
from trove import conf as trove_conf
from trove import policies
from trove.api import absent
from trove.api import routes
from trove.tests import base
from trove.tests.unit import import_rules

TOP = import_rules.TOP
API_REF = TOP / 'api-ref' / 'source'
DOC = TOP / 'doc' / 'source'

#: Patterns of names.
_EXAMPLES = {'_name.py'}


def extension(name: str) -> Any:
    """Load one of the documentation's Sphinx extensions."""
    spec = importlib.util.spec_from_file_location(
        name, DOC / '_exts' / f'{name}.py'
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or what is in one."""
    try:
        return pkgutil.resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


class TestApiReference(base.TestCase):
    """The API reference against the table of routes."""

    def text(self) -> str:
        pages = sorted(API_REF.glob('*.inc'))
        return '\n'.join(page.read_text('utf-8') for page in pages)

    def test_paths(self) -> None:
        described = re.findall(
            r'^\.\. rest_method:: (\w+) (\S+)$', self.text(), re.M
        )

        served = {(r.verb, f'/v1.0{r.path}') for r in routes.ROUTES}
        served |= {(r.verb, r.path) for r in routes.VERSIONS}
        self.assertEqual(served, set(described))
        self.assertEqual(len(served), len(described))

    def test_absent_paths(self) -> None:
        page = (API_REF / 'absent.inc').read_text('utf-8')
        described = {
            (verb, path)
            for verbs, path in re.findall(r'\| ([A-Z, ]+) ``(\S+)``', page)
            for verb in verbs.split(', ')
        }

        told = {
            (route.verb, route.path.removeprefix('/{project_id}'))
            for route in absent.ROUTES
        }
        told.add(('POST', '/instances/{instance_id}/action'))
        self.assertEqual(told, described)

    def test_parameters(self) -> None:
        used = re.findall(r'^   - [\w.-]+: ([\w-]+)$', self.text(), re.M)

        described = yaml.safe_load(
            (API_REF / 'parameters.yaml').read_text('utf-8')
        )
        missing = ', '.join(sorted(set(used) - set(described)))
        self.assertEqual(
            set(described),
            set(used),
            missing and f'Add {missing} to api-ref/source/parameters.yaml.',
        )

    def test_statuses(self) -> None:
        sections = re.split(r'^\.\. rest_method:: ', self.text(), flags=re.M)
        for section in sections[1:]:
            verb, path = section.split('\n', 1)[0].split()
            for route in routes.ROUTES:
                found = (route.verb, f'/v1.0{route.path}') == (verb, path)
                if found and '   - 501\n' not in section:
                    with self.subTest(f'{verb} {path}'):
                        self.assertIn(f'   - {route.status}\n', section)


class TestGuides(base.TestCase):
    """Names of options, rules and files in the guides."""

    def pages(self) -> dict[str, str]:
        return {
            str(page.relative_to(TOP)): page.read_text('utf-8')
            for page in [*DOC.rglob('*.rst'), *TOP.glob('*.rst')]
        }

    def test_files_are_there(self) -> None:
        missing = {}
        for name, text in self.pages().items():
            for path in re.findall(
                r'``((?:trove|doc|tools)/[\w./-]+)``', text
            ):
                if not (TOP / path).exists():
                    missing[path] = name

        self.assertEqual({}, missing)

    def test_files_without_a_directory_are_there(self) -> None:
        known = {
            path.name
            for top in ('trove', 'benchmarks', 'doc', 'rpc-contract')
            for path in (TOP / top).rglob('*.py')
        }
        missing = {
            file: name
            for name, text in self.pages().items()
            for file in re.findall(r'``(\w+\.py)``', text)
            if file not in known | _EXAMPLES
        }

        self.assertEqual({}, missing)

    def test_modules_are_there(self) -> None:
        """And what is named of them."""
        missing = {
            each: name
            for name, text in self.pages().items()
            for each in re.findall(r'[`~ ](trove(?:\.\w+)+)(?:\(\))?`', text)
            if not is_there(each)
        }

        self.assertEqual({}, missing)

    def test_options_are_there(self) -> None:
        known = {
            (group, option.dest)
            for group, options in (
                *trove_conf.list_opts(),
                # Which oslo.db lists by itself.
                ('database', database_options.database_opts),
            )
            for option in options
        }
        groups = {group for group, _ in known} - {'DEFAULT'}
        missing = {}
        for name, text in self.pages().items():
            for group, option in re.findall(r'\[(\w+)\]\s+(\w+)\b', text):
                # A guide may name what it adds.
                if f"'{option}'" in text:
                    continue
                if group in groups and (group, option) not in known:
                    missing[f'[{group}] {option}'] = name

        self.assertEqual({}, missing)

    def test_every_rule_has_operations_and_a_description(self) -> None:
        for rule in policies.list_rules():
            with self.subTest(rule.name):
                self.assertTrue(rule.description)


class TestInterfaces(base.TestCase):
    """The page that is written from the declarations."""

    def test_arguments(self) -> None:
        module = extension('rpc_interfaces')
        api = importlib.import_module('trove.guestagent.api').API

        lines = module.describe_method(api.interface.methods['restart'])

        self.assertIn('``restart(reason=None)``', lines)
        text = '\n'.join(lines)
        self.assertIn('*call, since 1.0*', text)
        self.assertIn('``reason``: since 1.4, left out for peers', text)

    def test_required_argument(self) -> None:
        module = extension('rpc_interfaces')
        api = importlib.import_module('trove.guestagent.api').API

        signature = module.signature(api.interface.methods['grant_access'])

        self.assertEqual(
            'grant_access(username, hostname, databases)', signature
        )

    def test_spans(self) -> None:
        module = extension('rpc_interfaces')
        api = importlib.import_module('trove.guestagent.api').API

        def text(name: str) -> str:
            lines = module.describe_method(api.interface.methods[name])
            return '\n'.join(lines)

        self.assertIn(
            '``do_not_start_on_reboot``: until 1.0/stein, again since 1.4',
            text('stop_db'),
        )
        self.assertIn(
            'since 1.0/victoria, required in 1.0/victoria to 1.3',
            text('start_db_with_conf_changes'),
        )
        self.assertIn(
            '*cast, since 1.0, until 1.0/stein, again since 1.5*',
            text('attach_replication_slave'),
        )
        self.assertIn(
            '``attach_replica`` came', text('attach_replication_slave')
        )

    def test_history(self) -> None:
        module = extension('rpc_interfaces')
        api = importlib.import_module('trove.guestagent.api').API

        text = '\n'.join(module.history(api.interface))

        for line in (
            'came: ``rebuild``, ``upgrade``',
            'went: ``attach_replication_slave``, ',
            '- ``stop_db`` lost ``do_not_start_on_reboot``',
            '- ``stop_db`` takes ``do_not_start_on_reboot``',
            '- ``start_db_with_conf_changes`` takes ``ds_version``; requires '
            '``ds_version``',
            '- ``start_db_with_conf_changes`` does without ``ds_version``',
        ):
            self.assertIn(line, text)

    def test_releases(self) -> None:
        module = extension('rpc_interfaces')

        self.assertEqual('no release', module.releases(()))
        self.assertEqual('a, b', module.releases(('a', 'b')))
        self.assertEqual('a to e', module.releases(tuple('abcde')))

    def test_messages_of_errors(self) -> None:
        module = extension('trove_errors')

        texts = [module.text(error) for error in module.errors()]

        self.assertNotIn('%(', ''.join(texts))
        self.assertIn(r'Instance \ *id*\  could not be found.', texts)


class TestRules(base.TestCase):
    """The sections about the rules of ``rpc-contract``."""

    def section(self, **fields: Any) -> str:
        given = {
            'id': 'method-removed',
            'title': 'A method is gone',
            'kind': 'change',
            'severity': rules.Severity.ERROR,
            'forward': rules.Verdict.BREAKING,
            'backward': rules.Verdict.GATED,
            **fields,
        }
        module = extension('contract_rules')
        return '\n'.join(module.section(rules.Rule(**given)))

    def test_what_a_breach_does(self) -> None:
        text = self.section(why='Who calls it is refused.', fix='Keep it.')

        self.assertIn('A method is gone. An error: the check fails.', text)
        self.assertIn(
            '   * - Old client, new server\n     - breaking\n'
            '   * - New client, old server\n     - safe when gated\n',
            text,
        )
        self.assertIn('Who calls it is refused.', text)
        self.assertIn('**What to do.** Keep it.', text)

    def test_a_rule_that_is_not_about_messages(self) -> None:
        none = rules.Verdict.NONE

        text = self.section(
            forward=none, backward=none, severity=rules.Severity.NOTE
        )

        self.assertNotIn('Old client', text)
        self.assertIn('the check does not fail', text)

    def test_examples(self) -> None:
        text = self.section(
            bad="""
-    @rpc.call('1.0')
     def count(self): ...
""",
            good='client.can_send_version("1.1")',
        )

        self.assertIn(
            'It is found here:\n\n.. code-block:: diff\n\n'
            "   -    @rpc.call('1.0')\n        def count(self): ...\n",
            text,
        )
        self.assertIn(
            'Done well:\n\n.. code-block:: python\n\n'
            '   client.can_send_version("1.1")\n',
            text,
        )
