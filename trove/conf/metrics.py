# SPDX-License-Identifier: Apache-2.0
"""Options of the Prometheus metrics."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'metrics'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'listen',
        sample_default='127.0.0.1:9779',
        help='Address of the Prometheus endpoint of each process of '
        'trove-api, trove-taskmanager and trove-conductor, as HOST:PORT or '
        '[HOST]:PORT. It has no authentication, so choose an address that '
        'only the monitoring can reach. Unset, there is no endpoint.',
    ),
    cfg.IntOpt(
        'ports',
        default=16,
        min=1,
        max=1024,
        help='Number of consecutive ports, beginning with the one in listen, '
        'that the processes on this host share: each process uses the first '
        'free one. Let the monitoring scrape all of them. A process that '
        'finds none free refuses to start.',
    ),
    cfg.BoolOpt(
        'in_api',
        default=False,
        help='Serve the metrics under /metrics of the REST API too, without a '
        'token. Only for an API with one process: with several, each response '
        'would come from a different one.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
