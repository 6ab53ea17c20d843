# SPDX-License-Identifier: Apache-2.0
"""The configuration of PostgreSQL.

Before every start the files for PostgreSQL are written again, in a directory
of the agent: a superuser in SQL can write any file in the data directory, so
the agent, which may be root, writes nothing there. Later files override
earlier ones::

    postgresql.conf           of initdb, in the data directory
    trove.d/10-sizing.conf    limits from the memory and the volume
    trove.d/20-basic.conf     from the control plane
    trove.d/50-user.conf      the configuration group of the user
    trove.d/60-logs.conf      logs that the user has enabled
    trove.d/90-agent.conf     required by the agent
"""

from __future__ import annotations

from collections.abc import Mapping
import pathlib
import re
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import tls

INCLUDE_DIR = 'trove.d'
MAIN = 'postgresql.conf'
HBA = 'pg_hba.conf'

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
#: superuser from this machine only, for backups too. Replicas use
#: the one user that is there for them.
_AGENTS = """\
host  replication  postgres  samehost  scram-sha-256
host  replication  replicator  all  scram-sha-256
host  postgres  replicator  all  scram-sha-256
host  all  postgres  samehost  scram-sha-256
host  all  postgres  all       reject
"""
#: With a certificate, the name of the user is the common name in it.
_HBA = {
    None: f'{_AGENTS}host  all  all       all       scram-sha-256\n',
    tls.OFF: f'{_AGENTS}host  all  all       all       scram-sha-256\n',
    tls.BASIC: f'{_AGENTS}host  all  all       all       scram-sha-256\n',
    tls.ENFORCED: f'{_AGENTS}hostssl  all  all  all  scram-sha-256\n',
    tls.MUTUAL: f'{_AGENTS}hostssl  all  all  all  cert\n',
}


def render(settings: Mapping[str, Any]) -> str:
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


def main_files(data_dir: pathlib.Path, mode: str | None) -> dict[str, str]:
    """Return the text of the files that PostgreSQL reads first, by name.

    :param mode: of the encryption, see :mod:`.tls`
    """
    return {
        MAIN: f'include_if_exists = {_quote("", data_dir / MAIN)}\n'
        f"include_dir = '{INCLUDE_DIR}'\n",
        HBA: _HBA[mode],
    }


def update_hba(
    directory: pathlib.Path, reader: accounts.Account | None
) -> bool:
    """Let in who may connect, if the file is of an older agent.

    :returns: whether it was; the server must read it then
    """
    path = directory / HBA
    if path.read_text(encoding='utf-8') in _HBA.values():
        return False
    files.write(path, _HBA[None], reader, durable=False)
    return True
