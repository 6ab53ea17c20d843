# SPDX-License-Identifier: Apache-2.0
"""Texts of others, made safe."""

from __future__ import annotations

import ast
import io

from trove.common import text
from trove.tests import base
from trove.tests.unit import import_rules

#: Where commands are, and who prints without :func:`text.say`, and why.
COMMANDS = ('trove/cmd/', 'trove/rpcadmin/', 'trove/standalone/')
PRINTS = {
    'trove/rpcadmin/app.py': 'each line of it made safe just before',
    'trove/rpcadmin/rehearse.py': 'steps of a rehearsal, by our own names',
    'trove/standalone/progress.py': 'steps of the demonstration, likewise',
}


class TestPrintable(base.TestCase):
    def test_what_can_be_seen_stays(self):
        for said in ('', 'plain', 'Größe 1 µ', '数据库', 'a\\b %s {x}'):
            self.assertEqual(said, text.printable(said))

    def test_every_character_that_cannot_is_spelled(self):
        for number in range(0x110000):
            made = text.printable(chr(number))
            if not made.isprintable():
                self.fail(f'{number:x} is left as it is')
        self.assertEqual(
            r'a\nb\x1b[2J\x9b\u202e\u2028\ud800\x00',
            text.printable('a\nb\x1b[2J\x9b\u202e\u2028\ud800\0'),
        )

    def test_it_is_cut(self):
        self.assertEqual(
            r'a\nx ... b', text.printable(f'a\n{"x" * 1000}\nb', 9)
        )

    def test_lines_may_stay(self):
        self.assertEqual(
            'a\n\\x1bb', text.printable('a\n\x1bb', lines=True)
        )

    def test_anything_has_a_text(self):
        self.assertEqual(r"['\n']", text.printable(['\n']))
        self.assertEqual('None', text.printable(None))


class TestCut(base.TestCase):
    def test_a_text_that_fits_stays(self):
        for said in ('', 'x', 'x' * 20):
            self.assertEqual(said, text.cut(said, 20))
            self.assertIsNone(text.left(said, 20))

    def test_the_beginning_and_the_end_are_kept(self):
        said = f'The disk is full: {"x" * 999}. Enlarge the volume.'

        shown = text.cut(said, 60)

        self.assertEqual(60, len(shown))
        self.assertEqual(
            'The disk is full: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ... olume.',
            shown,
        )
        self.assertEqual(
            ('The disk is full: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'olume.'),
            text.left(shown, 60),
        )

    def test_it_is_as_long_as_asked_for(self):
        for most in range(5, 50):
            self.assertEqual(most, len(text.cut('x' * 50, most)))

    def test_a_value_keeps_its_beginning(self):
        self.assertEqual('xxxx', text.start('xxxx', 4))
        self.assertEqual('xxxx…', text.start('xxxxx', 4))


class TestSay(base.TestCase):
    def test_what_is_shown_at_a_terminal_is_safe(self):
        shown = io.StringIO()

        text.say(ValueError('one\ntwo\x1b[2J'), shown, prefix='trove-x: ')

        self.assertEqual('trove-x: one\ntwo\\x1b[2J\n', shown.getvalue())

    def test_all_commands_say_what_they_say_with_it(self):
        found = {
            item.path
            for item in import_rules.modules()
            if item.path.startswith(COMMANDS)
            for node in ast.walk(ast.parse(item.source))
            if isinstance(node, ast.Call)
            and getattr(node.func, 'id', '') == 'print'
        }

        self.assertEqual(set(PRINTS), found)
