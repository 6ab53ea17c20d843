# SPDX-License-Identifier: Apache-2.0
"""Options of the accounts of guest agents at the message broker."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'guest_accounts'

OPTS: list[cfg.Opt] = [
    # Not a URIOpt, whose errors show what is wrong, a password included.
    cfg.StrOpt(
        'management_url',
        sample_default='http://controller:15672',
        help='URL of the HTTP API of RabbitMQ (its management plugin). With '
        'it, "trove-manage guest_account_create" and the related commands '
        'work, and each new instance gets its own account, which reaches only '
        'its own queues and is deleted with the instance. Set it when no '
        'service of a release before 2027.1 is left: guest agents with such '
        'accounts cannot answer their messages. Unset, all guest agents share '
        'the account of [taskmanager] guest_transport_url.',
    ),
    cfg.StrOpt(
        'management_user',
        help='Account that may create others (tag administrator). Default: '
        'the one of transport_url.',
    ),
    cfg.StrOpt(
        'management_password',
        secret=True,
        help='Password of management_user. Default: the one of transport_url.',
    ),
    cfg.StrOpt(
        'cafile',
        help='CA bundle that verifies the certificate of an https '
        'management_url. Default: the bundle of requests.',
    ),
    cfg.FloatOpt(
        'timeout',
        default=10,
        min=0.1,
        help='Timeout in seconds of each request to the HTTP API.',
    ),
    cfg.IntOpt(
        'max_connections',
        default=32,
        min=8,
        help='Maximum number of connections of each account to the message '
        'broker.',
    ),
    cfg.IntOpt(
        'max_queue_bytes',
        default=64 * 1024 * 1024,
        min=1024 * 1024,
        help='Maximum size in bytes of the messages in each queue that guest '
        'agents send to, or read: the policies "trove-guests", which the task '
        'manager sets in RabbitMQ. What does not fit is refused.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
