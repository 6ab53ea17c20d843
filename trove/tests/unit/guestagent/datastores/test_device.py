# SPDX-License-Identifier: Apache-2.0
"""Mounting the volume; functional tests have real devices."""

from __future__ import annotations

import os
import pathlib
from unittest import mock

import fixtures

from trove.common import exception
from trove.guestagent.datastores import device
from trove.tests import base

#: Of the programs in place of the real ones: they note how they are called.
_PROGRAM = '#!/bin/sh\necho "${0##*/} $*" >>%(log)s\n%(body)s\n'


class DeviceTest(base.TestCase):
    """Given programs of the system that only say what is told to them."""

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.log = self.top / 'log'
        self.place = str(self.top / 'mysql')
        self.programs = self.top / 'bin'
        self.programs.mkdir()
        self.useFixture(
            fixtures.EnvironmentVariable(
                'PATH', f'{self.programs}:{os.environ["PATH"]}'
            )
        )
        for name in ('mkfs.ext4', 'mount', 'umount', 'resize2fs', 'e2fsck'):
            self.program(name)
        self.program('xfs_growfs')
        self.found = self.top / 'found'
        self.finds('ext4')
        self.there = mock.Mock(return_value=True)
        self.useFixture(
            fixtures.MockPatchObject(device, 'is_device', self.there)
        )
        self.mounted = mock.Mock(return_value=False)
        self.useFixture(fixtures.MockPatch('os.path.ismount', self.mounted))
        self.volume = self.agent()

    def agent(self) -> device.Device:
        data = pathlib.Path(self.place, 'data')
        return device.Device(self.conf, self.top, data, self.place)

    def program(self, name: str, body: str = '') -> None:
        path = self.programs / name
        path.write_text(_PROGRAM % {'log': self.log, 'body': body})
        path.chmod(0o755)

    def finds(self, text: str | None) -> None:
        """Have blkid find a type and id, or nothing."""
        self.program('blkid', 'exit 2' if text is None else f'echo {text}')

    def called(self) -> list[str]:
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        return [line for line in lines if not line.startswith('blkid')]

    def refused(self, call: object, *args: object) -> str:
        error = self.assertRaises(exception.DatastoreError, call, *args)
        return str(error)

    def test_an_order_may_leave_the_place_to_the_agent(self) -> None:
        self.volume.adopt('/dev/vdb', None)
        self.volume.mount('/dev/vdb', None)
        self.volume.grow('/dev/vdb', None)
        self.mounted.return_value = True
        self.volume.unmount('/dev/vdb', None)

        self.assertEqual(f'umount {self.place}', self.called()[-1])

    def test_an_empty_device_is_formatted(self) -> None:
        self.conf.set_override('format_options', '-m 0 -L data')
        self.conf.set_override('mount_options', 'noatime')
        self.finds(None)

        self.volume.adopt('/dev/vdb', self.place)

        self.assertEqual(
            [
                'mkfs.ext4 -m 0 -L data /dev/vdb',
                f'mount -o noatime /dev/vdb {self.place}',
            ],
            self.called(),
        )

    def test_one_with_a_file_system_is_only_mounted(self) -> None:
        self.volume.adopt('/dev/vdb', self.place)

        self.assertEqual(
            [f'mount -o defaults,noatime /dev/vdb {self.place}'], self.called()
        )

    def test_one_with_something_else_is_refused(self) -> None:
        self.finds('')

        said = self.refused(self.volume.adopt, '/dev/vdb', self.place)

        self.assertIn('wipefs', said)
        self.assertEqual([], self.called())

    def test_without_a_device_nothing_happens(self) -> None:
        self.there.return_value = False
        for path, place in ((None, self.place), ('/dev/vdb', '/srv')):
            self.volume.adopt(path, place)
            self.volume.mount(path, place)
            self.volume.grow(path, place)
        self.volume.unmount(None, None)
        self.volume.restore()

        self.assertEqual([], self.called())

    def test_the_data_do_not_land_beside_a_volume_that_is_late(self) -> None:
        self.there.side_effect = [False, True, True, True]
        self.volume.adopt('/dev/vdb', self.place)
        self.assertIn(f'/dev/vdb {self.place}', self.called()[-1])
        # Nor beside one that does not come
        self.useFixture(
            fixtures.MockPatchObject(device, '_DEVICE_TIMEOUT', 0.1)
        )
        self.there.side_effect = None
        self.there.return_value = False
        said = self.refused(self.volume.adopt, '/dev/vdb', self.place)
        self.assertIn('Attach the volume', said)

    def test_it_is_mounted_again_after_a_boot(self) -> None:
        self.volume.adopt('/dev/vdb', self.place)
        first = self.called()

        self.agent().restore()

        self.assertEqual(first, self.called())
        self.mounted.return_value = True
        self.agent().restore()
        self.assertEqual([], self.called())

    def test_another_one_is_not_mounted_after_a_boot(self) -> None:
        self.volume.adopt('/dev/vdb', self.place)
        self.called()
        self.finds('other')

        said = self.refused(self.agent().restore)

        self.assertIn('not the one with the data (ext4)', said)
        self.assertEqual([], self.called())

    def test_it_waits_for_the_device_of_known_data(self) -> None:
        self.volume.adopt('/dev/vdb', self.place)
        self.called()
        for do, programs in ((self.volume.mount, 1), (self.volume.grow, 2)):
            self.there.side_effect = [False, False, *[True] * 5]

            do('/dev/vdb', self.place)

            self.assertEqual(programs, len(self.called()))

    def test_growing(self) -> None:
        self.volume.grow('/dev/vdb', self.place)
        self.assertEqual(
            ['e2fsck -f -p /dev/vdb', 'resize2fs /dev/vdb'], self.called()
        )
        self.mounted.return_value = True
        self.volume.grow('/dev/vdb', self.place)
        self.assertEqual(['resize2fs /dev/vdb'], self.called())
        self.finds('xfs')
        self.volume.grow('/dev/vdb', self.place)
        self.assertEqual([f'xfs_growfs {self.place}'], self.called())

    def test_xfs_is_mounted_to_be_grown(self) -> None:
        self.finds('xfs')

        self.volume.grow('/dev/vdb', self.place)

        mount, *others = self.called()
        self.assertIn('mount', mount)
        self.assertEqual(
            [f'xfs_growfs {self.place}', f'umount {self.place}'], others
        )

    def test_what_cannot_be_grown(self) -> None:
        self.finds('btrfs')

        self.assertIn(
            'btrfs', self.refused(self.volume.grow, '/dev/vdb', self.place)
        )

    def test_errors_of_programs(self) -> None:
        self.program('mount', 'echo bad superblock >&2; exit 32')
        said = self.refused(self.volume.adopt, '/dev/vdb', self.place)
        self.assertIn('bad superblock', said)

        self.finds(None)
        self.conf.set_override('volume_fstype', 'ext3')
        self.program('mkfs.ext3', 'exec sleep 60')
        self.conf.set_override('volume_format_timeout', 1)
        said = self.refused(self.volume.adopt, '/dev/vdb', self.place)
        self.assertIn('took longer than 1 s', said)

        (self.programs / 'mkfs.ext3').unlink()
        self.useFixture(
            fixtures.EnvironmentVariable('PATH', str(self.programs))
        )
        said = self.refused(self.volume.adopt, '/dev/vdb', self.place)
        self.assertIn('Install it in the image', said)

    def test_it_needs_a_place_above_the_data(self) -> None:
        self.assertRaises(
            exception.ConfigurationError, self.volume.adopt, '/dev/vdb', '/srv'
        )
        self.assertFalse(self.volume.may_be_at('/srv'))
        self.assertEqual([], self.called())
