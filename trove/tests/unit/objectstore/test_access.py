# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import hmac
import json

from trove.common import exception
from trove.objectstore import access
from trove.tests import base

URL = 'https://swift.example.org:8080/v1/AUTH_p'


class SignTest(base.TestCase):
    def sign(self, *methods: str):
        return access.sign(
            f'{URL}/', 'key', 'backups', 'b1', methods=methods, expires=99
        )

    def test_what_is_signed(self):
        signed = self.sign('PUT')

        digest = hmac.new(
            b'key',
            b'PUT\n99\nprefix:/v1/AUTH_p/backups/b1',
            hashlib.sha256,
        )
        self.assertEqual(
            {
                'storage_url': URL,
                'container': 'backups',
                'prefix': 'b1',
                'queries': {
                    'PUT': {
                        'temp_url_sig': digest.hexdigest(),
                        'temp_url_expires': '99',
                        'temp_url_prefix': 'b1',
                    }
                },
            },
            json.loads(json.dumps(signed)),
        )

    def test_each_method_has_its_own_query(self):
        signed = self.sign('GET', 'PUT', 'DELETE')
        urls = access.SignedUrls([signed])

        for method in 'GET', 'PUT', 'DELETE':
            self.assertEqual(
                signed['queries'][method],
                urls.query(method, 'backups', 'b1_00000000'),
            )
        self.assertEqual(
            signed['queries']['GET'], urls.query('HEAD', 'backups', 'b1.gz')
        )

    def test_what_was_not_signed_is_denied(self):
        urls = access.SignedUrls([self.sign('DELETE')])
        for method, container, name in (
            ('GET', 'backups', 'b1'),
            ('HEAD', 'backups', 'b1'),
            ('DELETE', 'backups', 'b2'),
            ('DELETE', 'backups', ''),
            ('DELETE', 'others', 'b1'),
        ):
            with self.subTest(method, container=container, name=name):
                self.assertRaises(
                    exception.ObjectStoreDenied,
                    urls.query,
                    method,
                    container,
                    name,
                )


class TokenTest(base.TestCase):
    def test_the_source_is_asked_when_needed(self):
        tokens = iter(['first', 'second'])
        plugin = access.Token(URL, lambda: next(tokens)).plugin()

        self.assertEqual('first', plugin.get_token(None))
        self.assertEqual('first', plugin.get_token(None))
        self.assertTrue(plugin.invalidate())
        self.assertEqual('second', plugin.get_token(None))
