# SPDX-License-Identifier: Apache-2.0
"""rpc-contract dump."""

from __future__ import annotations

import yaml

from tests.commands import base


class DumpTest(base.TestCase):
    def test_latest_revision_as_a_lock_has_it(self) -> None:
        self.assertEqual(0, self.run_it('dump'), self.error)

        found = yaml.safe_load(self.out)
        self.assertEqual('cellar', found['interface'])
        self.assertEqual('1.2', found['revision'])
        self.assertEqual(
            {'close', 'count', 'find', 'store'}, set(found['methods'])
        )

    def test_another_revision(self) -> None:
        self.assertEqual(0, self.run_it('dump', '--revision', '1.0'))

        self.assertEqual(
            {'count', 'store'}, set(yaml.safe_load(self.out)['methods'])
        )
        self.unusable('dump', '--revision', '7.0')
        self.assertIn('There are 1.0, 1.1, 1.2', self.error)

    def test_name_that_is_not_the_declared_one(self) -> None:
        path = self.tree.top / 'pyproject.toml'
        path.write_text(path.read_text().replace('s.cellar', 's.attic'))

        self.unusable('dump')

        self.assertIn('rename it to cellar', self.error)

    def test_all_that_was_read_as_json(self) -> None:
        found = self.json('dump', 'cellar')['cellar']

        find = found['client']['methods']['find']
        self.assertEqual('1.1', find['since'])
        self.assertEqual({'path': 'cellar/api.py', 'line': 26}, find['where'])
        self.assertIn('find', found['endpoint']['methods'])
        self.assertEqual(
            {'wine': 'always'},
            next(
                each['arguments']
                for each in found['client']['sends']
                if each['method'] == 'find'
            ),
        )
