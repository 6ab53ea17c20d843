# SPDX-License-Identifier: Apache-2.0
"""Files of a local server and of its volume."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
from unittest import mock

import fixtures

from trove.cloud.local import home as homes
from trove.tests import base


class RemoveTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.home = homes.Home(pathlib.Path(directory), 'i1')
        (self.home.volume / 'data' / 'base').mkdir(parents=True)
        self.times = 0
        self.remove = shutil.rmtree

    def interfere(self, interfering) -> None:
        """Given something that happens just before each removal."""

        def remove(path, **_):
            self.times += 1
            interfering()
            self.remove(path)

        self.useFixture(fixtures.MonkeyPatch('shutil.rmtree', remove))
        self.useFixture(fixtures.MonkeyPatch('time.sleep', lambda _: None))

    def test_files_that_are_made_meanwhile_are_removed(self) -> None:
        def make() -> None:
            if self.times < 3:
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))

        self.interfere(make)

        self.home.remove_volume()

        self.assertFalse(self.home.volume.exists())
        self.assertEqual(3, self.times)

    def test_what_is_removed_meanwhile_keeps_nothing(self) -> None:
        def vanish() -> None:
            if self.times < 2:
                raise FileNotFoundError(errno.ENOENT, 'gone', 'base')

        self.interfere(vanish)

        self.home.remove_volume()

        self.assertFalse(self.home.volume.exists())

    def test_it_ends_with_an_error(self) -> None:
        self.interfere(
            mock.Mock(side_effect=OSError(errno.ENOTEMPTY, 'not empty'))
        )

        self.assertRaises(OSError, self.home.remove_volume)

    def test_what_is_not_there_is_removed(self) -> None:
        self.home.remove_volume()
        self.home.remove_volume()
