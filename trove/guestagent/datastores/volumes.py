# SPDX-License-Identifier: Apache-2.0
"""What drivers do with the volume of the data."""

from __future__ import annotations

from typing import Any

from trove.guestagent.datastores import capability
from trove.guestagent.datastores import device
from trove.guestagent.datastores import home as homes

_SNAPSHOT = capability.Capability.SNAPSHOT
_VOLUME = capability.Capability.VOLUME


class Volumes:
    """The operations on the volume, see :class:`.base.Driver`."""

    @capability.of(_VOLUME)
    def mount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        """Mount the volume of the data; the server must be stopped."""
        raise NotImplementedError

    @capability.of(_VOLUME)
    def unmount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        """Unmount the volume of the data; the server must be stopped."""
        raise NotImplementedError

    @capability.of(_SNAPSHOT)
    def freeze(self) -> None:
        """Have nothing written to the volume of the data until a thaw.

        :raises trove.common.exception.DatastoreError: it cannot be frozen, or
            the data are on no volume
        """
        raise NotImplementedError

    @capability.of(_SNAPSHOT)
    def thaw(self) -> None:
        """Let the volume be written again; one that is not frozen is fine.

        It waits for nothing that would be written there.
        """
        raise NotImplementedError


class OnVolume:
    """A driver with its data on a volume."""

    home: homes.Home[Any]
    volume: device.Device

    def mount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        self.volume.mount(device_path, mount_point)

    def unmount_volume(
        self, device_path: str | None, mount_point: str | None
    ) -> None:
        self.volume.unmount(device_path, mount_point)

    def freeze(self) -> None:
        # What is copied then is like the data after a crash.
        self.volume.freeze()

    def thaw(self) -> None:
        self.volume.thaw()

    def begin_with_volume(self) -> None:
        """Take over the data of another instance, unless it is done.

        :raises trove.common.exception.DatastoreError: they cannot be used
        """
        if self.home.is_foreign:
            self.forget_place()
        self.home.take_over(self.reset_password)

    def reset_password(self, password: str) -> None:
        """Give the administrator another password, unless a start does."""

    def forget_place(self) -> None:
        """Remove what the data have of the server that they come from.

        :raises trove.common.exception.DatastoreError: they cannot be used
        """
        # The server was running when the snapshot was made. Here, its process
        # id may be that of another process, which MySQL believes it is.
        for pattern in '*.pid', '*.sock.lock':
            for path in self.home.data_dir.glob(pattern):
                path.unlink()
