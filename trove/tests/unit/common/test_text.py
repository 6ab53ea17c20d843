# SPDX-License-Identifier: Apache-2.0
"""Texts of others, made safe."""

from __future__ import annotations

from trove.common import text
from trove.tests import base


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
            'xxxx... (996 characters more)', text.printable('x' * 1000, 4)
        )

    def test_lines_may_stay(self):
        self.assertEqual(
            'a\n\\x1bb', text.printable('a\n\x1bb', lines=True)
        )

    def test_anything_has_a_text(self):
        self.assertEqual(r"['\n']", text.printable(['\n']))
        self.assertEqual('None', text.printable(None))
