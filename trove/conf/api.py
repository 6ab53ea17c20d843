# SPDX-License-Identifier: Apache-2.0
"""Options of the REST API."""

from __future__ import annotations

import os

from oslo_config import cfg

GROUP = 'api_server'

#: Maximum of the default: only a few clouds need more workers.
_MOST_WORKERS = 4

API: list[cfg.Opt] = [
    cfg.HostAddressOpt(
        'bind_host',
        default='0.0.0.0',  # nosec: a public API listens everywhere
        help='Address that trove-api listens on when it runs its own HTTP '
        'server.',
    ),
    cfg.PortOpt(
        'bind_port',
        default=8779,
        help='Port that trove-api listens on when it runs its own HTTP '
        'server. With 0 the system chooses a free port, and the log names it.',
    ),
    cfg.IntOpt(
        'trove_api_workers',
        sample_default=f'<one for each processor, at most {_MOST_WORKERS}>',
        min=1,
        help='Number of worker processes of trove-api when it runs its own '
        'HTTP server. Unset, it is one with [metrics] in_api.',
    ),
    cfg.IntOpt(
        'trove_api_threads',
        default=16,
        min=1,
        help='Number of requests that each process of trove-api handles '
        'concurrently. Up to half of them may wait for Keystone, three '
        'quarters for guests, task managers and the cloud, and seven eighths '
        'for all of these together. Behind uWSGI or gunicorn, which create '
        'the threads themselves, set it to the number of threads of a '
        'process.',
    ),
    cfg.StrOpt(
        'api_paste_config',
        default='api-paste.ini',
        help='Paste configuration file with the pipelines of the API. A '
        'relative path is searched for in the directories of the '
        'configuration files, then in etc/trove of the installation.',
    ),
    cfg.StrOpt(
        'auth_strategy',
        default='keystone',
        choices=[
            ('keystone', 'every request needs a Keystone token'),
            (
                'noauth',
                'trust the identity that the request claims; only for tests '
                'and for a machine that nobody else can reach',
            ),
        ],
        help='Authentication strategy: the pipeline of api_paste_config that '
        'serves requests.',
    ),
    cfg.ListOpt(
        'admin_roles',
        default=['admin'],
        help='Roles that make a user an administrator of Trove, with access '
        'to all projects and to everything under /mgmt.',
    ),
    cfg.URIOpt(
        'public_endpoint',
        schemes=['http', 'https'],
        help='Public URL of the API, used for the links in responses, for '
        'example https://db.example.org. By default it is taken from the '
        'request; behind a proxy set either this option or [oslo_middleware] '
        'enable_proxy_headers_parsing.',
    ),
]

SERVER: list[cfg.Opt] = [
    cfg.IntOpt(
        'backlog',
        default=1024,
        min=1,
        help='Maximum number of pending connections that trove-api has not '
        'accepted yet (the backlog). The system may allow fewer '
        '(net.core.somaxconn).',
    ),
    cfg.IntOpt(
        'max_connections',
        default=2048,
        min=1,
        help='Maximum number of open connections of each trove-api process. '
        'When it is reached, the connection that has been idle longest is '
        'closed, of the address that has the most. Each connection needs an '
        'open file; trove-api raises its soft limit up to the hard limit.',
    ),
    cfg.IntOpt(
        'max_header_bytes',
        default=32768,
        min=1024,
        help='Maximum size in bytes of the header of a request, including the '
        'request line. Larger requests are answered with 431.',
    ),
    cfg.IntOpt(
        'request_timeout',
        default=30,
        min=1,
        help='Timeout in seconds from the first byte of a request to its '
        'last, after which it is answered with 408. Also the timeout for a '
        'client to read the response.',
    ),
    cfg.IntOpt(
        'idle_timeout',
        default=75,
        min=1,
        help='Seconds after which an idle connection is closed. A proxy that '
        'keeps connections open should use a lower value.',
    ),
]

PAGES: list[cfg.Opt] = [
    cfg.IntOpt(
        name,
        default=20,
        min=1,
        help=f'Maximum number of {what} in one response. A request may ask '
        'for fewer with "limit", not for more.',
    )
    for name, what in (
        ('instances_page_size', 'instances'),
        ('configurations_page_size', 'configuration groups'),
        ('databases_page_size', 'databases'),
        ('users_page_size', 'users'),
    )
]

GUESTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'promote_max_lag',
        default=60,
        min=1,
        help='Seconds that a replica may lag behind its primary, by its last '
        'heartbeat, to be promoted. The request is refused if it lags behind '
        'further. See also [taskmanager] promote_lag_timeout.',
    ),
    cfg.IntOpt(
        'agent_heartbeat_expiry',
        default=90,
        min=1,
        help='Seconds without a heartbeat after which a guest agent counts as '
        'stale: the operating_status of its instance becomes ERROR, and '
        'requests for its databases and users are refused. The version that '
        'it announced is verified before anything is sent that an older agent '
        'would not answer. Set it to several times agent_heartbeat_time.',
    ),
]

VOLUMES: list[cfg.Opt] = [
    cfg.IntOpt(
        'max_allowed_cidrs',
        default=10,
        min=1,
        max=100,
        mutable=True,
        help='Maximum number of networks in the allowed_cidrs of an instance. '
        'Each is a rule of its security group for each port of the '
        'datastore, and the quota for rules is one of all instances.',
    ),
    cfg.IntOpt(
        'max_accepted_volume_size',
        default=10,
        min=1,
        help='Maximum size of the volume of an instance, in GiB.',
    ),
    cfg.FloatOpt(
        'volume_used_timeout',
        default=2.0,
        min=0,
        help='Timeout in seconds for "show instance" to ask the guest agent '
        'for the used space of the volume. When the guest does not answer, '
        'the response omits it, and the guest is not asked again for a '
        'minute. 0 disables the question.',
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
