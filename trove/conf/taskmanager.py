# SPDX-License-Identifier: Apache-2.0
"""Options of the task manager and its workflows."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'taskmanager'

DEFAULT_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'usage_timeout',
        default=60 * 30,
        min=1,
        mutable=True,
        help='Seconds that a new instance has until its database runs, '
        'counted from the creation of its server. After that the instance '
        'gets the status ERROR and a fault.',
    ),
    cfg.IntOpt(
        'reboot_time_out',
        default=60 * 2,
        min=1,
        mutable=True,
        help='Seconds that a database has until it runs again after its '
        'server was rebooted or it was restarted.',
    ),
    cfg.IntOpt(
        'resize_time_out',
        default=60 * 15,
        min=1,
        mutable=True,
        help='Seconds that an instance has until its database runs again '
        'after its server was given another flavor.',
    ),
    cfg.StrOpt(
        'guest_config',
        help='Path of a file whose settings are added to the '
        'trove-guestagent.conf of every new instance, after those that the '
        'task manager writes by itself, so that they win.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'guest_transport_url',
        secret=True,
        help='The transport_url that guest agents get, when they reach the '
        'message broker at another address or with another account than the '
        'task manager. Default: the transport_url of the task manager.',
    ),
    cfg.IntOpt(
        'guest_first_heartbeat_timeout',
        default=60 * 10,
        min=1,
        mutable=True,
        help='Seconds in which the guest agent of a new instance has to '
        'report for the first time; never longer than usage_timeout.',
    ),
    cfg.FloatOpt(
        'poll_interval',
        default=0.02,
        min=0.01,
        mutable=True,
        help='Seconds between two looks at something that a workflow waits '
        'for. It grows with the time waited, up to fifty times as much.',
    ),
    cfg.IntOpt(
        'delete_stop_timeout',
        default=5,
        min=0,
        mutable=True,
        help='Seconds that the database of an instance that is deleted gets '
        'to stop by itself. 0: it is not asked to.',
    ),
    cfg.IntOpt(
        'queue_patience',
        default=15,
        min=1,
        mutable=True,
        help='Seconds after which a task manager that has room for more '
        'begins a deletion, restart or reboot that was asked for, although '
        'its message has not come: another one took it and died.',
    ),
    cfg.IntOpt(
        'queue_timeout',
        default=60,
        min=1,
        mutable=True,
        help='Seconds after which a creation or a resize whose message has '
        'not come is begun without it, when the task managers that may have '
        'taken the message are gone; or it ends with a fault, when its row '
        'does not say all that is needed. When one of them is still there '
        'it is usage_timeout.',
    ),
    cfg.IntOpt(
        'database_retries',
        default=60,
        min=0,
        mutable=True,
        help='How often what a workflow reads or writes is tried again while '
        'the database does not work, first after a tenth of a second, then '
        'more and more seldom, up to every ten seconds. After that the work '
        'rests until the database is back.',
    ),
    cfg.IntOpt(
        'recovery_workers',
        default=8,
        min=1,
        help='How many workflows that another task manager has left '
        'unfinished are carried on at the same time.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=45,
        min=0,
        mutable=True,
        help='Seconds that running workflows get to finish when the task '
        'manager is stopped. What is unfinished then is left to the other '
        'task managers at once, or to this one after its restart. Keep it '
        'below the time after which the init system kills a service that '
        'does not stop (systemd: TimeoutStopSec, 90).',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', DEFAULT_OPTS), (GROUP, OPTS)]
