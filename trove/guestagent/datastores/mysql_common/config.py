# SPDX-License-Identifier: Apache-2.0
"""The option files of MySQL and MariaDB.

Before every start they are written again, in a directory of the agent: an
administrator in SQL can write files in the data directory. Later files
override earlier ones::

    10-sizing.cnf    what the memory and the volume allow, and defaults
    20-basic.cnf     what the control plane sends
    50-user.cnf      the configuration group of the user
    90-agent.cnf     what the agent relies on
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import pathlib
import re
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import base

MAIN = 'my.cnf'
#: What the server carries out at each start, before anybody connects.
INIT = 'init.sql'

_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_-]*')
#: An option is named with any of these as well.
_PREFIX = re.compile('^(skip|disable|enable|maximum)_')
_GROUPS = frozenset({'mysqld', 'server', 'mariadb', 'mariadbd'})

#: What leads the server away from its files and addresses, what makes it
#: load or run something, and what only Trove may change, since replicas,
#: backups and encryption rely on it.
_REFUSED = frozenset(
    'allow_suspicious_udfs aria_log_dir_path basedir bind_address bootstrap '
    'character_sets_dir chroot console core_file daemonize datadir '
    'default_authentication_plugin external_locking extra_port '
    'general_log_file help ignore_db_dirs init_file init_rpl_role '
    'innodb_buffer_pool_filename innodb_data_file_path innodb_data_home_dir '
    'innodb_force_load_corrupted innodb_tmpdir '
    'innodb_log_group_home_dir innodb_page_size innodb_read_only '
    'innodb_temp_data_file_path innodb_undo_directory lc_messages_dir '
    'local_infile log_basename log_error log_isam log_slave_updates '
    'log_slow_query_file log_tc proxy_protocol_networks '
    'lower_case_table_names memlock mysqlx pid_file port print_defaults '
    'read_only require_secure_transport secure_file_priv server_id '
    'server_uuid skip_bdb skip_grant_tables skip_name_resolve '
    'skip_networking skip_slave_start slave_load_tmpdir slow_query_log_file '
    'socket standalone super_read_only symbolic_links tc_heuristic_recover '
    'tmpdir user verbose version'.split()
)
_REFUSED_BEGINNINGS = (
    'debug',
    'feedback',
    'group_replication',
    'gtid_',
    'log_bin',
    'loose_',
    'master_',
    'plugin_',
    'relay_log',
    'replicate_',
    'report_',
    'rpl_',
    'ssl_',
    'wsrep',
)
_MIB = 1024 * 1024

#: MiB that the server itself takes, besides its caches.
_SERVER_MB = 96


def sizing(memory_mb: int, volume_bytes: int) -> dict[str, Any]:
    """What is so unless a customer changes it.

    Settings for a machine, and for a volume, of this size.

    Half of the memory that the server itself leaves is for its pool, which
    leaves the rest to sessions, to the agent and to the operating system.
    The logs are a small part of the volume.
    """
    twentieth = volume_bytes // _MIB // 20
    return {
        'max_connections': min(500, max(50, memory_mb // 10)),
        'innodb_buffer_pool_size': (
            f'{max(8, (memory_mb - _SERVER_MB) // 2)}M'
        ),
        'innodb_log_buffer_size': f'{min(16, max(2, memory_mb // 128))}M',
        'innodb_log_file_size': (
            f'{max(16, min(512, memory_mb // 4, twentieth))}M'
        ),
        'key_buffer_size': f'{min(128, max(8, memory_mb // 32))}M',
        'table_open_cache': min(2000, max(200, memory_mb)),
        'max_binlog_size': f'{min(512, max(16, twentieth))}M',
        'binlog_expire_logs_seconds': 3 * 24 * 3600,
        'character_set_server': 'utf8mb4',
        # What was committed is on the disk, and the same on replicas.
        'binlog_format': 'ROW',
        'sync_binlog': 1,
    }


def agent_settings(server_id: int) -> dict[str, Any]:
    """What no customer changes.

    Replication needs it from birth, for it would need a restart later; and
    nobody is to read files of clients, or to wait for a name server.
    """
    return {
        'server_id': server_id,
        'log_bin': 'mysql-bin',
        'log_slave_updates': True,
        'skip_name_resolve': True,
        'local_infile': False,
    }


def server_id(name: str) -> int:
    """Return a number that is another one for each instance."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], 'big') or 1


def plain(name: str) -> str:
    """Return the name of a setting as the server shows it."""
    return name.lower().replace('-', '_')


def is_ours(name: str) -> bool:
    """Whether a setting is for Trove alone to change."""
    text = plain(name)
    return any(
        each in _REFUSED or each.startswith(_REFUSED_BEGINNINGS)
        for each in (text, _PREFIX.sub('', text))
    )


def check_names(settings: base.Settings) -> None:
    """Return when customers may change all of these.

    :raises trove.common.exception.BadRequest: they may not
    """
    for name in settings:
        if is_ours(str(name)):
            raise exception.BadRequest(
                reason=f'{name!r} is not a setting that may be changed.'
            )


def render(settings: base.Settings, loose: bool = False) -> str:
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
        text = ('loose_' if loose else '') + plain(name)
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


def parse(text: str) -> dict[str, str | None]:
    """Read the settings of the server from an option file.

    What is ours is left out: released control planes send it as well.
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
        if not is_ours(name):
            found[plain(name)] = _unquote(value) if sign else None
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
        found[plain(name)] = value.strip()
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
