# SPDX-License-Identifier: Apache-2.0
"""Files that anybody may have written: read, or refused before any work."""

from __future__ import annotations

import codecs
import inspect
import json
import pathlib

import fixtures

from rpc_contract import documents as checker_documents
from trove.rehearsal import documents
from trove.tests import base

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


class TextTest(base.TestCase):
    def file(self, data: bytes) -> pathlib.Path:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'file')
        path.write_bytes(data)
        return path

    def refused(self, data: bytes) -> str:
        error = self.assertRaises(
            documents.Malformed, documents.text, self.file(data), 10
        )
        return str(error)

    def test_what_is_no_utf8_is_refused_with_its_line(self) -> None:
        self.assertEqual('line 2: invalid UTF-8', self.refused(b'a\n\xff'))

    def test_what_is_too_long_is_refused(self) -> None:
        said = self.refused(b'x' * 11)

        self.assertEqual('larger than 10 bytes', said)

    def test_a_mark_is_left_out(self) -> None:
        path = self.file(codecs.BOM_UTF8 + b'a')

        self.assertEqual('a', documents.text(path, 10))


class TwinTest(base.TestCase):
    """The checker reads its locks in the same way."""

    def test_they_are_alike(self) -> None:
        for name in (
            *('Malformed', 'from_yaml', 'check', '_Table', '_next'),
            '_malformed',
        ):
            ours, theirs = (
                inspect.getsource(getattr(module, name))
                for module in (documents, checker_documents)
            )
            self.assertEqual(
                theirs,
                ours,
                f'Make {name} the same in trove/rehearsal/documents.py and '
                'rpc-contract/src/rpc_contract/documents.py.',
            )
        for limit in ('_DEEPEST', '_MAX_VALUE_LENGTH'):
            self.assertEqual(
                getattr(checker_documents, limit), getattr(documents, limit)
            )
