# SPDX-License-Identifier: Apache-2.0
"""The documentation's Sphinx extensions: what they write."""

from __future__ import annotations

import importlib.util
from typing import Any

from rpc_contract import rules
from trove.tests import base
from trove.tests.unit import import_rules

DOC = import_rules.TOP / 'doc' / 'source'


def extension(name: str) -> Any:
    """Load one of the documentation's Sphinx extensions."""
    spec = importlib.util.spec_from_file_location(
        name, DOC / '_exts' / f'{name}.py'
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
            'replaced by ``attach_replica``', text('attach_replication_slave')
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
