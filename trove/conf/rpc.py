# SPDX-License-Identifier: Apache-2.0
"""Options of the messages between the services."""

from __future__ import annotations

from oslo_config import cfg

_LEVEL_HELP = (
    'Highest version of the {name} interface that this process may send '
    '{to}. "auto" finds out by itself what each peer speaks and needs no '
    'attention during an upgrade. The name of a release (for example '
    '"wallaby" or "2026.2") or a version (for example "1.1") is an upper '
    'limit on top of that: the lower of the two holds.'
)

UPGRADE_LEVELS: list[cfg.Opt] = [
    cfg.StrOpt(
        name,
        default='auto',
        mutable=True,
        help=_LEVEL_HELP.format(name=name, to=to),
    )
    for name, to in (
        ('taskmanager', 'to the task managers'),
        ('guestagent', 'to any guest agent'),
        ('conductor', 'to the conductors'),
    )
]

UPGRADE_LEVELS.append(
    cfg.IntOpt(
        'refresh_interval',
        default=10,
        min=1,
        mutable=True,
        help='Seconds for which the version that a peer speaks is remembered '
        'before it is looked up again. It is forgotten at once when the peer '
        'says that it does not support a version.',
    )
)

MESSAGING: list[cfg.Opt] = [
    cfg.StrOpt(
        'taskmanager_queue',
        default='taskmanager',
        help='Topic of the task managers.',
    ),
    cfg.StrOpt(
        'conductor_queue',
        default='trove-conductor',
        help='Topic of the conductors.',
    ),
    cfg.IntOpt(
        'agent_call_low_timeout',
        default=15,
        min=1,
        help='Seconds to wait for the answer of a guest agent to something '
        'that it does at once, such as listing users.',
    ),
    cfg.IntOpt(
        'agent_call_high_timeout',
        default=180,
        min=1,
        help='Seconds to wait for the answer of a guest agent to something '
        'that takes its time, such as a restart of the database.',
    ),
    cfg.IntOpt(
        'rpc_send_attempts',
        default=2,
        min=1,
        help='How often a message is offered anew to a message broker that '
        'does not take it, before the sender is told so: the first time after '
        'a second, then every time two seconds later than the time before.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(MESSAGING)
    conf.register_opts(UPGRADE_LEVELS, group='upgrade_levels')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', MESSAGING), ('upgrade_levels', UPGRADE_LEVELS)]
