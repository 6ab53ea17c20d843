# SPDX-License-Identifier: Apache-2.0
"""Choices of the parameters of MySQL and of MariaDB.

``information_schema.SYSTEM_VARIABLES`` of MariaDB has them as
``ENUM_VALUE_LIST``. Those whose choices grow with the versions are not here:
the server itself checks them.
"""

from __future__ import annotations

from collections.abc import Mapping

_BOTH = {
    'binlog_checksum': 'NONE, CRC32',
    'binlog_format': 'MIXED, STATEMENT, ROW',
    'binlog_row_image': 'MINIMAL, NOBLOB, FULL, FULL_NODUP',
    'binlog_row_metadata': 'NO_LOG, MINIMAL, FULL',
    'completion_type': 'NO_CHAIN, CHAIN, RELEASE',
    'concurrent_insert': 'NEVER, AUTO, ALWAYS',
    'delay_key_write': 'OFF, ON, ALL',
    'event_scheduler': 'OFF, ON, DISABLED, ORIGINAL',
    'innodb_change_buffering': (
        'none, inserts, deletes, changes, purges, all'
    ),
    'innodb_default_row_format': 'redundant, compact, dynamic',
    'innodb_flush_method': (
        'fsync, O_DSYNC, littlesync, nosync, O_DIRECT, O_DIRECT_NO_FSYNC'
    ),
    'innodb_stats_method': 'nulls_equal, nulls_unequal, nulls_ignored',
    'myisam_stats_method': 'nulls_unequal, nulls_equal, nulls_ignored',
    'session_track_transaction_info': 'OFF, STATE, CHARACTERISTICS',
    'transaction_isolation': (
        'READ-UNCOMMITTED, READ-COMMITTED, REPEATABLE-READ, SERIALIZABLE'
    ),
    'tx_isolation': (
        'READ-UNCOMMITTED, READ-COMMITTED, REPEATABLE-READ, SERIALIZABLE'
    ),
}

_MARIADB = {
    'alter_algorithm': 'DEFAULT, COPY, INPLACE, NOCOPY, INSTANT',
    'aria_group_commit': 'none, hard, soft',
    'aria_log_purge_type': 'immediate, external, at_flush',
    'aria_stats_method': 'nulls_unequal, nulls_equal, nulls_ignored',
    'aria_sync_log_dir': 'NEVER, NEWFILE, ALWAYS',
    'histogram_type': 'SINGLE_PREC_HB, DOUBLE_PREC_HB, JSON_HB',
    'innodb_checksum_algorithm': (
        'crc32, strict_crc32, full_crc32, strict_full_crc32'
    ),
    'innodb_compression_algorithm': (
        'none, zlib, lz4, lzo, lzma, bzip2, snappy'
    ),
    'innodb_deadlock_report': 'off, basic, full',
    'innodb_encrypt_tables': 'OFF, ON, FORCE',
    'innodb_instant_alter_column_allowed': (
        'never, add_last, add_drop_reorder'
    ),
    'old_alter_table': 'DEFAULT, COPY, INPLACE, NOCOPY, INSTANT',
    'query_cache_type': 'OFF, ON, DEMAND',
    'secure_timestamp': 'NO, SUPER, REPLICATION, YES',
    'slave_ddl_exec_mode': 'STRICT, IDEMPOTENT',
    'slave_exec_mode': 'STRICT, IDEMPOTENT',
    'slave_run_triggers_for_rbr': 'NO, YES, LOGGING, ENFORCE',
    'system_versioning_alter_history': 'ERROR, KEEP',
    'thread_handling': (
        'one-thread-per-connection, no-threads, pool-of-threads'
    ),
    'thread_pool_priority': 'high, low, auto',
    'updatable_views_with_limit': 'NO, YES',
    'use_stat_tables': (
        'NEVER, COMPLEMENTARY, PREFERABLY, COMPLEMENTARY_FOR_QUERIES, '
        'PREFERABLY_FOR_QUERIES'
    ),
}


def _split(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(text.split(', ')) for name, text in texts.items()}


#: What the value of a parameter is one of, in any case of its letters.
MYSQL: Mapping[str, tuple[str, ...]] = _split(_BOTH)
MARIADB: Mapping[str, tuple[str, ...]] = _split(_BOTH | _MARIADB)
