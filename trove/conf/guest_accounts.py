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
        help='Address of the HTTP API of RabbitMQ (its management plugin). '
        'With it, "trove-manage guest_account_create" and the others work, '
        'and each new instance gets an account of its own, which reaches no '
        'queue of anybody else and is deleted with the instance. Set it when '
        'no service of a release before 2027.1 is left: their messages such '
        'guest agents cannot answer. Unset, all guest agents share the '
        'account of [taskmanager] guest_transport_url.',
    ),
    cfg.StrOpt(
        'management_user',
        help='Account that may make others (tag administrator). Default: '
        'that of transport_url.',
    ),
    cfg.StrOpt(
        'management_password',
        secret=True,
        help='Its password. Default: that of transport_url.',
    ),
    cfg.StrOpt(
        'cafile',
        help='File with the certificates of the authorities that have signed '
        'the certificate of an https management_url. Default: those that '
        'requests knows.',
    ),
    cfg.FloatOpt(
        'timeout',
        default=10,
        min=0.1,
        help='Seconds to wait for each answer of the HTTP API.',
    ),
    cfg.IntOpt(
        'max_connections',
        default=32,
        min=8,
        help='How many connections to the message broker each of the '
        'accounts may have at the same time.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
