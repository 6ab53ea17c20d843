# SPDX-License-Identifier: Apache-2.0
"""The base class of workflows that make a backup of an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trove.common import context as trove_context
from trove.objects.backup import backups
from trove.objects.backup import schedules
from trove.objects.backup import work
from trove.taskmanager.workflows import base


class MakingBackup(base.Workflow):
    """Makes a backup, which its row describes.

    :param backup_id: None when the work was taken over and nobody knows it
    """

    action = work.CREATE
    # A released task manager would make it twice.
    repeatable = False

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        backup_id: str | None,
    ) -> None:
        super().__init__(env, context, instance_id)
        self._backup_id = backup_id

    @property
    def _id(self) -> str:
        return self._backup_id or ''

    @property
    def complete(self) -> bool:
        return self._backup_id is not None

    def finish(self) -> bool:
        return self.env.database(
            work.end, self.instance_id, self._id, self.owner
        )

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        return self.env.database(
            work.fail,
            self.instance_id,
            self._id,
            self.owner,
            message,
            details,
        )

    def _backup(self, backup_id: str | None = None) -> backups.Backup:
        """Return the backup, or another one, read from the database."""
        return self.env.database(
            backups.get,
            trove_context.make_admin_context(),
            backup_id or self._id,
        )

    def _keep(
        self, function: Callable[..., bool], *args: Any, **kwargs: Any
    ) -> None:
        """Write something down, if the work is still ours.

        :raises Superseded: it is not
        """
        if not self.env.database(function, *args, **kwargs):
            raise base.Superseded('the work was taken over or given up')

    def _record(
        self,
        location: str,
        checksum: str | None,
        size: float | None = None,
    ) -> None:
        """Record that the backup is complete, and where it is.

        :param size: in GiB, unless its guest has said it
        """
        more = {} if size is None else {'size': size}
        self._keep(
            work.complete,
            self.instance_id,
            self._id,
            self.owner,
            location,
            checksum,
            **more,
        )

    def _count(self) -> None:
        """Have the schedule of the instance count what is complete."""
        self.env.database(schedules.after, self._id, self.instance_id)
