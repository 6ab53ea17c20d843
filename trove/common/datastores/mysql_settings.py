# SPDX-License-Identifier: Apache-2.0
"""Parameters of MySQL and MariaDB: who may set which, and their defaults."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import fnmatch
import re
from typing import Any

from trove.common import exception
from trove.common.datastores import mysql_values
from trove.common.datastores import settings

#: What no customer changes. Replication needs it from the beginning, as it
#: would need a restart later. No files of clients are read, and no name server
#: is waited for.
AGENT: Mapping[str, Any] = {
    'log_bin': 'mysql-bin',
    'skip_name_resolve': True,
    'local_infile': False,
}

#: Files, addresses, programs, and statements that the server carries out with
#: more rights than users have; what replication, backups and encryption rely
#: on.
DENIED = tuple(
    'allow_suspicious_udfs aria_log_dir_path basedir bind_address bootstrap '
    'character_sets_dir chroot console core_file daemonize datadir debug* '
    'default_authentication_plugin external_locking extra_port feedback* '
    'ft_stopword_file general_log_file group_replication* gtid_* help '
    'ignore_db_dirs init_file init_rpl_role init_slave '
    'innodb_buffer_pool_filename innodb_data_file_path '
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

#: A size as an option file has it, in which this means powers of 1024.
_SUFFIXES = ('', 'K', 'M', 'G', 'T', 'P', 'E')
_SIZE = re.compile(r'([0-9]{1,20})([KMGTPE]?)', re.IGNORECASE)

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

#: What prints a catalogue.
MARIADB_CATALOGUE = (
    "mariadb --batch --execute 'SELECT * FROM "
    "information_schema.SYSTEM_VARIABLES'"
)
MYSQL_CATALOGUE = (
    "mysql --batch --execute 'SELECT * FROM "
    "performance_schema.variables_metadata'"
)

#: What else MySQL has of these. Privileges and replication rely on them, or
#: they need a store of keys.
_DENIED_MYSQL = tuple(
    'admin_* authentication_policy auto_generate_certs binlog_encryption '
    'binlog_format caching_sha2_password_* clone_* create_admin_listener_* '
    'early_plugin_load enforce_gtid_consistency init_replica '
    'initialize* innodb_dedicated_server innodb_directories '
    'innodb_doublewrite_dir innodb_redo_log_archive_dirs '
    'innodb_temp_tablespaces_dir keyring* log_error_services log_raw '
    'log_replica_updates mandatory_roles mysqlx* ndb* offline_mode '
    'partial_revokes persist* replica_* server_memory sha256_password_* '
    'skip_replica_start slave_* source_* sync_master_info sync_relay_log* '
    'sync_source_info telemetry* tls_certificates_enforced_validation '
    'upgrade validate_*'.split()
)

_MYSQL_TYPES = {
    'Boolean': 'boolean',
    'Enumeration': 'string',
    'Integer': 'integer',
    'Numeric': 'float',
    'Set': 'string',
    'String': 'string',
}

#: The columns of a catalogue of MySQL that are read.
MYSQL_COLUMNS = (
    'VARIABLE_NAME',
    'VARIABLE_SCOPE',
    'DATA_TYPE',
    'MIN_VALUE',
    'MAX_VALUE',
)

#: Variables that no option of MySQL sets; its catalogue does not tell.
_NO_OPTIONS = tuple(
    'build_id character_set_client character_set_connection '
    'character_set_database character_set_results character_set_system '
    'collation_connection collation_database default_collation_for_utf8mb4 '
    'foreign_key_checks have_* hostname innodb_monitor_* innodb_version '
    'keyring_operations large_files_support large_page_size license '
    'locked_in_memory lower_case_file_system max_insert_delayed_threads '
    'profiling protocol_version rbr_exec_mode sql_auto_is_null '
    'sql_big_selects sql_buffer_result sql_log_off sql_notes '
    'sql_quote_show_create sql_replica_skip_counter sql_safe_updates '
    'sql_select_limit sql_slave_skip_counter sql_warnings system_time_zone '
    'time_zone unique_checks version_*'.split()
)

#: Variables of MySQL that are set at a start only; likewise.
_FIXED = tuple(
    'back_log binlog_gtid_simple_recovery '
    'binlog_rotate_encryption_master_key_at_startup '
    'binlog_row_event_max_size container_aware disabled_storage_engines '
    'disconnect_on_expired_password ft_max_word_len ft_min_word_len '
    'ft_query_expansion_limit '
    'innodb_adaptive_hash_index_parts innodb_api_disable_rowlock '
    'innodb_api_enable_* innodb_autoinc_lock_mode '
    'innodb_buffer_pool_chunk_size innodb_buffer_pool_instances '
    'innodb_buffer_pool_load_at_startup innodb_doublewrite_* '
    'innodb_flush_method innodb_force_recovery innodb_ft_cache_size '
    'innodb_ft_max_token_size innodb_ft_min_token_size '
    'innodb_ft_sort_pll_degree innodb_ft_total_cache_size '
    'innodb_log_file_size innodb_log_files_in_group '
    'innodb_native_foreign_keys innodb_numa_interleave innodb_open_files '
    'innodb_page_cleaners innodb_purge_threads innodb_read_io_threads '
    'innodb_rollback_on_timeout innodb_sort_buffer_size '
    'innodb_sync_array_size innodb_use_native_aio '
    'innodb_validate_tablespace_paths innodb_write_io_threads large_pages '
    'max_digest_length myisam_mmap_size myisam_recover_options '
    'ngram_token_size open_files_limit performance_schema '
    'performance_schema_*_size performance_schema_max_*_classes '
    'performance_schema_max_*_handles performance_schema_max_*_instances '
    'performance_schema_max_*_locks performance_schema_max_*_stack '
    'performance_schema_max_*_stat performance_schema_max_digest_length '
    'performance_schema_max_sql_text_length skip_show_database '
    'table_open_cache_instances thread_handling thread_stack'.split()
)

#: How ``mariadb --batch`` and ``INTO OUTFILE`` print that there is no value.
_NONE = ('NULL', '\\N')

_MIB = 1024 * 1024

#: MiB that the server itself needs, besides its caches.
_SERVER_MB = 96
_MYSQL_SERVER_MB = 192
#: MiB from which on MySQL watches its own performance.
_ROOMY_MB = 1024


def plain(name: str) -> str:
    """Return the name of a parameter as the server shows it."""
    return name.lower().replace('-', '_')


@dataclasses.dataclass(frozen=True)
class Settings(settings.Settings):
    """The settings of MySQL or MariaDB."""

    denied: tuple[str, ...] = DENIED
    limits: tuple[int | None, int | None] = (-(2**63), 2**64 - 1)

    def is_choice(self, choices: Collection[str], value: object) -> bool:
        if not isinstance(value, str) or not value:
            return False
        # A server counts its choices, too, and takes the beginning of one;
        # it refuses that of several itself.
        numbers = (str(number) for number in range(len(choices)))
        return value in numbers or any(
            each.lower().startswith(value.lower()) for each in choices
        )

    def hint(self, rule: settings.Parameter, value: object) -> str:
        found = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if found is None or rule.type != 'integer':
            return super().hint(rule, value)
        size = int(found[1]) * 1024 ** _SUFFIXES.index(found[2].upper())
        return f', without quotes and suffix, such as {size}'

    def is_denied(self, name: str) -> bool:
        text = plain(name)
        denied = super().is_denied
        return denied(text) or denied(_PREFIX.sub('', text))

    def sizing(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        """Return the settings for a machine, see :func:`sizing`."""
        return sizing(memory_mb, volume_bytes)

    def template(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        return self.sizing(memory_mb, volume_bytes) | dict(AGENT)


@dataclasses.dataclass(frozen=True)
class MariaDB(Settings):
    """The settings of MariaDB 10.6 and later."""

    title: str = 'MariaDB'
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=lambda: mysql_values.MARIADB
    )

    def read_catalogue(self, text: str) -> list[settings.Parameter]:
        """Read the table ``SYSTEM_VARIABLES``, with a header."""
        found = []
        for row in _rows(
            text, MARIADB_CATALOGUE, COLUMNS, 'VARIABLE_TYPE', _TYPES
        ):
            name = plain(row['VARIABLE_NAME'])
            # What no option of the server sets is in no option file.
            is_option = (
                row['COMMAND_LINE_ARGUMENT'] not in _NONE or name in _OPTIONS
            )
            if is_option and not self.is_denied(name):
                found.append(_parameter(name, row))
        if not found:
            raise _malformed(1, MARIADB_CATALOGUE)
        return found


def _parameter(name: str, row: Mapping[str, str]) -> settings.Parameter:
    kind = _TYPES[row['VARIABLE_TYPE']]
    return settings.Parameter(
        name,
        kind,
        row['READ_ONLY'] == 'YES',
        _number(row['NUMERIC_MIN_VALUE'], kind),
        _number(row['NUMERIC_MAX_VALUE'], kind),
    )


@dataclasses.dataclass(frozen=True)
class MySQL(Settings):
    """The settings of MySQL 8.0 and later."""

    title: str = 'MySQL'
    denied: tuple[str, ...] = DENIED + _DENIED_MYSQL
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=lambda: mysql_values.MYSQL
    )

    def sizing(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        found = sizing(memory_mb, volume_bytes, _MYSQL_SERVER_MB)
        # Rows are the only format that is not deprecated.
        del found['binlog_format']
        megabytes = int(found['innodb_log_file_size'].rstrip('M'))
        return found | {
            # Since 8.0.30 instead of innodb_log_file_size, of two files.
            'innodb_redo_log_capacity': f'{2 * megabytes}M',
            # It is a hundred MiB.
            'performance_schema': memory_mb >= _ROOMY_MB,
        }

    def read_catalogue(self, text: str) -> list[settings.Parameter]:
        """Read the table ``variables_metadata``, with a header."""
        found = []
        for row in _rows(
            text, MYSQL_CATALOGUE, MYSQL_COLUMNS, 'DATA_TYPE', _MYSQL_TYPES
        ):
            name = plain(row['VARIABLE_NAME'])
            if (
                row['VARIABLE_SCOPE'] != 'SESSION_ONLY'
                and not _is_in(name, _NO_OPTIONS)
                and not self.is_denied(name)
            ):
                kind = _MYSQL_TYPES[row['DATA_TYPE']]
                found.append(
                    settings.Parameter(
                        name,
                        kind,
                        _is_in(name, _FIXED),
                        _number(row['MIN_VALUE'], kind),
                        _number(row['MAX_VALUE'], kind),
                    )
                )
        if not found:
            raise _malformed(1, MYSQL_CATALOGUE)
        return found


def _is_in(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _number(text: str, kind: str) -> float | None:
    if not text or text in _NONE or kind not in ('float', 'integer'):
        return None
    return int(text) if text.lstrip('-').isdigit() else float(text)


def _rows(
    text: str,
    catalogue: str,
    columns: Iterable[str],
    kind: str,
    kinds: Container[str],
) -> Iterator[dict[str, str]]:
    """Yield the rows of a catalogue by their columns.

    :param columns: that each has
    :param kind: the column with the type, which is one of ``kinds``
    :raises trove.common.exception.BadRequest: one is malformed
    """
    header, *lines = text.splitlines() or ['']
    names = header.split('\t')
    for number, line in enumerate(lines, 2):
        row = dict(zip(names, line.split('\t'), strict=False))
        if row.get(kind) not in kinds or not row.keys() >= {*columns}:
            raise _malformed(number, catalogue)
        yield row


def _malformed(number: int, command: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'Line {number} is not of the form that "{command}" prints. Give its '
        'output unchanged.'
    )


def sizing(
    memory_mb: int, volume_bytes: int, server_mb: int = _SERVER_MB
) -> dict[str, Any]:
    """Settings for a machine with this much memory, in MiB, and a volume.

    Half of the memory that the server itself leaves is for its pool, which
    leaves the rest to sessions, to the agent and to the operating system.
    The logs are a small part of the volume.
    """
    twentieth = volume_bytes // _MIB // 20
    return {
        'max_connections': min(500, max(50, memory_mb // 10)),
        'innodb_buffer_pool_size': (
            f'{max(8, (memory_mb - server_mb) // 2)}M'
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
