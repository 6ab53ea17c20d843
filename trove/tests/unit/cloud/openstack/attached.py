# SPDX-License-Identifier: Apache-2.0
"""Volumes and consoles of servers, as Nova and Cinder in memory have them."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

from trove.tests.unit.cloud.openstack import things


class Attached(abc.ABC):
    """The part of the services that is about what a server has."""

    things: dict[str, dict[str, Any]]

    @abc.abstractmethod
    def _do(self, name: str, function: Callable[[], Any]) -> Any:
        """Do what a request is about, or fail as ordered."""

    def get_server_console_output(self, server_id: str, length: int) -> Any:
        printed = self.things['server'][server_id].printed
        lines = printed.splitlines(keepends=True)
        return self._do(
            'get_server_console_output',
            lambda: {'output': ''.join(lines[-length:])},
        )

    def volume_attachments(self, server_id: str) -> Any:
        return self._do(
            'volume_attachments',
            lambda: [
                things.Thing(volume_id=each.id)
                for each in self.things['volume'].values()
                if server_id in [a['server_id'] for a in each.attachments]
            ],
        )

    def create_volume_attachment(
        self, server_id: str, volume_id: str, device: str
    ) -> Any:
        volume = self.things['volume'][volume_id]

        def attach() -> Any:
            if volume.status != 'available':
                raise things.error(400, f'status is {volume.status}')
            self.put(server_id, volume_id)
            return things.Thing(volume_id=volume_id)

        return self._do('create_volume_attachment', attach)

    def put(self, server_id: str, volume_id: str) -> None:
        """Attach a volume."""
        volume = self.things['volume'][volume_id]
        volume.status = 'in-use'
        volume.attachments = [
            {'server_id': server_id, 'attachment_id': volume_id}
        ]

    def delete_attachment(
        self, attachment_id: str, ignore_missing: bool
    ) -> None:
        volume = self.things['volume'][attachment_id]
        volume.status, volume.attachments = 'available', []

    def delete_volume_attachment(self, server_id: str, volume_id: str) -> None:
        volume = self.things['volume'][volume_id]

        def detach() -> None:
            if volume.status != 'in-use':
                raise things.error(400, f'status is {volume.status}')
            volume.status = 'available'
            volume.attachments = []

        self._do('delete_volume_attachment', detach)

    def refuse_deletion(self, volume_id: str) -> None:
        for snapshot in self.things['snapshot'].values():
            if snapshot.volume_id == volume_id:
                raise things.error(400, 'Volume has dependent snapshots')
        volume = self.things['volume'].get(volume_id)
        if volume is not None and volume.status == 'error_deleting':
            raise things.error(400, 'Volume status must be available')

    def reset_volume_status(self, volume_id: str, status: str) -> None:
        volume = self.things['volume'][volume_id]
        self._do(
            'reset_volume_status', lambda: vars(volume).update(status=status)
        )
