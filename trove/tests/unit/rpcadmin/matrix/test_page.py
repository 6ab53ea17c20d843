# SPDX-License-Identifier: Apache-2.0
"""The page: what is in it. How it behaves: functional/test_matrix_page.py."""

from __future__ import annotations

import base64
import hashlib
from html import parser
import json
import re

from trove.peers import versions
from trove.rpcadmin.matrix import notes
from trove.rpcadmin.matrix import page
from trove.rpcadmin.matrix import rows
from trove.tests import base


class Parts(parser.HTMLParser):
    """The scripts, styles and meta elements of a page, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.meta, self.loads = [], {}, []
        self._inside = ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._inside = tag
        if tag == 'meta':
            self.meta[found.get('http-equiv', found.get('name'))] = found.get(
                'content'
            )
        self.loads += [v for k, v in attrs if k in ('src', 'href', 'srcset')]
        if tag in ('script', 'style'):
            self.texts.append((found.get('type', tag), ''))

    def handle_endtag(self, tag):
        self._inside = ''

    def handle_data(self, data):
        if self._inside in ('script', 'style'):
            kind, before = self.texts.pop()
            self.texts.append((kind, before + data))


class PageTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.text = page.render()
        self.parts = Parts(self.text)
        self.texts = dict(self.parts.texts)
        self.document = json.loads(self.texts['application/json'])

    def test_it_has_the_outcome_of_every_message(self):
        everyone = rows.all_releases()
        self.assertEqual(
            [(each.number, each.ours) for each in everyone],
            [(r['number'], r['ours']) for r in self.document['releases']],
        )
        self.assertEqual(
            list(versions.CLIENTS),
            [each['name'] for each in self.document['interfaces']],
        )
        for one in self.document['interfaces']:
            for c, client in enumerate(everyone):
                for s, server in enumerate(everyone):
                    found = rows.between(one['name'], client, server)
                    self.assertEqual(
                        [tuple(row) for row in found],
                        list(self.messages(one, one['cells'][c][s])),
                    )
                    self.assertEqual(
                        [
                            note.text
                            for note in notes.about(
                                one['name'], client.number, server.number
                            )
                        ],
                        [
                            self.document['notes'][number]['text']
                            for number in one['notes'][c][s]
                        ],
                    )

    def messages(self, one, number):
        for method, argument, fate in one['lists'][number]:
            name, kind, _ = one['methods'][method]
            yield (name, argument, kind, *one['fates'][fate])

    def test_it_loads_nothing(self):
        self.assertEqual(['#grids'], self.parts.loads)
        self.assertNotRegex(self.text, r'url\(|@import|\bfetch\(|https?:')

    def test_its_policy_allows_what_is_in_it_and_nothing_else(self):
        policy = self.parts.meta['Content-Security-Policy']
        allowed = dict(
            part.strip().split(' ', 1) for part in policy.split(';')
        )

        self.assertEqual("'none'", allowed.pop('default-src'))
        for kind in 'script', 'style':
            digest = hashlib.sha256(self.texts[kind].encode()).digest()
            known = base64.b64encode(digest).decode()
            self.assertEqual(f"'sha256-{known}'", allowed.pop(f'{kind}-src'))
        self.assertEqual({"'none'"}, set(allowed.values()))

    def test_no_text_in_the_data_ends_it(self):
        self.assertNotIn('<', self.texts['application/json'])
        self.assertEqual(
            {'a': '</script><!--'},
            json.loads(page._embedded({'a': '</script><!--'})),
        )
        self.assertNotIn('<', page._embedded({'a': '</script><!--'}))

    def test_it_is_small(self):
        self.assertLess(len(self.text.encode()), 200_000)

    def test_no_placeholder_is_left(self):
        shell = re.sub(
            r'<(script|style)[^>]*>.*?</\1>', '', self.text, flags=re.DOTALL
        )
        self.assertNotIn('$', shell)
