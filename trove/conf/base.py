# SPDX-License-Identifier: Apache-2.0
"""Options of all services."""

from __future__ import annotations

import socket

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'host',
        default=socket.gethostname(),
        sample_default='<hostname>',
        help='Name of this service: part of its queue and of its row in the '
        'services table. It must be unique per process of the same program.',
    ),
    cfg.IntOpt(
        'service_report_interval',
        default=10,
        min=1,
        help='Seconds between two heartbeats of a task manager or conductor.',
    ),
    cfg.IntOpt(
        'service_down_time',
        default=60,
        min=2,
        help='Seconds without a heartbeat after which a task manager or '
        'conductor counts as dead: its RPC version no longer limits others, '
        'and its unfinished work is taken over.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
