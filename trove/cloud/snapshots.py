# SPDX-License-Identifier: Apache-2.0
"""Snapshots of volumes, which not all clouds make."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import ClassVar

from trove.common import context as trove_context
from trove.common import exception

Context = trove_context.TroveContext


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What a volume had at a moment; ``size`` of the volume in GiB."""

    id: str
    size: int


class Snapshots:
    """One snapshot per backup; none, unless a driver says otherwise."""

    #: Whether it makes snapshots.
    has_snapshots: ClassVar[bool] = False

    def snapshot(
        self,
        context: Context,
        instance_id: str,
        backup_id: str,
        metadata: Mapping[str, str],
    ) -> Snapshot:
        """Make a snapshot of the volume, or return the one of the backup.

        It is complete when this returns.

        :raises NotFound: the instance has no volume
        """
        raise exception.NotSupported(what='A snapshot of a volume')

    def get_snapshot(
        self, context: Context, backup_id: str
    ) -> Snapshot | None:
        """Return the snapshot of a backup, None when there is none."""
        return None

    def delete_snapshot(self, context: Context, backup_id: str) -> None:
        """Remove a snapshot; one that is not there is fine."""
        return
