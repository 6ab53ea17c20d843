# SPDX-License-Identifier: Apache-2.0
"""The tools that copy the files of a MariaDB."""

from __future__ import annotations

import os
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.mysql_common import server as servers

BACKUP: Final = 'mariadb-backup'
STREAM: Final = 'mbstream'
_PACKAGE: Final = 'mariadb-backup'
#: The last words of one that has done all.
_DONE: Final = 'completed OK!'


def find(server: servers.Server, name: str, action: str) -> str:
    """Return the path of a tool.

    :param action: completes "the database server failed to ..."
    :raises trove.common.exception.DatastoreError: it is not installed
    """
    path = server.programs.program(name)
    if not os.access(path, os.X_OK):
        raise exception.DatastoreError(
            action=action,
            reason=f'there is no {path}. Install the package {_PACKAGE} of '
            f'the version of the server ({server.programs.text}) in its '
            'image.',
        )
    return path


def require_done(pipe: pipeline.Pipeline, action: str) -> str:
    """Return what a tool said, if it says that it has done all.

    :raises trove.common.exception.DatastoreError: it does not
    """
    said = pipe.said().strip()
    if not said.endswith(_DONE):
        raise exception.DatastoreError(
            action=action,
            reason=f'{BACKUP} ended without "{_DONE}": {said[-500:]}',
        )
    return said
