# SPDX-License-Identifier: Apache-2.0
"""The option files of MySQL and MariaDB.

Before every start they are written again, in a directory of the agent: an
administrator in SQL can write files in the data directory. Later files
override earlier ones::

    10-sizing.cnf    what the memory and the volume allow, and defaults
    20-basic.cnf     what the control plane sends
    50-user.cnf      the configuration group of the user
    60-logs.cnf      logs that the user has enabled
    90-agent.cnf     what the agent relies on
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import pathlib
import re
from typing import Any

from trove.common import exception
from trove.common.datastores import mysql_settings

MAIN = 'my.cnf'
#: What the server carries out at each start, before anybody connects.
INIT = 'init.sql'

_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_-]*')
_GROUPS = frozenset({'mysqld', 'server', 'mariadb', 'mariadbd'})


def server_id(name: str) -> int:
    """Return a number that is another one for each instance."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], 'big') or 1


def check_names(
    settings: Mapping[str, Any], known: mysql_settings.Settings
) -> None:
    """Check that customers may change all of these.

    :param known: which they may not
    :raises trove.common.exception.BadRequest: they may not
    """
    for name in settings:
        if known.is_denied(str(name)):
            raise exception.BadRequest(
                reason=f'{name!r} is not a setting that may be changed.'
            )


def render(settings: Mapping[str, Any], loose: bool = False) -> str:
    """Write settings as an option file.

    :param loose: let the server ignore those that it does not know
    :raises trove.common.exception.BadRequest: a name cannot be one
    """
    lines = ['[mysqld]\n']
    for name, value in settings.items():
        if not _NAME.fullmatch(str(name)):
            raise exception.BadRequest(
                reason=f'{name!r} is not a setting that may be changed.'
            )
        text = ('loose_' if loose else '') + mysql_settings.plain(name)
        if value is not None:
            text += f' = {_quote(name, value)}'
        lines.append(f'{text}\n')
    return ''.join(lines)


def _quote(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return 'ON' if value else 'OFF'
    text = str(value)
    if any(character in text for character in '\0\r\n'):
        raise exception.BadRequest(
            reason=f'The value of {name} must be a single line.'
        )
    mark = "'" if '"' in text else '"'
    if mark in text:
        raise exception.BadRequest(
            reason=f'The value of {name} has both kinds of quotes. Use one '
            'of them.'
        )
    return mark + text.replace('\\', '\\\\') + mark


def parse(
    text: str, settings: mysql_settings.Settings
) -> dict[str, str | None]:
    """Read the settings of the server from an option file.

    Those that are reserved for Trove are ignored: released control planes
    send them as well.
    """
    found: dict[str, str | None] = {}
    ours = True
    for line in text.splitlines():
        line = line.strip()
        if line.startswith('['):
            ours = line.strip('[]') in _GROUPS
            continue
        if not ours or not line or line[0] in '#;!':
            continue
        name, sign, value = (part.strip() for part in line.partition('='))
        if not settings.is_denied(name):
            known = mysql_settings.plain(name)
            found[known] = _unquote(value) if sign else None
    return found


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] in '\'"' and value[-1] == value[0]:
        return value[1:-1].replace('\\\\', '\\')
    return re.split(r'\s#', value)[0].strip()


def main_file(directory: pathlib.Path, names: Mapping[str, str]) -> str:
    """What the server reads first: it leads to the others, in order."""
    return ''.join(f'!include {directory / name}\n' for name in sorted(names))


def read_help(text: str) -> dict[str, str]:
    """Read the values that ``--verbose --help`` says the server would have.

    :returns: by name
    """
    found = {}
    _, _, table = text.partition('\n---')
    for line in table.splitlines()[1:]:
        name, _, value = line.partition(' ')
        if not name:
            break
        found[mysql_settings.plain(name)] = value.strip()
    return found


#: What the server says of a value that it would not take as it is.
_CHANGED = re.compile(r"adjusted to|wasn't recognized|Set to")
_STAMP = re.compile(r'^\d{4}-\d\d-\d\d[ T][\d:.]+Z? \d+ ')
_LEVEL = re.compile(r'\[(ERROR|Warning)\] (\[MY-\d+\] \[\w+\] )?')
_TALK = re.compile(r'Buffered (warning|error): |\S*(mariadbd|mysqld): ')


def errors(text: str, fatal: bool = True) -> list[str]:
    """Return why the server does not accept settings as they are.

    :param text: what it says on standard error
    :param fatal: False for values only that it would change
    """
    found = []
    for line in text.splitlines():
        line = _STAMP.sub('', line)
        if (fatal and '[ERROR]' in line) or _CHANGED.search(line):
            said = _TALK.sub('', _LEVEL.sub('', line)).strip()
            if said and said not in found:
                found.append(said)
    return found
