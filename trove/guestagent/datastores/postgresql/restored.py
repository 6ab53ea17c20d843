# SPDX-License-Identifier: Apache-2.0
"""The files of a cluster that came out of a backup, before they are used.

Whoever was administrator of the old database could put what they liked among
them.
"""

from __future__ import annotations

import pathlib
import re
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files

#: Changed by ALTER SYSTEM, read after all other files.
AUTO: Final = 'postgresql.auto.conf'
_MAIN: Final = 'postgresql.conf'
#: Each has the server start as something else.
RECOVERY: Final = 'recovery.signal'
STANDBY: Final = 'standby.signal'
_UNWANTED: Final = 'tablespace_map', RECOVERY, STANDBY
#: What belongs to the place of the old server, not to its database, and what
#: names files, libraries and programs. ``search_path`` names schemas.
_OF_THE_PLACE: Final = re.compile(
    r'archive_\w+|cluster_name|external_pid_file|include\w*|jit_provider'
    r'|listen_addresses|log_filename|port|primary_\w+|recovery_\w+'
    r'|ssl\w*|synchronous_standby_names|unix_socket_\w+'
    r'|(?!search_path$)[\w.]*'
    r'(command|director(y|ies)|file|librar(y|ies)|path)'
)
_SETTING: Final = re.compile(r"(\w+(?:\.\w+)?) = '(?:[^'\n]|'')*'")


def refuse_links(directory: pathlib.Path) -> None:
    """Return when there are files and directories only.

    :raises trove.common.exception.DatastoreError: there is something else
    """
    for path in files.links(directory):
        raise failed(
            f'{path.relative_to(directory)} is neither a file nor a '
            'directory, and leads elsewhere. Restore another backup.'
        )


def major(directory: pathlib.Path) -> int:
    """Return the version of PostgreSQL that the files are of.

    :raises trove.common.exception.DatastoreError: they are of none
    """
    try:
        return int(files.read_foreign(directory / 'PG_VERSION', 16))
    except (FileNotFoundError, ValueError):
        raise failed(
            'there is no full backup of PostgreSQL in it. Restore another '
            'backup.'
        ) from None


def make_own(
    directory: pathlib.Path,
    account: accounts.Account | None,
    signal: str | None,
) -> None:
    """Drop the settings of the old place, and have the log replayed.

    :param signal: what the server is to start as; None: after a crash
    """
    auto = directory / AUTO
    settings = ''
    if auto.exists():
        settings = harmless(files.read_foreign(auto, 1 << 20))
    for name in _MAIN, *_UNWANTED:
        (directory / name).unlink(missing_ok=True)
    wanted = {AUTO: settings}
    if signal is not None:
        wanted[signal] = ''
    for name, text in wanted.items():
        path = directory / name
        path.unlink(missing_ok=True)
        with open(path, 'x', encoding='utf-8', opener=files.private) as new:
            new.write(text)
        if account is not None:
            account.own(path)


def harmless(text: str) -> str:
    """Return those settings of ALTER SYSTEM that have to do with the data."""
    return ''.join(
        f'{line}\n'
        for line in text.splitlines()
        if (found := _SETTING.fullmatch(line))
        and not _OF_THE_PLACE.fullmatch(found[1].lower())
    )


def failed(reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(action='restore the backup', reason=reason)
