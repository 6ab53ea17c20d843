# SPDX-License-Identifier: Apache-2.0
"""Options of the numbers that a process tells Prometheus."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'metrics'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'listen',
        sample_default='127.0.0.1:9779',
        help='Address and port, as HOST:PORT or [HOST]:PORT, at which each '
        'process of trove-api, trove-taskmanager and trove-conductor tells '
        'Prometheus what became of its messages. Everybody who reaches it '
        'may read it, so choose an address that only the monitoring reaches. '
        'Unset, there is no such listener.',
    ),
    cfg.IntOpt(
        'ports',
        default=16,
        min=1,
        max=1024,
        help='How many ports, counted from that of listen, processes of this '
        'host share: each takes the first one that is free. So the workers '
        'of the API, and services with the same configuration file, have one '
        'each. Let the monitoring scrape all of them. More processes than '
        'ports are refused at start.',
    ),
    cfg.BoolOpt(
        'in_api',
        default=False,
        help='Tell the same under /metrics of the REST API, to everybody who '
        'reaches the API, without a token. Only for an API of one process: '
        'with several, each answer would come from another one.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
