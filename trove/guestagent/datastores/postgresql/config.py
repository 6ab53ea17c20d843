# SPDX-License-Identifier: Apache-2.0
"""The configuration of PostgreSQL.

What the agent was told is kept in its own directory (:class:`Store`). Before
every start the files that PostgreSQL reads are written anew, in a directory
of the agent: whoever is superuser in SQL can put what he likes into the data
directory, so the agent, which may be root, writes nothing there. Later files
win::

    postgresql.conf           of initdb, in the data directory
    trove.d/10-sizing.conf    what the memory and the volume allow
    trove.d/20-basic.conf     what the control plane sends
    trove.d/50-user.conf      the configuration group of the user
    trove.d/90-agent.conf     what the agent relies on
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
import re
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base
from trove.guestagent.datastores import files

INCLUDE_DIR = 'trove.d'
MAIN = 'postgresql.conf'
HBA = 'pg_hba.conf'
#: What start the server with when nobody says how much memory there is.
DEFAULT_MEMORY_MB = 512

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_$]*)?')
#: What would read other files, or lead the server away from its own.
_REFUSED = frozenset(
    {
        'config_file',
        'data_directory',
        'external_pid_file',
        'hba_file',
        'ident_file',
        'include',
        'include_dir',
        'include_if_exists',
    }
)
_MIB = 1024 * 1024

#: Who may connect: everybody with a password from anywhere, but the agent's
#: own superuser from this machine only.
_HBA = """\
host  all  postgres  samehost  scram-sha-256
host  all  postgres  all       reject
host  all  all       all       scram-sha-256
"""

#: Passwords reach the server as verifiers only, so that even a log of all
#: statements has none. One file per weekday keeps the log bounded.
AGENT_SETTINGS: Mapping[str, Any] = {
    'password_encryption': 'scram-sha-256',
    'logging_collector': True,
    'log_destination': 'stderr',
    'log_directory': 'log',
    'log_filename': 'postgresql-%a.log',
    'log_file_mode': '0600',
    'log_rotation_age': '1d',
    'log_rotation_size': 0,
    'log_truncate_on_rotation': True,
}


def memory_settings(memory_mb: int) -> dict[str, Any]:
    """Settings for a machine with this much memory, in MiB.

    A quarter for the shared buffers and no more than half for the work of
    all sessions together, which leaves the rest to the cache of the
    operating system, to the agent and to maintenance.
    """
    connections = min(500, max(50, memory_mb // 10))
    return {
        'max_connections': connections,
        'shared_buffers': f'{max(16, memory_mb // 4)}MB',
        'effective_cache_size': f'{max(32, memory_mb * 5 // 8)}MB',
        'work_mem': f'{max(1024, memory_mb * 512 // connections)}kB',
        'maintenance_work_mem': f'{min(2048, max(16, memory_mb // 16))}MB',
    }


def volume_settings(volume_bytes: int) -> dict[str, Any]:
    """Settings that keep the write-ahead log a small part of a volume."""
    tenth = volume_bytes // _MIB // 10
    return {
        'max_wal_size': f'{min(4096, max(96, tenth))}MB',
        'min_wal_size': f'{min(80, max(32, tenth))}MB',
    }


def render(settings: base.Settings) -> str:
    """Write settings in the syntax of postgresql.conf.

    :raises trove.common.exception.BadRequest: a name cannot be one
    """
    lines = []
    for name, value in settings.items():
        if not _NAME.fullmatch(str(name)) or name.lower() in _REFUSED:
            raise exception.BadRequest(
                reason=f'{name!r} is not a setting that may be changed.'
            )
        lines.append(f'{name} = {_quote(name, value)}\n')
    return ''.join(lines)


def _quote(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return 'on' if value else 'off'
    text = str(value)
    if any(character in text for character in '\0\r\n'):
        raise exception.BadRequest(
            reason=f'The value of {name} must be a single line.'
        )
    return "'" + text.replace('\\', '\\\\').replace("'", "''") + "'"


class Store:
    """What the agent was told about the configuration.

    :param path: the file that keeps it
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        values = files.read_json(path)
        self.memory_mb: int | None = values.get('memory_mb')
        self.basic: str = values.get('basic', '')
        self.overrides: dict[str, Any] = values.get('overrides', {})

    def save(self) -> None:
        files.write_json(
            self._path,
            {
                'memory_mb': self.memory_mb,
                'basic': self.basic,
                'overrides': self.overrides,
            },
        )

    def sizing(self, memory_mb: int | None, volume_bytes: int) -> str:
        """The first file; ``memory_mb`` goes before what was told."""
        memory = memory_mb or self.memory_mb or DEFAULT_MEMORY_MB
        return render(memory_settings(memory) | volume_settings(volume_bytes))


def write(
    directory: pathlib.Path,
    data_dir: pathlib.Path,
    contents: Mapping[str, str],
    reader: accounts.Account | None,
) -> None:
    """Write the files for the next start or reload.

    :param directory: of the agent; made when it is missing
    :param contents: text by the name of the file in trove.d
    :param reader: who runs the server
    """
    for path in (directory, directory / INCLUDE_DIR):
        path.mkdir(mode=0o700, exist_ok=True)
        if reader is not None:
            os.chown(path, -1, reader.gid)
            path.chmod(0o750)
    main = (
        f'include_if_exists = {_quote("", data_dir / MAIN)}\n'
        f"include_dir = '{INCLUDE_DIR}'\n"
    )
    texts = {f'{INCLUDE_DIR}/{name}': text for name, text in contents.items()}
    for name, text in (texts | {MAIN: main, HBA: _HBA}).items():
        # It need not survive a crash of the machine: it is written at every
        # start.
        files.write(directory / name, text, reader, durable=False)
