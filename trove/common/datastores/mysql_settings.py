# SPDX-License-Identifier: Apache-2.0
"""Parameters of MariaDB: who may set which, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re
from typing import Any

from trove.common import exception
from trove.common.datastores import settings

#: What no customer changes. Replication needs it from the beginning, as it
#: would need a restart later. No files of clients are read, and no name server
#: is waited for.
AGENT: Mapping[str, Any] = {
    'log_bin': 'mysql-bin',
    'log_slave_updates': True,
    'skip_name_resolve': True,
    'local_infile': False,
}

#: Files, addresses, programs that the server would run, and what replication,
#: backups and encryption rely on.
_DENIED = tuple(
    'allow_suspicious_udfs aria_log_dir_path basedir bind_address bootstrap '
    'character_sets_dir chroot console core_file daemonize datadir debug* '
    'default_authentication_plugin external_locking extra_port feedback* '
    'general_log_file group_replication* gtid_* help ignore_db_dirs init_file '
    'init_rpl_role innodb_buffer_pool_filename innodb_data_file_path '
    'innodb_data_home_dir innodb_force_load_corrupted '
    'innodb_log_group_home_dir innodb_page_size innodb_read_only '
    'innodb_temp_data_file_path innodb_tmpdir innodb_undo_directory '
    'lc_messages_dir local_infile log_basename log_bin* log_error log_isam '
    'log_slave_updates log_slow_query_file log_tc loose_* '
    'lower_case_table_names master_* memlock mysqlx pid_file plugin_* port '
    'print_defaults proxy_protocol_networks read_only relay_log* replicate_* '
    'report_* require_secure_transport rpl_* secure_file_priv server_id '
    'server_uuid skip_bdb skip_grant_tables skip_name_resolve '
    'skip_networking skip_slave_start slave_load_tmpdir slow_query_log_file '
    'socket ssl_* standalone super_read_only symbolic_links '
    'tc_heuristic_recover tmpdir user verbose version wsrep*'.split()
)

#: An option can be named with any of these as well.
_PREFIX = re.compile('^(skip|disable|enable|maximum)_')

_TYPES = {
    'BIGINT': 'integer',
    'BIGINT UNSIGNED': 'integer',
    'BOOLEAN': 'boolean',
    'DOUBLE': 'float',
    'ENUM': 'string',
    'FLAGSET': 'string',
    'INT': 'integer',
    'INT UNSIGNED': 'integer',
    'SET': 'string',
    'VARCHAR': 'string',
}

#: The columns of a catalogue that are read.
COLUMNS = (
    'VARIABLE_NAME',
    'VARIABLE_TYPE',
    'NUMERIC_MIN_VALUE',
    'NUMERIC_MAX_VALUE',
    'READ_ONLY',
    'COMMAND_LINE_ARGUMENT',
)

#: Options of the server for which the catalogue has no argument.
_OPTIONS = frozenset(
    'autocommit character_set_filesystem character_set_server '
    'collation_server default_storage_engine default_tmp_storage_engine '
    'enforce_storage_engine lc_messages lc_time_names '
    'slave_parallel_mode'.split()
)

#: How ``mariadb --batch`` and ``INTO OUTFILE`` print that there is no value.
_NONE = ('NULL', '\\N')

_MIB = 1024 * 1024

#: MiB that the server itself needs, besides its caches.
_SERVER_MB = 96


def plain(name: str) -> str:
    """Return the name of a parameter as the server shows it."""
    return name.lower().replace('-', '_')


@dataclasses.dataclass(frozen=True)
class MariaDB(settings.Settings):
    """The settings of MariaDB 10.6 and later."""

    title: str = 'MariaDB'
    denied: tuple[str, ...] = _DENIED

    def is_denied(self, name: str) -> bool:
        text = plain(name)
        denied = super().is_denied
        return denied(text) or denied(_PREFIX.sub('', text))

    def read_catalogue(self, text: str) -> list[settings.Parameter]:
        """Read the table ``SYSTEM_VARIABLES``, with a header."""
        header, *lines = text.splitlines() or ['']
        columns = header.split('\t')
        found = []
        for number, line in enumerate(lines, 2):
            row = dict(zip(columns, line.split('\t'), strict=False))
            if row.get('VARIABLE_TYPE') not in _TYPES or not (
                row.keys() >= {*COLUMNS}
            ):
                raise _malformed(number)
            name = plain(row['VARIABLE_NAME'])
            # What no option of the server sets is in no option file.
            is_option = (
                row['COMMAND_LINE_ARGUMENT'] not in _NONE or name in _OPTIONS
            )
            if is_option and not self.is_denied(name):
                found.append(_parameter(name, row))
        if not found:
            raise _malformed(1)
        return found

    def template(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        return sizing(memory_mb, volume_bytes) | dict(AGENT)


def _parameter(name: str, row: Mapping[str, str]) -> settings.Parameter:
    kind = _TYPES[row['VARIABLE_TYPE']]
    return settings.Parameter(
        name,
        kind,
        row['READ_ONLY'] == 'YES',
        _number(row['NUMERIC_MIN_VALUE'], kind),
        _number(row['NUMERIC_MAX_VALUE'], kind),
    )


def _number(text: str, kind: str) -> float | None:
    if text in _NONE or kind not in ('float', 'integer'):
        return None
    return int(text) if text.lstrip('-').isdigit() else float(text)


def _malformed(number: int) -> exception.BadRequest:
    return exception.BadRequest(
        f'Line {number} is not of the form that "mariadb --batch --execute '
        "'SELECT * FROM information_schema.SYSTEM_VARIABLES'\" prints. Give "
        'its output unchanged.'
    )


def sizing(memory_mb: int, volume_bytes: int) -> dict[str, Any]:
    """Settings for a machine with this much memory, in MiB, and a volume.

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
