# SPDX-License-Identifier: Apache-2.0
"""The agent's files."""

from __future__ import annotations

import os
import pathlib
import socket
import stat
from unittest import mock

import fixtures

from trove.guestagent.datastores import account
from trove.guestagent.datastores import files
from trove.tests import base


class FilesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def test_a_file_is_private_and_replaced(self) -> None:
        for text in ('old', 'new'):
            files.write(self.path / 'f', text)
        self.assertEqual('new', (self.path / 'f').read_text())
        self.assertEqual(0o600, stat.S_IMODE((self.path / 'f').stat().st_mode))

    def test_a_failure_leaves_the_old_file_and_nothing_else(self) -> None:
        files.write(self.path / 'f', 'old')
        with mock.patch('os.replace', side_effect=OSError):
            self.assertRaises(OSError, files.write, self.path / 'f', 'new')
        self.assertEqual('old', (self.path / 'f').read_text())
        self.assertEqual(['f'], os.listdir(self.path))

    def test_values_come_back(self) -> None:
        self.assertEqual({}, files.read_json(self.path / 'f'))
        files.write_json(self.path / 'f', {'ä': [1, None]})
        self.assertEqual({'ä': [1, None]}, files.read_json(self.path / 'f'))

    def test_a_directory_is_closed_to_others(self) -> None:
        (self.path / 'd').mkdir(mode=0o755)
        for _ in range(2):
            files.private_directory(self.path / 'd')
        mode = (self.path / 'd').stat().st_mode
        self.assertEqual(0o700, stat.S_IMODE(mode))

    def test_a_reader_may_pass_and_read(self) -> None:
        reader = account.Account('me', os.geteuid(), os.getegid())
        files.private_directory(self.path / 'd', reader)
        files.write(self.path / 'd' / 'f', 'text', reader)
        for path, expected in (('d', 0o710), ('d/f', 0o640)):
            found = (self.path / path).stat()
            self.assertEqual(expected, stat.S_IMODE(found.st_mode))
            self.assertEqual(reader.gid, found.st_gid)


class TreeTest(base.TestCase):
    def test_files_that_come_and_go_are_no_obstacle(self) -> None:
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (root / 'a').mkdir()
        (root / 'a' / 'file').write_text('x')
        (root / 'link').symlink_to(root / 'nowhere')
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(root / 'socket'))
            files.sync_tree(root)

    def test_the_end_of_a_file(self) -> None:
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (root / 'file').write_text('0123456789')
        with (root / 'file').open('rb') as stream:
            self.assertEqual('789', files.tail(stream, 3))
            self.assertEqual('0123456789', files.tail(stream, 99))
