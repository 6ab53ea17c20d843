# SPDX-License-Identifier: Apache-2.0
"""Parameters of PostgreSQL: who may set which, and what they begin with."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
from typing import Any

from trove.common import exception
from trove.common.datastores import postgresql_values as values
from trove.common.datastores import settings

#: What the guest agent relies on. Passwords reach the server as verifiers
#: only, so that even a log of all statements has none. The agent rotates the
#: log when it has become too large.
AGENT: Mapping[str, Any] = {
    'password_encryption': 'scram-sha-256',
    'logging_collector': True,
    'log_destination': 'stderr',
    'log_directory': 'log',
    'log_filename': 'postgresql.log',
    'log_file_mode': '0600',
    'log_rotation_age': 0,
    'log_rotation_size': 0,
    'log_truncate_on_rotation': False,
    # A former primary can be rewound without checksums, too.
    'wal_log_hints': True,
}

#: Paths, commands, libraries, addresses, replication and certificates; and
#: what would change the name of the agent's own user.
_DENIED = (
    *AGENT,
    '*_command',
    '*_command_*',
    '*_file',
    '*_path',
    'archive_*',
    'bonjour*',
    'cluster_name',
    'data_directory',
    'db_user_namespace',
    'include*',
    'jit_provider',
    'krb_*',
    'listen_addresses',
    'oauth_*',
    'port',
    'primary_*',
    'recovery_target*',
    'ssl*',
    'stats_temp_directory',
    'synchronized_standby_slots',
    'synchronous_standby_names',
    'unix_socket_*',
)

_TYPES = {
    'BOOLEAN': 'boolean',
    'ENUM': 'string',
    'INTEGER': 'integer',
    'REAL': 'float',
    'STRING': 'string',
}

#: What the server takes besides a choice, though it does not list it.
_HIDDEN: Mapping[str, tuple[str, ...]] = {
    'on': ('true', 'false', 'yes', 'no', '1', '0'),
    'debug2': ('debug', 'info'),
    # Former names of a wal_level.
    'logical': ('archive', 'hot_standby'),
}

#: The columns of a catalogue: name, context, group, type, default, minimum,
#: maximum, and two of texts.
_COLUMNS = 9

_MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class PostgreSQL(settings.Settings):
    """The settings of PostgreSQL 13 and later."""

    title: str = 'PostgreSQL'
    denied: tuple[str, ...] = _DENIED
    units: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: values.UNITS
    )
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=lambda: {
            name.lower(): each for name, each in values.CHOICES.items()
        }
    )
    limits: tuple[int | None, int | None] = (-(2**31), 2**31 - 1)
    restores: bool = True

    def is_choice(self, choices: Collection[str], value: object) -> bool:
        more = [word for each in choices for word in _HIDDEN.get(each, ())]
        return super().is_choice((*choices, *more), value)

    def read_catalogue(self, text: str) -> list[settings.Parameter]:
        """Read what ``postgres --describe-config`` prints."""
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            row = line.split('\t')
            if len(row) != _COLUMNS or row[3] not in _TYPES:
                raise exception.BadRequest(
                    f'Line {number} is not of the form that "postgres '
                    '--describe-config" prints. Give its output unchanged.'
                )
            name, context = row[:2]
            if context != 'internal' and not self.is_denied(name):
                found.append(
                    settings.Parameter(
                        name,
                        _TYPES[row[3]],
                        context == 'postmaster',
                        _number(row[5]),
                        _number(row[6]),
                    )
                )
        return found

    def template(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        return memory(memory_mb) | volume(volume_bytes) | dict(AGENT)


def memory(memory_mb: int) -> dict[str, Any]:
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


def volume(volume_bytes: int) -> dict[str, Any]:
    """Settings that keep the write-ahead log a small part of a volume."""
    tenth = volume_bytes // _MIB // 10
    return {
        'max_wal_size': f'{min(4096, max(96, tenth))}MB',
        'min_wal_size': f'{min(80, max(32, tenth))}MB',
        # For replicas that begin to follow, and for a rewind.
        'wal_keep_size': '80MB',
        # For the next incremental backup, and for replicas.
        'max_slot_wal_keep_size': f'{max(128, 2 * tenth)}MB',
    }


def _number(text: str) -> float | None:
    if not text:
        return None
    return int(text) if text.lstrip('-').isdigit() else float(text)
