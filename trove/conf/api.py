# SPDX-License-Identifier: Apache-2.0
"""Options of the REST API."""

from __future__ import annotations

import os

from oslo_config import cfg

GROUP = 'api_server'

#: Workers by default, at most: more would be of use to a few clouds only.
_MOST_WORKERS = 4

API: list[cfg.Opt] = [
    cfg.HostAddressOpt(
        'bind_host',
        default='0.0.0.0',  # nosec: a public API listens everywhere
        help='Address that trove-api listens on when it serves by itself.',
    ),
    cfg.PortOpt(
        'bind_port',
        default=8779,
        help='Port that trove-api listens on when it serves by itself. With '
        '0 the system chooses one, and the log names it.',
    ),
    cfg.IntOpt(
        'trove_api_workers',
        sample_default=f'<one for each processor, at most {_MOST_WORKERS}>',
        min=1,
        help='Number of processes that trove-api serves with when it serves '
        'by itself. Unset, it is one with [metrics] in_api.',
    ),
    cfg.IntOpt(
        'trove_api_threads',
        default=16,
        min=1,
        help='Number of requests that each process of trove-api serves at '
        'the same time. Half of them may wait for Keystone, three quarters '
        'for guests, task managers and the cloud, and seven eighths for all '
        'of these together. Behind uWSGI or gunicorn, which make the threads '
        'themselves, set it to the number of threads of a process.',
    ),
    cfg.StrOpt(
        'api_paste_config',
        default='api-paste.ini',
        help='File that describes the pipelines of the API. A relative path '
        'is looked for in the directories of the configuration files, then '
        'in etc/trove of the installation.',
    ),
    cfg.StrOpt(
        'auth_strategy',
        default='keystone',
        choices=[
            ('keystone', 'every request needs a token of Keystone'),
            (
                'noauth',
                'believe what the request says about itself; only for tests '
                'and for a machine that nobody else can reach',
            ),
        ],
        help='Which pipeline of api_paste_config requests go through.',
    ),
    cfg.ListOpt(
        'admin_roles',
        default=['admin'],
        help='Roles that make a user an administrator of Trove: all '
        'projects, and everything under /mgmt.',
    ),
    cfg.URIOpt(
        'public_endpoint',
        schemes=['http', 'https'],
        help='URL under which users reach the API, for the links in its '
        'answers, for example https://db.example.org. By default it is taken '
        'from the request; behind a proxy either set this, or '
        '[oslo_middleware] enable_proxy_headers_parsing.',
    ),
]

SERVER: list[cfg.Opt] = [
    cfg.IntOpt(
        'backlog',
        default=1024,
        min=1,
        help='Number of connections that may wait until trove-api takes them '
        'up. The system may allow fewer (net.core.somaxconn).',
    ),
    cfg.IntOpt(
        'max_connections',
        default=2048,
        min=1,
        help='Number of connections that each process of trove-api holds '
        'open. For a further one room is made: the connection is closed that '
        'has carried no request for longest, of the address that has most. '
        'Each needs an open file; trove-api raises its soft limit as far as '
        'the hard one allows.',
    ),
    cfg.IntOpt(
        'max_header_bytes',
        default=32768,
        min=1024,
        help='Size in bytes of the largest header of a request, its first '
        'line included. A larger one is answered with 431.',
    ),
    cfg.IntOpt(
        'request_timeout',
        default=30,
        min=1,
        help='Seconds from the first byte of a request to its last one, '
        'however it is divided; then it is answered with 408. Also the '
        'seconds for a client to take an answer.',
    ),
    cfg.IntOpt(
        'idle_timeout',
        default=75,
        min=1,
        help='Seconds for which a connection stays open without a request. A '
        'proxy that keeps connections open should close them earlier.',
    ),
]

PAGES: list[cfg.Opt] = [
    cfg.IntOpt(
        name,
        default=20,
        min=1,
        help=f'Number of {what} in one answer. A request may ask for fewer '
        'with "limit", not for more.',
    )
    for name, what in (
        ('instances_page_size', 'instances'),
        ('databases_page_size', 'databases'),
        ('users_page_size', 'users'),
    )
]

GUESTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'agent_heartbeat_expiry',
        default=90,
        min=1,
        help='Seconds after which the last report of a guest agent is too '
        'old to go by: the operating_status of the instance is ERROR then, '
        'and its databases and users cannot be asked for. What it has '
        'announced is asked for again, before anything is sent that it would '
        'not answer. It must be several times agent_heartbeat_time.',
    ),
]

VOLUMES: list[cfg.Opt] = [
    cfg.IntOpt(
        'max_accepted_volume_size',
        default=10,
        min=1,
        help='Largest volume of an instance, in GiB.',
    ),
    cfg.FloatOpt(
        'volume_used_timeout',
        default=2.0,
        min=0,
        help='Seconds that the answer to "show instance" waits for the guest '
        'agent to say how much of the volume is used. When the guest is '
        'silent, the answer comes without it, and the guest is left alone '
        'for a minute. 0 asks no guest.',
    ),
]


def workers(conf: cfg.ConfigOpts) -> int:
    """Return the number of processes that trove-api serves with."""
    if conf.trove_api_workers:
        return int(conf.trove_api_workers)
    if conf.metrics.in_api:
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(API)
    conf.register_opts(SERVER, group=GROUP)
    conf.register_opts(PAGES)
    conf.register_opts(GUESTS)
    conf.register_opts(VOLUMES)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [
        ('DEFAULT', [*API, *PAGES, *GUESTS, *VOLUMES]),
        (GROUP, SERVER),
    ]
