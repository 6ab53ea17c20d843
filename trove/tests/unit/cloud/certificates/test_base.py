# SPDX-License-Identifier: Apache-2.0
"""What is read of the archives of users."""

from __future__ import annotations

import pathlib

import fixtures

from trove.cloud.certificates import base
from trove.common import exception
from trove.tests import base as test_base
from trove.tests.unit.cloud.certificates import archives


class UnpackTest(test_base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )

    def test_all_parts(self) -> None:
        for password in (None, b'open sesame'):
            found = base.unpack(
                archives.pack(self.directory, password), password
            )

            self.assertEqual(1, found['certificate'].count('BEGIN CERT'))
            self.assertEqual(1, found['ca'].count('BEGIN CERT'))
            self.assertIn('BEGIN PRIVATE KEY', found['private_key'])

    def test_one_that_expired(self) -> None:
        archive = archives.pack(self.directory, days=-1)

        error = self.assertRaises(
            exception.BadRequest, base.unpack, archive, None
        )

        self.assertIn('expired at 20', str(error))

    def test_what_cannot_be_opened(self) -> None:
        archive = archives.pack(self.directory, b'open sesame')
        for data, password in (
            (archive, b'wrong word'),
            (archive, None),
            (b'', None),
            (archive[:100], b'open sesame'),
        ):
            error = self.assertRaises(
                exception.BadRequest, base.unpack, data, password
            )
            self.assertIn('PKCS#12', str(error))
            self.assertNotIn('wrong word', str(error))

    def test_one_that_takes_long_to_open(self) -> None:
        archive = archives.slow(archives.pack(self.directory, b'open sesame'))

        error = self.assertRaises(
            exception.BadRequest, base.unpack, archive, b'open sesame'
        )

        self.assertIn('takes too long to open', str(error))

    def test_the_interpreter_below_another_program(self) -> None:
        archive = archives.pack(self.directory)

        with fixtures.MonkeyPatch('sys.executable', '/usr/sbin/uwsgi'):
            found = base.unpack(archive, None)

        self.assertIn('BEGIN PRIVATE KEY', found['private_key'])
