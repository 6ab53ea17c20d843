# SPDX-License-Identifier: Apache-2.0
"""Signed URLs of S3, compared with those of botocore."""

from __future__ import annotations

import datetime
from urllib import parse

from botocore import auth
from botocore import awsrequest
from botocore import credentials

from trove.common import exception
from trove.common import numbered
from trove.objectstore import _s3_signing
from trove.tests import base

URL = 'https://s3.example.org:8443/s3/backups'


class SigningTest(base.TestCase):
    def sign(self, keys, *names, method='PUT', now=1e9, expires=1000000600):
        grants = [_s3_signing.Grant(method, 'box', each) for each in names]
        return _s3_signing.sign(
            URL, keys, 'here-1', grants, now=now, expires=expires
        )

    def test_they_are_those_of_botocore(self) -> None:
        for token in None, 'to+ken/=':
            keys = credentials.Credentials('key', 'secret', token)
            request = awsrequest.AWSRequest(
                'PUT', f'{URL}/box/b%201_00000002.gz'
            )
            auth.S3SigV4QueryAuth(keys, 's3', 'here-1', 600).add_auth(request)
            wanted = dict(parse.parse_qsl(parse.urlsplit(request.url).query))
            at = datetime.datetime.strptime(
                wanted['X-Amz-Date'], '%Y%m%dT%H%M%SZ'
            ).replace(tzinfo=datetime.UTC)
            now = at.timestamp()

            signed = self.sign(
                keys,
                numbered.Names('b 1_', '.gz', 0, 3),
                now=now,
                expires=int(now) + 600,
            )

            found = _s3_signing.SignedNames(signed).query(
                'PUT', 'box', 'b 1_00000002.gz'
            )
            self.assertEqual(wanted, dict(found))

    def test_what_is_not_signed(self) -> None:
        keys = credentials.Credentials('key', 'secret')
        who = _s3_signing.SignedNames(
            self.sign(keys, numbered.Names('b1_', '', 0, 2))
        )
        for method, container, name in (
            ('GET', 'box', 'b1_00000000'),
            ('PUT', 'boxes', 'b1_00000000'),
            ('PUT', 'box', 'b1_00000002'),
            ('PUT', 'box', 'b1'),
        ):
            self.assertFalse(who.permits(method, container, name))
            self.assertRaises(
                exception.ObjectStoreDenied,
                who.query,
                method,
                container,
                name,
            )
        self.assertTrue(who.permits('PUT', 'box', 'b1_00000001'))

    def test_no_url_is_valid_for_more_than_a_week(self) -> None:
        keys = credentials.Credentials('key', 'secret')

        signed = self.sign(keys, numbered.Names('b1'), expires=2000000000)

        self.assertEqual('604800', signed['query']['X-Amz-Expires'])
        self.assertNotIn('secret', str(signed))
