# SPDX-License-Identifier: Apache-2.0
"""Units and choices of the parameters of PostgreSQL 13 to 18.

``postgres --describe-config`` does not print them; they are the columns
``unit`` and ``enumvals`` of ``pg_settings``. Of a parameter whose choices
depend on the version or on how the server was built, all are here: the
server itself refuses the others.
"""

from __future__ import annotations

from collections.abc import Mapping

_UNITS = {
    '8kB': (
        'backend_flush_after bgwriter_flush_after checkpoint_flush_after '
        'commit_timestamp_buffers effective_cache_size io_combine_limit '
        'io_max_combine_limit min_parallel_index_scan_size '
        'min_parallel_table_scan_size multixact_member_buffers '
        'multixact_offset_buffers notify_buffers serializable_buffers '
        'shared_buffers subtransaction_buffers temp_buffers '
        'transaction_buffers wal_buffers wal_writer_flush_after'
    ),
    'B': (
        'log_parameter_max_length log_parameter_max_length_on_error '
        'track_activity_query_size wal_decode_buffer_size'
    ),
    'kB': (
        'autovacuum_work_mem gin_pending_list_limit huge_page_size '
        'log_rotation_size log_temp_files logical_decoding_work_mem '
        'maintenance_work_mem max_stack_depth temp_file_limit '
        'vacuum_buffer_usage_limit wal_skip_threshold work_mem'
    ),
    'MB': (
        'max_slot_wal_keep_size max_wal_size min_dynamic_shared_memory '
        'min_wal_size wal_keep_size'
    ),
    'ms': (
        'autovacuum_vacuum_cost_delay bgwriter_delay '
        'client_connection_check_interval deadlock_timeout '
        'idle_in_transaction_session_timeout idle_session_timeout '
        'lock_timeout log_autovacuum_min_duration log_min_duration_sample '
        'log_min_duration_statement log_startup_progress_interval '
        'max_standby_archive_delay max_standby_streaming_delay '
        'recovery_min_apply_delay statement_timeout tcp_user_timeout '
        'transaction_timeout vacuum_cost_delay wal_receiver_timeout '
        'wal_retrieve_retry_interval wal_sender_timeout wal_writer_delay'
    ),
    's': (
        'archive_timeout authentication_timeout autovacuum_naptime '
        'checkpoint_timeout checkpoint_warning idle_replication_slot_timeout '
        'post_auth_delay pre_auth_delay tcp_keepalives_idle '
        'tcp_keepalives_interval wal_receiver_status_interval'
    ),
    'min': 'log_rotation_age old_snapshot_threshold wal_summary_keep_time',
}

#: The unit of a number without one, by parameter.
UNITS: Mapping[str, str] = {
    name: unit for unit, names in _UNITS.items() for name in names.split()
}

_LEVELS = 'debug5, debug4, debug3, debug2, debug1'

_CHOICES = {
    'IntervalStyle': 'postgres, postgres_verbose, sql_standard, iso_8601',
    'backslash_quote': 'safe_encoding, on, off',
    'bytea_output': 'escape, hex',
    'client_min_messages': f'{_LEVELS}, log, notice, warning, error',
    'compute_query_id': 'auto, regress, on, off',
    'constraint_exclusion': 'partition, on, off',
    'debug_logical_replication_streaming': 'buffered, immediate',
    'debug_parallel_query': 'off, on, regress',
    'default_toast_compression': 'pglz, lz4',
    'default_transaction_isolation': (
        'serializable, repeatable read, read committed, read uncommitted'
    ),
    'dynamic_shared_memory_type': 'posix, sysv, mmap',
    'file_copy_method': 'copy, clone',
    'file_extend_method': 'posix_fallocate, write_zeros',
    'force_parallel_mode': 'off, on, regress',
    'huge_pages': 'off, on, try',
    'icu_validation_level': (
        f'disabled, {_LEVELS}, log, notice, warning, error'
    ),
    'io_method': 'sync, worker, io_uring',
    'log_error_verbosity': 'terse, default, verbose',
    'log_min_error_statement': (
        f'{_LEVELS}, info, notice, warning, error, log, fatal, panic'
    ),
    'log_min_messages': (
        f'{_LEVELS}, info, notice, warning, error, log, fatal, panic'
    ),
    'log_statement': 'none, ddl, mod, all',
    'plan_cache_mode': 'auto, force_generic_plan, force_custom_plan',
    'recovery_init_sync_method': 'fsync, syncfs',
    'recovery_prefetch': 'off, on, try',
    'session_replication_role': 'origin, replica, local',
    'shared_memory_type': 'sysv, mmap',
    'stats_fetch_consistency': 'none, cache, snapshot',
    'synchronous_commit': 'local, remote_write, remote_apply, on, off',
    'syslog_facility': (
        'local0, local1, local2, local3, local4, local5, local6, local7'
    ),
    'track_functions': 'none, pl, all',
    'wal_compression': 'pglz, lz4, zstd, on, off',
    'wal_level': 'minimal, replica, logical',
    'wal_sync_method': (
        'fsync, fdatasync, open_sync, open_datasync, fsync_writethrough'
    ),
    'xmlbinary': 'base64, hex',
    'xmloption': 'content, document',
}

#: What the value of a parameter is one of, in any case of its letters.
CHOICES: Mapping[str, tuple[str, ...]] = {
    name: tuple(choices.split(', ')) for name, choices in _CHOICES.items()
}
