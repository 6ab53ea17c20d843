# SPDX-License-Identifier: Apache-2.0
"""Options of the conductor."""

from __future__ import annotations

import os

from oslo_config import cfg

GROUP = 'conductor'

#: Workers by default, at most: more would be of use to a few clouds only.
_MOST_WORKERS = 4

DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'trove_conductor_workers',
        default=min(len(os.sched_getaffinity(0)), _MOST_WORKERS),
        sample_default=f'<one for each processor, at most {_MOST_WORKERS}>',
        min=1,
        help='Number of processes in which trove-conductor takes what guest '
        'agents report. "python -m benchmarks.heartbeats" tells how many '
        'heartbeats a second one takes.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'database_retries',
        default=60,
        min=0,
        mutable=True,
        help='How often what a guest agent reports is offered again to a '
        'database that does not take it, first after a tenth of a second, '
        'then more and more seldom, up to every ten seconds.',
    ),
    cfg.IntOpt(
        'guest_reports_per_minute',
        default=240,
        min=8,
        mutable=True,
        help='How many messages of one guest agent each process of a '
        'conductor takes within a minute: a quarter of it for heartbeats and '
        'questions, the rest for reports, of which each 16 KiB count as one '
        'more. What is beyond it is refused before the database is asked, '
        'counted in "trove-rpc rejected list" (cause limit), and told in the '
        'log, once an hour at most. The guest agent keeps reports that '
        'are refused, and sends them later.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=45,
        min=0,
        mutable=True,
        help='Seconds that messages in progress get to be finished when the '
        'conductor is stopped. Keep it below the time after which the init '
        'system kills a service that does not stop (systemd: '
        'TimeoutStopSec, 90).',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', DEFAULT_OPTS), (GROUP, OPTS)]
