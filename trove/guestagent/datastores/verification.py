# SPDX-License-Identifier: Apache-2.0
"""What drivers do to verify a backup."""

from __future__ import annotations

from collections.abc import Sequence
import pathlib

from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import capability

Capability = capability.Capability


class Verifying:
    """A part of :class:`.base.Driver`."""

    @capability.of(Capability.VERIFICATION)
    def scratch(self) -> pathlib.Path:
        """Return an empty directory on the volume, for :meth:`verify_backup`.

        Only the user of the database server has access to it.
        """
        raise NotImplementedError

    @capability.of(Capability.VERIFICATION)
    def drop_scratch(self) -> None:
        """Remove that directory with all that is in it, if it is there."""
        raise NotImplementedError

    @capability.of(Capability.VERIFICATION)
    def verify_backup(
        self, chain: Sequence[backups.Link], directory: pathlib.Path
    ) -> None:
        """Return when a backup could be restored.

        The database goes on meanwhile.

        :param chain: a full backup and those that build on it
        :param directory: of :meth:`scratch`
        :raises trove.common.exception.DatastoreError: it cannot be restored
        :raises trove.common.exception.NotSupported: programs for that are
            missing, or it is of another version
        """
        raise NotImplementedError
