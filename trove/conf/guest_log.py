# SPDX-License-Identifier: Apache-2.0
"""Options of the logs of databases, for their users."""

from __future__ import annotations

from oslo_config import cfg

#: With the names of released Trove.
OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'guest_log_container_name',
        default='database_logs',
        help='Container that logs are published to. It is made when needed.',
    ),
    cfg.IntOpt(
        'guest_log_limit',
        default=1_000_000,
        min=4096,
        max=16 << 20,
        mutable=True,
        help='Maximum number of bytes of each object of a published log. An '
        'object ends with a line, unless the line is longer than this.',
    ),
    cfg.IntOpt(
        'guest_log_expiry',
        default=30 * 24 * 3600,
        min=1,
        mutable=True,
        help='Number of seconds for which a published log is kept.',
    ),
]

AGENT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'log_file',
        help='File that the log of this guest agent goes to, which '
        'administrators can publish. Unset, that of the options log_file and '
        'log_dir.',
    ),
    cfg.IntOpt(
        'log_max_mb',
        default=32,
        min=1,
        mutable=True,
        help='Size in MiB at which a log of the database begins anew. The '
        'former part is kept until then, so that each log takes twice as '
        'much at most, and at most four times as much is published at a '
        'time.',
    ),
]


def _long_query_time(default: int, help_: str) -> list[cfg.Opt]:
    return [
        cfg.IntOpt(
            'guest_log_long_query_time', default=default, min=-1, help=help_
        )
    ]


_MYSQL_OPTS = _long_query_time(
    1000,
    'Number of milliseconds from which on a statement is in the log '
    '"slow_query", once that is enabled.',
)

_GROUPS: dict[str, list[cfg.Opt]] = {
    'DEFAULT': OPTS,
    'guestagent': AGENT_OPTS,
    'mariadb': _MYSQL_OPTS,
    'mysql': _MYSQL_OPTS,
    'postgresql': _long_query_time(
        0,
        'Number of milliseconds from which on the duration of a statement is '
        'in the log "general", once that is enabled, beside all statements; '
        '-1 for none.',
    ),
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    for group, options in _GROUPS.items():
        conf.register_opts(
            options, group=None if group == 'DEFAULT' else group
        )


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return list(_GROUPS.items())
