# SPDX-License-Identifier: Apache-2.0
"""Certificates in a directory, and nothing beside it."""

from __future__ import annotations

import os
import pathlib

import fixtures

from trove.cloud import certificates
from trove.common import context as trove_context
from trove.common import exception
from trove.tests import base
from trove.tests.unit.cloud.certificates import archives


class DirectoryTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = root / 'certificates'
        self.directory.mkdir()
        self.config(
            group='certificates',
            driver='directory',
            directory=str(self.directory),
        )
        (self.directory / 'db.p12').write_bytes(archives.pack(root, b'word'))
        (self.directory / 'word').write_bytes(b'word')
        (root / 'secret').write_text('secret')
        (self.directory / 'link').symlink_to(root / 'secret')
        os.mkfifo(self.directory / 'pipe')
        self.driver = certificates.load(self.conf)
        self.context = trove_context.TroveContext()

    def test_an_archive_and_its_password(self) -> None:
        found = self.driver.container(self.context, 'db.p12', 'word')

        self.assertIn('BEGIN CERTIFICATE', found['certificate'])

    def test_what_is_elsewhere(self) -> None:
        for name in ('../secret', 'link', 'none', '', '.', '/etc/passwd'):
            error = self.assertRaises(
                exception.BadRequest,
                self.driver.container,
                self.context,
                name,
                None,
            )
            self.assertIn('container_ref', str(error))
        # Of one that is no file, nothing is waited for
        self.assertEqual(b'', self.driver.read(self.context, 'pipe', 'x'))
