# SPDX-License-Identifier: Apache-2.0
"""Files that anybody may have written: read, or refused before any work."""

from __future__ import annotations

import codecs
import datetime
import json

from rpc_contract import documents
from rpc_contract import locks
from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import suppressions
from tests import base

_BOMB = '\n'.join(
    [
        'a: &a [x, x, x, x, x, x, x, x, x, x]',
        *(
            f'{each}: &{each} [{", ".join(["*" + before] * 10)}]'
            for before, each in zip('abcdefgh', 'bcdefghi', strict=True)
        ),
    ]
)

#: What is wrong with a document, and what is said of it.
_YAML = {
    'an alias bomb': (_BOMB, 'line 2: "*a" is an alias'),
    'an anchor of itself': ('a: &a [*a]', 'is an alias'),
    'deep lists': ('[' * 100_000, 'nested more than 32 times'),
    'deep tables': ('{a: ' * 100_000, 'nested more than 32 times'),
    'a deep block': (
        '\n'.join(f'{" " * n}a:' for n in range(900)),
        'nested more than 32 times',
    ),
    'a key that is there twice': (
        'a: 1\nb: 2\na: 3',
        'line 3: duplicate key "a"',
    ),
    'one in JSON': ('{"a": {"b": 1, "b": 2}}', 'duplicate key "b"'),
    'a number without end': (f'a: {"9" * 999_000}', 'longer than 4000'),
    'one that Python refuses': (f'a: 0{"7" * 3_000}9', ''),
    'a number of parts': (f'a: 1{":1" * 400_000}', 'longer than 4000'),
    'a day that there is not': ('a: 2026-99-99', ''),
    'an object': ('!!python/object:os.system a', 'could not determine'),
    'two documents': ('a: 1\n---\nb: 2', 'another document'),
    'a null character': ('a: "\0"', 'not allowed'),
    'a list as a key': ('? [a]\n: 1', 'unhashable key'),
    'no YAML': ('a: [', 'line 2'),
}
_TOML = {
    'a key that is there twice': ('a = 1\na = 2', 'overwrite'),
    'deep lists': ('a = ' + '[\n' * 100_000, 'nested too deeply'),
    'a number without end': (f'a = {"9" * 3_999}', 'longer than 4000'),
    'a number in parts': (f'a = 1{"_1" * 1_990}', ''),
    'a long key': ('a.' * 400_000 + 'a = 1', 'line 1: it is longer'),
    'no TOML': ('a = [', 'end of document'),
}


class YamlTest(base.TestCase):
    def test_what_is_well_formed_is_read(self) -> None:
        for value in ({'a': [1, {'b': None}], 'c': {'b': 'x'}}, [], 'x', None):
            with self.subTest(value):
                self.assertEqual(value, documents.from_yaml(json.dumps(value)))

    def test_what_is_not_is_refused_with_what_is_wrong(self) -> None:
        for what, (source, words) in _YAML.items():
            with self.subTest(what):
                try:
                    found = documents.from_yaml(source)
                except documents.Malformed as error:
                    self.assertIn(words, str(error))
                else:
                    # Read as text; never as something that takes long.
                    self.assertEqual('', words, found)


class TomlTest(base.TestCase):
    def test_what_is_malformed_is_refused_with_what_is_wrong(self) -> None:
        for what, (source, words) in _TOML.items():
            with self.subTest(what):
                try:
                    found = documents.from_toml(source)
                except documents.Malformed as error:
                    self.assertIn(words, str(error))
                else:
                    self.assertEqual('', words, found)


class TextTest(base.TestCase):
    def refused(self, data: bytes) -> str:
        path = self.tree.top / 'file'
        path.write_bytes(data)
        error = self.assertRaises(documents.Malformed, documents.text, path)
        return str(error)

    def test_what_is_no_utf8_is_refused_with_its_line(self) -> None:
        self.assertEqual('line 2: invalid UTF-8', self.refused(b'a\n\xff'))

    def test_what_is_too_long_is_refused(self) -> None:
        said = self.refused(b'x' * (documents.LONGEST + 1))

        self.assertEqual('larger than 1000000 bytes', said)

    def test_a_mark_is_left_out(self) -> None:
        path = self.tree.top / 'file'
        path.write_bytes(codecs.BOM_UTF8 + b'a')

        self.assertEqual('a', documents.text(path))


class FilesTest(base.TestCase):
    """The files that are read this way say what is wrong, and where."""

    def test_lock(self) -> None:
        path = self.tree.write('contracts/cellar/1.0.yaml', _BOMB)

        lock = locks.read(path)

        self.assertIn('cannot be read: line 2: "*a"', lock.broken or '')

    def test_lock_in_another_encoding(self) -> None:
        path = self.tree.write('contracts/cellar/1.0.yaml', '')
        path.write_bytes(b'format: 1\ninterface: "\xff"\n')

        self.assertIn('line 2: invalid UTF-8', locks.read(path).broken or '')

    def test_section(self) -> None:
        self.tree.write('pyproject.toml', 'a = ' + '[' * 3_000)

        error = self.assertRaises(
            reading.Unusable, projects.read, self.tree.top
        )

        self.assertIn('pyproject.toml cannot be read: nest', str(error))

    def test_suppressions(self) -> None:
        self.tree.write('suppressions.yaml', f'suppressions:\n- {_BOMB}')

        (found,) = suppressions.apply(
            (), self.tree.top, 'suppressions.yaml', datetime.date(2027, 1, 1)
        )

        self.assertEqual('suppression-invalid', found.rule)
        self.assertIn('cannot be read', found.message)
