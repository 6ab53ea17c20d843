# SPDX-License-Identifier: Apache-2.0
"""The configuration of PostgreSQL.

The settings are kept in the agent's own directory (:class:`Store`). Before
every start the files for PostgreSQL are written again, in a directory of the
agent: a superuser in SQL can write any file in the data directory, so the
agent, which may be root, writes nothing there. Later files override earlier
ones::

    postgresql.conf           of initdb, in the data directory
    trove.d/10-sizing.conf    limits from the memory and the volume
    trove.d/20-basic.conf     from the control plane
    trove.d/50-user.conf      the configuration group of the user
    trove.d/90-agent.conf     required by the agent
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
import re
from typing import Any

from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base
from trove.guestagent.datastores import files

INCLUDE_DIR = 'trove.d'
MAIN = 'postgresql.conf'
HBA = 'pg_hba.conf'
#: MiB of memory to start the server with when the memory is unknown.
DEFAULT_MEMORY_MB = 512

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_$]*)?')
#: Settings that would read other files, or change the server's own paths.
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
#: Access: all users with a password from anywhere, but the agent's own
#: superuser from this machine only, for backups too.
_HBA = """\
host  replication  postgres  samehost  scram-sha-256
host  all  postgres  samehost  scram-sha-256
host  all  postgres  all       reject
host  all  all       all       scram-sha-256
"""


def render(settings: base.Settings) -> str:
    """Format settings in the syntax of postgresql.conf.

    :raises trove.common.exception.BadRequest: a name is not allowed
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
    """The settings that the agent keeps.

    :param path: of their file
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        values = files.read_json(path)
        self.memory_mb: int | None = values.get('memory_mb')
        self.basic: str = values.get('basic', '')
        self.overrides: dict[str, Any] = values.get('overrides', {})
        # Those that the server has started with last.
        self._proven: dict[str, Any] | None = values.get('proven')

    def prove(self) -> None:
        """Note that the server has started with what is told now."""
        if self._proven != self.overrides:
            self._proven = dict(self.overrides)
            self.save()

    def take_back(self) -> dict[str, Any] | None:
        """Return to the overrides that the server has started with last.

        :returns: those that were told; None when there is nothing to return
            to
        """
        if self._proven is None or self._proven == self.overrides:
            return None
        told, self.overrides = self.overrides, dict(self._proven)
        self.save()
        return told

    def save(self) -> None:
        files.write_json(
            self._path,
            {
                'memory_mb': self.memory_mb,
                'basic': self.basic,
                'overrides': self.overrides,
                'proven': self._proven,
            },
        )

    def sizing(self, memory_mb: int | None, volume_bytes: int) -> str:
        """Return the first file; ``memory_mb`` overrides the stored value."""
        memory = memory_mb or self.memory_mb or DEFAULT_MEMORY_MB
        return render(
            postgresql_settings.memory(memory)
            | postgresql_settings.volume(volume_bytes)
        )


def write(
    directory: pathlib.Path,
    data_dir: pathlib.Path,
    contents: Mapping[str, str],
    reader: accounts.Account | None,
) -> None:
    """Write the files for the next start or reload.

    :param directory: of the agent; created if missing
    :param contents: text by the name of the file in trove.d
    :param reader: the user that runs the server
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
        # Not durable: it is written again at every start.
        files.write(directory / name, text, reader, durable=False)


def update_hba(
    directory: pathlib.Path, reader: accounts.Account | None
) -> bool:
    """Let in who may connect, if the file is of an older agent.

    :returns: whether it was; the server must read it then
    """
    path = directory / HBA
    if path.read_text(encoding='utf-8') == _HBA:
        return False
    files.write(path, _HBA, reader, durable=False)
    return True
