# SPDX-License-Identifier: Apache-2.0
"""The mutations change what they say, or fail and say what to do."""

from __future__ import annotations

import pathlib

import fixtures

from trove.tests import base
from trove.tests.unit.contracts import mutations

SOURCE = """\
class API:
    @rpc.cast('1.0')
    def restart(self, reason=None):
        \"\"\"Restart.\"\"\"

    @rpc.cast('1.0')
    def reboot(self):
        \"\"\"Reboot.\"\"\"
"""


class TestEdits(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.tree / 'api.py').write_text(SOURCE, 'utf-8')

    def edited(self, **fields: object) -> str:
        mutations.Edit('api.py', **fields).apply(self.tree)
        return (self.tree / 'api.py').read_text('utf-8')

    def test_part_of_a_line(self) -> None:
        self.assertEqual(
            SOURCE.replace('reason=None', 'reason'),
            self.edited(old='reason=None', new='reason'),
        )

    def test_whole_lines_whatever_their_indentation(self) -> None:
        self.assertEqual(
            SOURCE.replace(
                "    @rpc.cast('1.0')\n    def reboot(self):",
                "    @rpc.call('1.0')\n    def reboot(self):",
            ),
            self.edited(
                old="@rpc.cast('1.0')\ndef reboot(self):\n",
                new="@rpc.call('1.0')\ndef reboot(self):\n",
            ),
        )

    def test_lines_with_an_empty_one_between(self) -> None:
        self.assertEqual(
            SOURCE.replace(
                '"""Restart."""\n\n    @rpc.cast(',
                '"""Stop."""\n    @rpc.call(',
            ),
            self.edited(
                old='    """Restart."""\n\n@rpc.cast(',
                new='    """Stop."""\n@rpc.call(',
            ),
        )

    def test_lines_are_deleted(self) -> None:
        self.assertNotIn('Reboot', self.edited(old='"""Reboot."""', new=''))

    def test_text_that_is_not_there(self) -> None:
        error = self.assertRaises(
            LookupError, self.edited, old='def stop(self):', new=''
        )

        self.assertIn('api.py has this text 0 times', str(error))
        self.assertIn('give it the text that stands there now', str(error))

    def test_text_that_is_there_twice(self) -> None:
        error = self.assertRaises(
            LookupError, self.edited, old="@rpc.cast('1.0')", new=''
        )

        self.assertIn('2 times', str(error))

    def test_text_wherever_it_stands(self) -> None:
        self.assertEqual(
            SOURCE.replace('1.0', '1.1'),
            self.edited(old='1.0', new='1.1', every=True),
        )

    def test_files_come_go_and_are_renamed(self) -> None:
        for edit in (
            mutations.Edit('new/a.py', text='a = 1\n'),
            mutations.Edit('api.py', rename='old.py'),
        ):
            edit.apply(self.tree)

        self.assertEqual('a = 1\n', (self.tree / 'new/a.py').read_text())
        self.assertEqual(SOURCE, (self.tree / 'old.py').read_text())
        mutations.Edit('old.py', delete=True).apply(self.tree)
        self.assertFalse((self.tree / 'old.py').exists())

    def test_a_mutation_says_which_it_is(self) -> None:
        mutation = mutations.Mutation(
            'method-removed',
            'stop is deleted',
            (mutations.Edit('gone.py', old='x', new='y'),),
        )

        error = self.assertRaises(LookupError, mutation.apply, self.tree)

        self.assertIn('method-removed.yaml, "stop is deleted"', str(error))
