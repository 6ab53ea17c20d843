# SPDX-License-Identifier: Apache-2.0
"""The unprivileged user of the database server when the agent is root."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pwd
import stat
from typing import Any

from trove.common import exception


@dataclasses.dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    def process_options(self) -> dict[str, Any]:
        """Return arguments for :class:`subprocess.Popen` to run as it."""
        return {'user': self.uid, 'group': self.gid, 'extra_groups': []}

    def own(self, path: pathlib.Path) -> None:
        """Change the owner of a file or directory to this user."""
        found = path.lstat()
        if (found.st_uid, found.st_gid) != (self.uid, self.gid):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def barrier(self, path: pathlib.Path) -> pathlib.Path | None:
        """Return the first parent of ``path`` that the user cannot enter."""
        for directory in reversed(path.absolute().parents):
            try:
                found = directory.stat()
            except FileNotFoundError:
                return None
            if not self._may_enter(found):
                return directory
        return None

    def _may_enter(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == self.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        return bool(found.st_mode & needed)


def resolve(run_as: str) -> Account | None:
    """Return the user for database servers; None for the agent's own user.

    :param run_as: value of the option
    :raises trove.common.exception.ConfigurationError: the user does not
        exist, or is root
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(run_as)
    except KeyError:
        raise exception.ConfigurationError(
            option='[guestagent] run_as',
            value=run_as,
            remedy='this server has no such user; create it or set another.',
        ) from None
    if entry.pw_uid == 0:
        raise exception.ConfigurationError(
            option='[guestagent] run_as',
            value=run_as,
            remedy='databases refuse to run as root; set another user.',
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
