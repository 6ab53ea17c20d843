# SPDX-License-Identifier: Apache-2.0
"""Options of the conductor."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'conductor'

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
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
