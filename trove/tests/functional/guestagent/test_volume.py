# SPDX-License-Identifier: Apache-2.0
"""The volume of an instance, as a real block device.

It needs root and loop devices. No database runs here.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import threading
import unittest

import fixtures
from oslo_config import cfg

from trove.common import exception
from trove.conf import guestagent as options
from trove.guestagent.datastores import device
from trove.tests import base

_MIB = 1024**2
#: It names a partition.
_TABLE = bytes(450) + b'\x83' + bytes(3) + b'\0\x08\0\0' * 2
_USABLE = os.geteuid() == 0 and os.path.exists('/dev/loop-control')


def run(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def may_resize() -> bool:
    """Whether root has CAP_SYS_RESOURCE, which containers often lack."""
    status = pathlib.Path('/proc/self/status').read_text()
    (line,) = re.findall(r'CapEff:\s+(\w+)', status)
    return bool(int(line, 16) >> 24 & 1)


def size_of(path: pathlib.Path) -> int:
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize // _MIB


@unittest.skipUnless(_USABLE, 'only root can mount, and needs loop devices')
class VolumeTest(base.TestCase):
    """Given an agent without a volume, and a new volume of 64 MiB."""

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.top / 'state').mkdir()
        self.place = self.top / 'mysql'
        self.device = self.attach('volume')
        self.addCleanup(self.detach_all)
        self.volume = self.agent()

    def agent(self, **changed: str) -> device.Device:
        """What an agent knows that has just been started."""
        conf = cfg.ConfigOpts()
        options.register_opts(conf)
        conf([], default_config_files=[])
        for name, value in changed.items():
            conf.set_override(name, value)
        return device.Device(
            conf, self.top / 'state', self.place / 'data', str(self.place)
        )

    def attach(self, name: str, mib: int = 64) -> str:
        path = self.top / name
        with open(path, 'ab') as stream:
            stream.truncate(mib * _MIB)
        loop = run('losetup', '--find', '--show', path)
        self.addCleanup(
            subprocess.run, ['losetup', '--detach', loop], check=False
        )
        return loop

    def extend(self, mib: int) -> None:
        os.truncate(self.top / 'volume', mib * _MIB)
        run('losetup', '--set-capacity', self.device)

    def detach_all(self) -> None:
        while os.path.ismount(self.place):
            run('umount', self.place)

    def check_growth(self, volume: device.Device, *mib: int) -> None:
        """Use a volume of two sizes, grown while it is mounted or not."""
        place = str(self.place)
        row = self.place / 'data' / 'row'
        volume.adopt(self.device, place)
        row.parent.mkdir()
        row.write_text('kept')
        volume.adopt(self.device, place)
        self.assertEqual('kept', row.read_text())
        for size in mib:
            before = size_of(self.place)
            self.extend(size)
            volume.grow(self.device, place)
            if os.path.ismount(place):
                self.assertGreater(size_of(self.place), before)
            # What is repeated changes nothing.
            volume.unmount(self.device, place)
            volume.unmount(self.device, place)

        # After a boot the agent mounts it by itself.
        self.agent().restore()
        self.assertGreater(size_of(self.place), before)
        self.assertEqual('kept', row.read_text())

    def test_ext4(self) -> None:
        volume = self.agent()
        if not may_resize():
            # The kernel lets nobody here grow one that is mounted.
            volume.adopt(self.device, str(self.place))
            (self.place / 'data').mkdir()
            before = size_of(self.place)
            volume.unmount(self.device, str(self.place))
            self.extend(96)
            volume.grow(self.device, str(self.place))
            self.agent().restore()
            self.assertGreater(size_of(self.place), before)
            return
        self.check_growth(volume, 96, 128)

    def test_xfs(self) -> None:
        if shutil.which('mkfs.xfs') is None:
            self.skipTest('xfsprogs is not installed')
        self.extend(320)

        self.check_growth(
            self.agent(volume_fstype='xfs', format_options=''), 384
        )

    def test_what_is_frozen_can_be_copied(self) -> None:
        volume = self.volume
        volume.adopt(self.device, str(self.place))
        (self.place / 'before').write_text('kept')
        late = self.place / 'late'
        volume.freeze()
        writer = threading.Thread(target=late.write_text, args=('x',))
        try:
            writer.start()
            shutil.copy(self.top / 'volume', self.top / 'copy')
        finally:
            volume.thaw()
        writer.join()
        volume.thaw()
        self.detach_all()

        self.place = self.top / 'restored'
        (self.top / 'state' / 'volume.json').unlink()
        self.agent().adopt(self.attach('copy'), str(self.place))

        self.assertEqual('kept', (self.place / 'before').read_text())
        self.assertFalse((self.place / 'late').exists())

    def test_what_is_no_volume_is_not_frozen(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError, self.volume.freeze
        )

        self.assertIn('another storage driver', str(error))

    def test_what_has_data_is_not_formatted(self) -> None:
        table = _TABLE + bytes(510 - len(_TABLE)) + b'\x55\xaa'
        pathlib.Path(self.device).write_bytes(table)

        error = self.assertRaises(
            exception.DatastoreError,
            self.volume.adopt,
            self.device,
            str(self.place),
        )

        self.assertIn('not empty', str(error))
        self.assertIn('dos', run('blkid', '--probe', self.device))

    def test_another_volume_is_not_mounted_in_its_place(self) -> None:
        self.volume.adopt(self.device, str(self.place))
        other = self.attach('other')
        run('mkfs.ext4', '-q', other)

        error = self.assertRaises(
            exception.DatastoreError,
            self.volume.adopt,
            other,
            str(self.place),
        )
        self.assertIn(self.device, str(error))

        # Nor after a boot with another one at its device.
        self.volume.unmount(self.device, str(self.place))
        run('mkfs.ext4', '-q', '-F', self.device)
        error = self.assertRaises(
            exception.DatastoreError, self.agent().restore
        )
        self.assertIn('is not the one with the data', str(error))
        self.assertFalse(os.path.ismount(self.place))

    def test_a_volume_that_is_in_use_stays_mounted(self) -> None:
        self.volume.adopt(self.device, str(self.place))
        with open(self.place / 'open', 'w'):
            error = self.assertRaises(
                exception.DatastoreError,
                self.volume.unmount,
                self.device,
                str(self.place),
            )
        self.assertIn('busy', str(error))
        self.assertTrue(os.path.ismount(self.place))

    def test_data_elsewhere_are_refused(self) -> None:
        error = self.assertRaises(
            exception.ConfigurationError,
            self.volume.adopt,
            self.device,
            str(self.top / 'elsewhere'),
        )
        self.assertIn('data_dir', str(error))
