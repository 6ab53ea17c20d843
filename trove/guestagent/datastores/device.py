# SPDX-License-Identifier: Apache-2.0
"""The volume of the data as a block device: formatted, mounted, grown.

A device with anything on it is never formatted. The agent remembers what it
mounts, by the id of the file system, and mounts it again at the next boot.
"""

from __future__ import annotations

import logging
import os
import pathlib
import shlex
import stat
import subprocess
import time

from oslo_config import cfg

from trove.common import exception
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

_MOUNTS = pathlib.Path('/proc/self/mounts')
#: Timeout in seconds for a device to appear after the boot or its attachment.
_DEVICE_TIMEOUT = 30.0
#: Timeout in seconds of programs that read or mount a device.
_TIMEOUT = 120.0
_FREEZE = 'fsfreeze'
#: Exit status of ``blkid`` for a device with nothing on it.
_NOTHING_FOUND = 2


class Device:
    """The block device of the data.

    :param conf: uses the options of volumes
    :param state_dir: where the agent remembers it
    :param data_dir: the data, below the mount point of a device
    :param place: the mount point, unless an order names another one
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        state_dir: pathlib.Path,
        data_dir: pathlib.Path,
        place: str,
    ) -> None:
        self._conf = conf
        self._path = state_dir / 'volume.json'
        self._data_dir = data_dir
        self._place = place

    def adopt(self, device_path: str | None, mount_point: str | None) -> None:
        """Mount a volume; format it before, if nothing is on it.

        :param device_path: None, or one of a volume whose mount point is not
            above the data: these are in a plain directory
        :raises trove.common.exception.DatastoreError: it cannot be mounted,
            or is not there
        """
        if device_path is None:
            return
        if self.may_be_at(mount_point or self._place):
            # Else a volume that is late leaves the data on the root disk.
            _wait_for(device_path)
        if not is_device(device_path):
            LOG.warning(
                'There is no block device %s: the data are on the disk of %s.',
                device_path,
                self._data_dir,
            )
            return
        device, place = self._named(device_path, mount_point)
        if _file_system(device, 'TYPE') is None:
            self._format(device)
        self._mount(device, place)
        files.write_json(
            self._path,
            {
                'device_path': device,
                'mount_point': place,
                'uuid': _file_system(device, 'UUID'),
            },
        )

    def restore(self) -> None:
        """Mount what was mounted before, unless it is.

        :raises trove.common.exception.DatastoreError: it cannot be mounted
        """
        known = files.read_json(self._path)
        if not known or os.path.ismount(known['mount_point']):
            return
        device = known['device_path']
        _wait_for(device)
        if _file_system(device, 'UUID') != known['uuid']:
            raise exception.DatastoreError(
                action='mount its volume',
                reason=f'the file system on {device} is not the one with the '
                f'data ({known["uuid"]}). Attach the volume of the instance '
                f'as {device}.',
            )
        self._mount(device, known['mount_point'])

    def mount(self, device_path: str | None, mount_point: str | None) -> None:
        """Mount a volume that has a file system.

        :raises trove.common.exception.DatastoreError: it cannot be mounted
        """
        if device_path is None or not self._is_there(device_path):
            return
        device, place = self._named(device_path, mount_point)
        if _file_system(device, 'TYPE') is None:
            raise exception.DatastoreError(
                action='mount its volume',
                reason=f'{device} has no file system. Attach the volume of '
                'the instance.',
            )
        self.adopt(device, place)

    def unmount(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        """Unmount a volume, unless it is not mounted.

        :raises trove.common.exception.DatastoreError: it is in use
        """
        if device_path is None:
            return
        place = mount_point or self._place
        if os.path.ismount(place):
            _run('unmount its volume', ['umount', place])

    def grow(self, device_path: str | None, mount_point: str | None) -> None:
        """Grow the file system to the size of its device.

        :raises trove.common.exception.DatastoreError: it cannot be grown
        """
        if device_path is None or not self._is_there(device_path):
            return
        device, place = self._named(device_path, mount_point)
        kind = _file_system(device, 'TYPE')
        mounted = os.path.ismount(place)
        action = 'grow its file system'
        if kind == 'xfs':
            # It can only grow while it is mounted.
            if not mounted:
                self._mount(device, place)
            try:
                _run(action, ['xfs_growfs', place])
            finally:
                if not mounted:
                    _run('unmount its volume', ['umount', place])
            return
        if kind not in ('ext3', 'ext4'):
            raise exception.DatastoreError(
                action=action,
                reason=f'{device} has no ext3, ext4 or xfs, but '
                f'{kind or "nothing"}.',
            )
        if not mounted:
            # resize2fs demands it. Status 1: errors were corrected.
            _run(action, ['e2fsck', '-f', '-p', device], allowed=(0, 1))
        _run(action, ['resize2fs', device])

    def freeze(self) -> None:
        """Let nothing more be written to the mounted volume.

        :raises trove.common.exception.DatastoreError: none is mounted, or it
            cannot be frozen
        """
        known = files.read_json(self._path)
        if not known or not os.path.ismount(known['mount_point']):
            raise exception.DatastoreError(
                action='freeze its volume',
                reason='the data are on no volume of their own. Make a backup '
                'with another storage driver.',
            )
        _run('freeze its volume', [_FREEZE, '--freeze', known['mount_point']])

    def thaw(self) -> None:
        """Let the volume be written again, unless it is.

        :raises trove.common.exception.DatastoreError: it stays frozen
        """
        known = files.read_json(self._path)
        if known and os.path.ismount(known['mount_point']):
            # Status 1 as well for one that is not frozen.
            _run(
                'thaw its volume',
                [_FREEZE, '--unfreeze', known['mount_point']],
                allowed=(0, 1),
            )

    def may_be_at(self, place: str) -> bool:
        """Return whether the data are below a directory."""
        return self._data_dir.is_relative_to(os.path.realpath(place))

    def _is_there(self, device_path: str) -> bool:
        """Return whether there is a device; one with data is waited for.

        It appears some time after its attachment.
        """
        if files.read_json(self._path):
            _wait_for(device_path)
        return is_device(device_path)

    def _named(
        self, device_path: str, mount_point: str | None
    ) -> tuple[str, str]:
        """Return where the device is and where it belongs."""
        place = mount_point or self._place
        if not self.may_be_at(place):
            raise exception.ConfigurationError(
                option='[guestagent] data_dir',
                value=self._data_dir,
                remedy=f'the volume {device_path} is for {place}. Set a '
                'directory below that, or unset it.',
            )
        return device_path, place

    def _format(self, device: str) -> None:
        kind = self._conf.volume_fstype
        LOG.info('Formatting %s with %s: nothing is on it', device, kind)
        _run(
            'format its volume',
            [
                f'mkfs.{kind}',
                *shlex.split(self._conf.format_options),
                device,
            ],
            timeout=self._conf.volume_format_timeout,
        )

    def _mount(self, device: str, place: str) -> None:
        if os.path.ismount(place):
            mounted = _mounted_at(place)
            if mounted is not None and _number(mounted) == _number(device):
                return
            raise exception.DatastoreError(
                action='mount its volume',
                reason=f'{mounted or "something"} is mounted at {place} '
                f'instead of {device}. Unmount it.',
            )
        os.makedirs(place, mode=0o755, exist_ok=True)
        _run(
            'mount its volume',
            ['mount', '-o', self._conf.mount_options, device, place],
        )
        LOG.info('Mounted %s at %s', device, place)


def is_device(path: str) -> bool:
    """Return whether a path is a block device."""
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _wait_for(device: str) -> None:
    deadline = time.monotonic() + _DEVICE_TIMEOUT
    while not is_device(device):
        if time.monotonic() > deadline:
            raise exception.DatastoreError(
                action='mount its volume',
                reason=f'there is no block device {device}. Attach the '
                'volume of the instance.',
            )
        time.sleep(0.2)


def _file_system(device: str, tag: str) -> str | None:
    """Return the type or id of what is on a device, None for nothing.

    :raises trove.common.exception.DatastoreError: it has anything else
    """
    done = _run(
        'read its volume',
        ['blkid', '--probe', '--output', 'value', '--match-tag', tag, device],
        allowed=(0, _NOTHING_FOUND),
    )
    if done.returncode == _NOTHING_FOUND:
        return None
    found = done.stdout.strip()
    if not found:
        raise exception.DatastoreError(
            action='use its volume',
            reason=f'{device} has no file system, but is not empty either. '
            'It is not formatted. Remove what is on it (wipefs), or attach '
            'another volume.',
        )
    return found


def _mounted_at(place: str) -> str | None:
    """Return the device that is mounted at a place, the last one."""
    found = None
    for line in _MOUNTS.read_text(encoding='utf-8').splitlines():
        source, target, *_ = line.split(' ')
        if target.encode().decode('unicode_escape') == place:
            found = source
    return found


def _number(device: str) -> int | None:
    try:
        return os.stat(device).st_rdev
    except OSError:
        return None


def _run(
    action: str,
    command: list[str],
    allowed: tuple[int, ...] = (0,),
    timeout: float = _TIMEOUT,
) -> subprocess.CompletedProcess[str]:
    """Run a program of the system.

    :raises trove.common.exception.DatastoreError: it is missing or fails
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError:
        raise exception.DatastoreError(
            action=action,
            reason=f'there is no {command[0]}. Install it in the image.',
        ) from None
    except subprocess.TimeoutExpired:
        raise exception.DatastoreError(
            action=action,
            reason=f'{" ".join(command)} took longer than {timeout} s.',
        ) from None
    if done.returncode not in allowed:
        said = (done.stderr or done.stdout).strip()[-1000:]
        raise exception.DatastoreError(
            action=action, reason=f'{" ".join(command)}: {said}'
        )
    return done
