# SPDX-License-Identifier: Apache-2.0
"""Snapshots of Cinder: the backups of the storage driver ``cinder``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.cloud import snapshots as cloud_snapshots
from trove.cloud.openstack import calls
from trove.cloud.openstack import marks
from trove.common import exception


class Snapshots:
    """One snapshot per backup, found by its name."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def make(
        self, volume_id: str, backup_id: str, metadata: Mapping[str, str]
    ) -> cloud_snapshots.Snapshot:
        """Make the snapshot of a backup, or return the one it has."""
        action = 'make the snapshot'
        api = self._api
        if self._get(backup_id) is None:
            api.make(
                action,
                lambda: api.volumes.create_snapshot(
                    volume_id=volume_id,
                    name=marks.snapshot(backup_id),
                    # Of a volume that a server uses.
                    is_forced=True,
                    metadata=dict(metadata),
                ),
                lambda: self._get(backup_id),
            )

        def look() -> Any | calls.Pending:
            found = self._get(backup_id)
            if found is None:
                return calls.Pending('Cinder does not list it')
            if found.status == 'available':
                return found
            if found.status == 'creating':
                return _pending(found)
            raise exception.CloudError(
                action=action,
                reason=f'snapshot {found.id} has the status {found.status}. '
                'Check the log of cinder-volume and the space of its backend',
            )

        found = api.wait(action, look, api.conf.volume_time_out)
        return _view(found)

    def get(self, backup_id: str) -> cloud_snapshots.Snapshot | None:
        found = self._get(backup_id)
        usable = found is not None and found.status == 'available'
        return _view(found) if usable else None

    def delete(self, backup_id: str) -> None:
        action = 'delete the snapshot'
        api = self._api
        asked: set[str] = set()

        def look() -> bool | calls.Pending:
            left = self._all_of(backup_id)
            for found in left:
                if found.status in ('creating', 'deleting'):
                    continue
                if found.id in asked and found.status.startswith('error'):
                    raise exception.CloudError(
                        action=action,
                        reason=f'snapshot {found.id} has the status '
                        f'{found.status}. Check the log of cinder-volume',
                    )
                self._drop(action, found.id)
                asked.add(found.id)
            return _pending(left[0]) if left else True

        api.wait(action, look, api.conf.volume_time_out)

    def of_volume(self, volume_id: str) -> list[str]:
        """Return the names of all snapshots of a volume."""
        return [
            str(each.name)
            for each in self.all()
            if each.volume_id == volume_id and each.status != 'deleting'
        ]

    def all(self) -> list[Any]:
        return self._list()

    def _get(self, backup_id: str) -> Any | None:
        return next(
            (
                each
                for each in self._all_of(backup_id)
                if each.status != 'deleting'
            ),
            None,
        )

    def _all_of(self, backup_id: str) -> list[Any]:
        return self._list(name=marks.snapshot(backup_id))

    def _list(self, **query: str) -> list[Any]:
        api = self._api
        return api.look(
            'list the snapshots', lambda: list(api.volumes.snapshots(**query))
        )

    def _drop(self, action: str, snapshot_id: str) -> None:
        api = self._api
        api.drop(
            action,
            lambda: api.volumes.delete_snapshot(
                snapshot_id, ignore_missing=False
            ),
        )


def _pending(found: Any) -> calls.Pending:
    return calls.Pending(
        f'snapshot {found.id} has the status {found.status}'
    )


def _view(found: Any) -> cloud_snapshots.Snapshot:
    return cloud_snapshots.Snapshot(id=str(found.id), size=int(found.size))
