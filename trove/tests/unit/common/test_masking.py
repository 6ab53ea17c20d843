# SPDX-License-Identifier: Apache-2.0
"""Secrets in texts, which strangers may have written."""

from __future__ import annotations

import itertools

from oslo_utils import strutils

from trove.common import masking
from trove.tests import base

SECRET = 'hunter2'

#: Forms in which oslo.utils finds a secret, by its name.
FORMS = (
    "'%s' : 'hunter2'",
    '"%s" : "hunter2"',
    "{'original_%s': u'hunter2', 'x': 1}",
    '{"%s":"hunter2"}',
    '<%s>hunter2</%s>',
    '<%s1>\n  hunter2\n</%s1>',
    "%s='hunter2'",
    '%s = "hunter2"',
    '%s=hunter2 and more',
    "Namespace(x='', %s='my\"hunter2', y=None)",
    "cmd --%s hunter2 --x",
    "cmd --%s1 'hunter2'",
    "['cmd', '%s', '--value', 'hunter2']",
    "%s --value hunter2",
    '%s "hunter2"',
)


class MaskingTest(base.TestCase):
    def test_it_hides_at_least_what_oslo_does(self):
        for key, form in itertools.product(strutils._SANITIZE_KEYS, FORMS):
            text = form.replace('%s', key)
            self.assertNotIn(SECRET, strutils.mask_password(text), text)
            self.assertNotIn(SECRET, masking.error(text), text)
            self.assertNotIn(SECRET, masking.mask(text), text)

    def test_only_the_secret_is_hidden(self):
        for before, after in (
            ("{'adminPass':'hunter2', 'x': 1}", "{'adminPass':'***', 'x': 1}"),
            ('<a adminPass="hunter2">', '<a adminPass="***">'),
            ('the password is wrong', 'the password is wrong'),
            ('a://me:hunter2@host/x', 'a://me:***@host/x'),
            ('{"a": "token=hunter2"}', '{"a": "token=***"}'),
            ('{"password": "a\\"hunter2", 1}', '{"password": "***", 1}'),
        ):
            self.assertEqual(after, masking.error(before))

    def test_secrets_of_several_words_and_in_each_other(self):
        for text in (
            "IDENTIFIED BY 'x hunter2'",
            "ALTER ROLE x PASSWORD 'x hunter2'",
            'password="x hunter2',
            "{'token': {'secret': 'hunter2'}}",
            "secret={'password': 'x hunter2'}",
            '{"url":"http://x?token=abc","password":"x hunter2"}',
            '{\\"password\\": \\"x hunter2\\", \\"x\\": 1}',
            "passwords: ['hunter2']",
        ):
            self.assertNotIn(SECRET, masking.error(text), text)

    def test_no_cut_shows_half_a_secret(self):
        most = masking.MOST
        for text in ("password='hunter2 hunter2'", 'amqp://me:hunter2@host'):
            for left in range(len(text)):
                cut = 'x ' * (most // 2 - left) + text + ' y' * most
                self.assertNotIn('hunt', masking.error(cut), left)
                self.assertNotIn('hunt', masking.mask(cut), left)
        key = f'-----BEGIN PRIVATE KEY-----\n{"hunter2" * 9}\nhunter2\n'
        for text in ("password='hunter2 hunter2'", key):
            for left in range(len(text)):
                after = '-----END PRIVATE KEY-----\nlast'
                after += '\ny' * ((most - left - len(after)) // 2)
                cut = 'x\n' * most + text + after
                self.assertNotIn('ter2', masking.traceback(cut), left)

    def test_the_ends_of_long_tracebacks_are_kept(self):
        found = masking.traceback('begin\n' * 50_000 + 'the end', 100)

        self.assertTrue(found.endswith('the end'))
        self.assertEqual(100, len(found))

    def test_who_chooses_the_text_chooses_no_work(self):
        """Where anything is read twice, this takes minutes."""
        for text in (
            ("'" + "'".join(strutils._SANITIZE_KEYS)) * 100,
            *('key ' * 9000, 'key="' * 9000, "key='\\" * 9000),
            *('key--' * 9000, 'key=[' * 9000, '<key>' * 9000, '<' * 40_000),
            *('key' + ' ' * 40_000, 'key="' + '" ' * 20_000),
            *('://a:' * 9000, '-----BEGIN PRIVATE KEY' * 3000),
            *('identified with ' * 3000, 'key="' + '\\"' * 20_000),
        ):
            masking.error(text * 30)
            masking.mask(text * 30)
            masking.traceback(text * 30)
