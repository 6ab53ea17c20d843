# SPDX-License-Identifier: Apache-2.0
"""Modules are decoded as Python decodes them."""

from __future__ import annotations

import codecs

from rpc_contract import idioms
from rpc_contract import reading
from tests import base
from tests import handwritten

_SOURCE = """\
class API:
    def store(self, ctxt):
        note = 'Caf\u00e9'
        self.client.prepare(version='1.1').cast(ctxt, 'store', note=note)
"""
_LATIN = f'# -*- coding: latin-1 -*-\n{_SOURCE}'


class EncodingsTest(base.TestCase):
    def test_every_form_that_python_takes_is_read(self) -> None:
        for what, data, line in (
            ('plain', _SOURCE.encode(), 4),
            ('mark', codecs.BOM_UTF8 + _SOURCE.encode(), 4),
            ('coding line', _LATIN.encode('latin-1'), 5),
            ('CRLF', _SOURCE.replace('\n', '\r\n').encode(), 4),
            ('CR', _SOURCE.replace('\n', '\r').encode(), 4),
            (
                'mark, coding line and CRLF',
                codecs.BOM_UTF8
                + f'# coding: utf-8\n{_SOURCE}'.replace('\n', '\r\n').encode(),
                5,
            ),
            ('form feed', b'# one\n\x0c\n' + _SOURCE.encode(), 6),
        ):
            with self.subTest(what):
                (self.tree.top / 'cellar.py').write_bytes(data)
                tree = reading.Tree(self.tree.top)

                contract = idioms.read_client(tree, 'cellar:API', 'cellar')

                self.assertEqual(
                    ['cast store 1.1 note'], handwritten.told(contract)
                )
                self.assertEqual(line, contract.sends[0].where.line)
                self.assertEqual(line - 3, contract.where.line)

    def test_class_is_named_by_its_module_not_by_a_path(self) -> None:
        other = self.useFixture(base.Tree())
        file = other.write('cellar.py', _SOURCE)
        tree = reading.Tree(self.tree.top)

        for spec in (
            f'{file.with_suffix("")}:API',
            f'../{other.top.name}/cellar:API',
            'cellar:',
            'cellar:A-B',
            '.cellar:API',
        ):
            with self.subTest(spec):
                error = self.assertRaises(
                    reading.Unusable, tree.find_class, spec
                )
                self.assertIn('use package.module:Class', str(error))

    def test_place_of_a_method_behind_a_form_feed(self) -> None:
        text = _SOURCE.replace('class', '\x0c\nclass')
        (self.tree.top / 'cellar.py').write_bytes(text.encode())
        tree = reading.Tree(self.tree.top)
        own = tree.find_class('cellar:API')

        self.assertEqual(3, tree.location(own.members['store']).line)

    def test_encoding_that_there_is_not_is_told(self) -> None:
        for data in (
            b'# coding: no-such\nclass API: ...\n',
            b'class API:\n    name = "\xff"\n',
            codecs.BOM_UTF8 + b'# coding: latin-1\nclass API: ...\n',
            b'class API:\n    x = 1\0\n',
        ):
            with self.subTest(data):
                (self.tree.top / 'cellar.py').write_bytes(data)
                tree = reading.Tree(self.tree.top)

                error = self.assertRaises(
                    reading.Unusable, tree.find_class, 'cellar:API'
                )

                self.assertIn('cellar.py is not readable Python', str(error))
