# SPDX-License-Identifier: Apache-2.0
"""Measuring volumes."""

from __future__ import annotations

import pathlib
from unittest import mock

import fixtures

from trove.guestagent.datastores import volume
from trove.tests import base


class VolumeTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def test_a_file_system(self) -> None:
        found = volume.stats(self.path / 'not' / 'there')
        self.assertGreater(found['total'], 0)
        self.assertGreaterEqual(found['total'], found['free'])
        self.assertEqual(
            found['total_blocks'] * found['block_size'] // 1024**3,
            int(found['total']),
        )

    def test_a_directory_that_stands_for_a_volume(self) -> None:
        (self.path / 'd').mkdir()
        (self.path / 'd' / 'f').write_bytes(b'x' * 30 * 1024**2)
        found = volume.stats(self.path, volume_size=2)
        self.assertEqual(2.0, found['total'])
        self.assertEqual(0.03, found['used'])
        self.assertEqual(1.97, found['free'])

    def test_one_that_is_overfull_has_no_less_than_nothing_free(self) -> None:
        with mock.patch.object(volume, '_usage', return_value=3 * 1024**3):
            found = volume.stats(self.path, volume_size=2)
        self.assertEqual((3.0, 0.0), (found['used'], found['free']))

    def test_files_may_go_while_it_is_measured(self) -> None:
        (self.path / 'f').touch()
        with mock.patch('os.lstat', side_effect=FileNotFoundError):
            self.assertEqual(0, volume._usage(self.path))
