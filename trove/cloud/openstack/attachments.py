# SPDX-License-Identifier: Apache-2.0
"""Volumes that Nova detaches from servers and attaches again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

from trove.cloud.openstack import calls
from trove.cloud.openstack import servers
from trove.common import exception

#: Status after a failed enlargement, in which Cinder does nothing with a
#: volume. Size and data are as before.
_NOT_EXTENDED: Final = 'error_extending'
#: Statuses that a volume leaves by itself.
_BUSY: Final = frozenset({'attaching', 'detaching', 'extending', 'reserved'})


class Attachments:
    """Attachments as Nova and Cinder see them, which both must agree."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api
        self._servers = servers.Servers(api)

    def detach(self, instance_id: str, find: Callable[[], Any]) -> None:
        """Detach the volume of an instance, unless it is detached.

        :param find: returns the volume as it is now
        """
        action = 'detach the volume'
        server = self._servers.require(instance_id)
        volume = self.settled(action, find)
        api = self._api

        def ask() -> bool:
            # One that is gone is fine.
            api.compute.delete_volume_attachment(server.id, volume.id)
            return True

        asked = volume.status == 'in-use' and api.change(action, ask)
        self._await(action, server.id, find, 'available', 'in-use', asked)

    def attach(self, instance_id: str, find: Callable[[], Any]) -> None:
        """Attach the volume of an instance, unless it is attached.

        :param find: returns the volume as it is now
        """
        action = 'attach the volume'
        server = self._servers.require(instance_id)
        volume = self.settled(action, find)
        api = self._api
        asked = volume.status == 'available' and api.make(
            action,
            lambda: api.compute.create_volume_attachment(
                server.id, volume.id, device=api.conf.device_path
            ),
            lambda: self._of(server.id, volume.id),
        )
        self._await(action, server.id, find, 'in-use', 'available', asked)

    def forget(self, volume: Any) -> None:
        """Delete what attaches a volume to servers that are gone.

        Nova deletes a server although Cinder does not answer it.
        """
        for each in volume.attachments or ():
            if self._is_gone(each['server_id']):
                self._delete(each['attachment_id'])

    def _is_gone(self, server_id: str) -> bool:
        api = self._api
        found = api.find(
            'look at the server of the volume',
            lambda: api.compute.get_server(server_id),
        )
        return found is None

    def _delete(self, attachment_id: str) -> None:
        api = self._api
        api.drop(
            'delete the attachment',
            lambda: api.volumes.delete_attachment(
                attachment_id, ignore_missing=False
            ),
        )

    def settled(self, action: str, find: Callable[[], Any]) -> Any:
        """Return the volume when Cinder does nothing with it.

        A failed enlargement is forgotten.
        """
        api = self._api

        def look() -> Any | calls.Pending:
            found = find()
            return pending(found) if found.status in _BUSY else found

        volume = api.wait(action, look, api.conf.volume_time_out)
        if volume.status != _NOT_EXTENDED:
            return volume
        status = 'in-use' if volume.attachments else 'available'
        api.change(
            'reset the status of the volume',
            lambda: api.volumes.reset_volume_status(volume.id, status),
        )
        return find()

    def _await(
        self,
        action: str,
        server_id: str,
        find: Callable[[], Any],
        wanted: str,
        former: str,
        asked: object,
    ) -> None:
        """Wait until a volume has a status, and Nova says the same.

        :param former: the status that it had, and has after a failure: Nova
            changes it before it answers
        :param asked: whether Nova answered that it begins
        """
        api = self._api

        def look() -> bool | calls.Pending:
            volume = find()
            if volume.status == wanted:
                attached = self._of(server_id, volume.id) is not None
                if attached == (wanted == 'in-use'):
                    return True
            if volume.status == former and asked:
                raise exception.CloudError(
                    action=action, reason=self._servers.why(server_id)
                )
            if volume.status.startswith('error'):
                raise exception.CloudError(
                    action=action,
                    reason=f'volume {volume.id} has the status '
                    f'{volume.status}. Check the log of cinder-volume',
                )
            return pending(volume)

        api.wait(action, look, api.conf.volume_time_out)

    def _of(self, server_id: str, volume_id: str) -> Any | None:
        """Return what Nova says of a volume at a server, None: nothing."""
        api = self._api
        found = api.look(
            'list the volumes of the server',
            lambda: list(api.compute.volume_attachments(server_id)),
        )
        return next(
            (each for each in found if each.volume_id == volume_id), None
        )


def pending(volume: Any) -> calls.Pending:
    """Return that a volume is not yet as it shall be."""
    return calls.Pending(f'volume {volume.id} has the status {volume.status}')
