# SPDX-License-Identifier: Apache-2.0
"""Options of the conductor."""

from __future__ import annotations

import os

from oslo_config import cfg

GROUP = 'conductor'

#: Maximum of the default: only a few clouds need more workers.
_MOST_WORKERS = 4

DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'trove_conductor_workers',
        default=min(len(os.sched_getaffinity(0)), _MOST_WORKERS),
        sample_default=f'<one for each processor, at most {_MOST_WORKERS}>',
        min=1,
        help='Number of worker processes of trove-conductor. "python -m '
        'benchmarks.heartbeats" measures how many heartbeats a second one of '
        'them handles.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'database_retries',
        default=60,
        min=0,
        mutable=True,
        help='Maximum number of database retries for a report of a guest '
        'agent, backing off from 0.1 s to 10 s.',
    ),
    cfg.IntOpt(
        'guest_reports_per_minute',
        default=240,
        min=8,
        mutable=True,
        help='Maximum number of messages per minute and guest agent that each '
        'process of a conductor accepts: a quarter for heartbeats and '
        'questions, the rest for reports, of which each 16 KiB count as one '
        'more. Messages beyond the limit are refused before the database is '
        'asked, counted in "trove-rpc rejected list" (cause limit), and '
        'logged at most once an hour. The guest agent keeps refused reports '
        'and sends them later.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=45,
        min=0,
        mutable=True,
        help='Timeout in seconds for messages in progress to finish when the '
        'conductor is stopped. Keep it below the timeout of the init system '
        '(systemd: TimeoutStopSec, 90).',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', DEFAULT_OPTS), (GROUP, OPTS)]
