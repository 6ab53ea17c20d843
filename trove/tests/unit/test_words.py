# SPDX-License-Identifier: Apache-2.0
"""What HACKING.rst says not to write is not written."""

from __future__ import annotations

from collections.abc import Iterator
import re

from trove.tests import base
from trove.tests.unit import import_rules

_TOP = import_rules.TOP
_HACKING = _TOP / 'HACKING.rst'

#: Where users, operators and contributors read.
_READ = (
    *('*.rst', 'api-ref/source/*', 'doc/source/**/*.rst'),
    *('rpc-contract/*.rst', 'rpc-contract/src/**/*.py', 'trove/**/*.py'),
)


def rows() -> list[tuple[str, list[str]]]:
    """Return the table: what to write, and the phrases not to write."""
    (table,) = re.findall(
        r'   \* - Write\n((?:   .*\n)+)', _HACKING.read_text('utf-8')
    )
    found = []
    for row in re.split(r'^   \* - ', table, flags=re.M)[1:]:
        write, _, avoid = re.split(r'^     -', row, flags=re.M)
        phrases = re.findall('``(.+?)``', ' '.join(avoid.split()))
        found.append((write.strip(), phrases))
    return found


def texts() -> Iterator[tuple[str, str]]:
    """Yield path and text of each file that is looked at."""
    for pattern in _READ:
        for path in sorted(_TOP.glob(pattern)):
            name = str(path.relative_to(_TOP))
            if path != _HACKING and not name.startswith('trove/tests/'):
                yield name, path.read_text('utf-8')


def found(phrase: str, text: str) -> Iterator[int]:
    """Yield the lines where a phrase begins; it may be wrapped.

    A phrase of capitals is the end of a constant's name, ``_DELAY``.
    """
    words = r'[\s\'"#]+'.join(map(re.escape, phrase.split()))
    if phrase.isupper():
        pattern = re.compile(rf'{words}\b')
    else:
        pattern = re.compile(rf'\b{words}\b', re.IGNORECASE)
    for match in pattern.finditer(text):
        yield text.count('\n', 0, match.start()) + 1


class WordsTest(base.TestCase):
    def test_no_phrase_comes_back(self) -> None:
        wrong = [
            f'{name}:{line}: write "{write}", not "{phrase}"'
            for name, text in texts()
            for write, phrases in rows()
            for phrase in phrases
            for line in found(phrase, text)
        ]

        self.assertEqual([], wrong, 'The words are in HACKING.rst.')

    def test_phrases_are_found(self) -> None:
        for phrase, text, lines in (
            ('have not the form', 'These\nhave not\nthe form of it', [2]),
            ('have not the form', "'They have not '\n    'the form'", [1]),
            ('breath', 'Breath, breathe.', [1]),
            ('_BREATH', 'x\n_FIRST_BREATH = 1\nbreath', [2]),
            ('his', 'This is history.', []),
        ):
            self.assertEqual(lines, list(found(phrase, text)), phrase)

    def test_the_table_is_read(self) -> None:
        table = dict(rows())

        self.assertIn('peer', table)
        self.assertIn('Nothing to mend', table['fix, repair'])
