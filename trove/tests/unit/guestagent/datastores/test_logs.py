# SPDX-License-Identifier: Apache-2.0
"""The files of logs, in directories of somebody else."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent.datastores import logs
from trove.tests import base


class LogTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )
        self.log = logs.Log('general', self.directory / 'log' / 'general.log')

    def given(self, text: str) -> None:
        self.log.path.parent.mkdir(exist_ok=True)
        self.log.path.write_text(text)

    def parts(self) -> list[bytes]:
        with self.log.opened() as files:
            return [file.read() for file in files]

    def test_without_a_file(self) -> None:
        self.assertEqual([], self.parts())
        self.assertEqual(0, self.log.size())

        self.log.path.parent.mkdir()

        self.assertEqual([], self.parts())
        self.assertEqual(0, self.log.size())

    def test_the_former_part_comes_first(self) -> None:
        self.given('one\n')
        self.log.rotate()
        self.given('two\n')

        self.assertEqual([b'one\n', b'two\n'], self.parts())
        self.assertEqual(4, self.log.size())

        # When it is rotated again, the one before is gone
        self.log.rotate()

        self.assertEqual([b'two\n'], self.parts())

    def test_a_link_in_place_of_the_file(self) -> None:
        secret = self.directory / 'secret'
        secret.write_text('secret')
        self.given('')
        self.log.path.unlink()
        self.log.path.symlink_to(secret)

        self.assertEqual([], self.parts())

        self.log.rotate()

        self.assertEqual('secret', secret.read_text())
        self.assertEqual([], self.parts())

    def test_a_link_in_place_of_the_directory(self) -> None:
        other = self.directory / 'other'
        other.mkdir()
        (other / self.log.path.name).write_text('secret')
        self.log.path.parent.symlink_to(other)

        self.assertEqual([], self.parts())
        self.assertEqual(0, self.log.size())
        self.assertRaises(FileNotFoundError, self.log.rotate)
        self.assertEqual(
            'secret', (other / self.log.path.name).read_text()
        )
