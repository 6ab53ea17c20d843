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
        help='Timeout in seconds for the database of a new instance to run, '
        'counted from the creation of its server. After that the instance '
        'gets the status ERROR and a fault.',
    ),
    cfg.IntOpt(
        'reboot_time_out',
        default=60 * 2,
        min=1,
        mutable=True,
        help='Timeout in seconds for a server to be rebooted or stopped, and '
        'again for its database to run after that or after a restart.',
    ),
    cfg.IntOpt(
        'resize_time_out',
        default=60 * 15,
        min=1,
        mutable=True,
        help='Timeout in seconds for a server to be resized, migrated or '
        'rebuilt, for which the host may have to download the image, and '
        'again for the database of the instance to run after that.',
    ),
    cfg.BoolOpt(
        'online_volume_resize',
        default=True,
        mutable=True,
        help='Enlarge volumes while they are in use. If false, the database '
        'is stopped and its volume detached from the server meanwhile, for '
        'clouds that enlarge no volume in use.',
    ),
    cfg.StrOpt(
        'guest_config',
        help='Path of a file whose settings are appended to the '
        'trove-guestagent.conf of every new instance. They override those '
        'that the task manager writes. Every guest can read them: a file that '
        'sets transport_url, a password or another secret is refused.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'guest_transport_url',
        secret=True,
        help='transport_url of guest agents, if they use another address or '
        'account of the message broker than the task manager. Default: the '
        'transport_url of the task manager.',
    ),
    cfg.IntOpt(
        'guest_first_heartbeat_timeout',
        default=60 * 10,
        min=1,
        mutable=True,
        help='Timeout in seconds for the first heartbeat of the guest agent '
        'of a new instance; capped at usage_timeout.',
    ),
    cfg.FloatOpt(
        'poll_interval',
        default=0.02,
        min=0.01,
        mutable=True,
        help='Seconds between two polls of a state that a workflow waits for. '
        'The interval grows with the time waited, up to fifty times the '
        'value.',
    ),
    cfg.IntOpt(
        'delete_stop_timeout',
        default=5,
        min=0,
        mutable=True,
        help='Timeout in seconds for a clean stop of the database of an '
        'instance that is deleted. 0: no clean stop.',
    ),
    cfg.IntOpt(
        'delete_retry_interval',
        default=5 * 60,
        min=0,
        mutable=True,
        help='Seconds after which a deletion that failed is tried again by '
        'itself, until nothing of the instance is left. The delay doubles '
        'with each attempt, up to twelve times the value. 0: never.',
    ),
    cfg.IntOpt(
        'promote_lag_timeout',
        default=30,
        min=1,
        mutable=True,
        help='Seconds within which a replica must receive and apply what its '
        'primary writes when the promotion begins. A replica that lags behind '
        'further, or receives nothing, is not promoted, as its primary would '
        'be read-only for longer.',
    ),
    cfg.IntOpt(
        'repeatable_queue_timeout',
        deprecated_name='queue_patience',
        default=15,
        min=1,
        mutable=True,
        help='Seconds after which a task manager with free capacity starts a '
        'requested deletion, restart or reboot whose message did not arrive, '
        'because the task manager that received it died.',
    ),
    cfg.IntOpt(
        'queue_timeout',
        default=60,
        min=1,
        mutable=True,
        help='Seconds after which a creation or a resize whose message did '
        'not arrive is started from its row, if the task managers that may '
        'have received the message are gone; it fails with a fault if the row '
        'is incomplete. While one of them is alive, usage_timeout applies '
        'instead.',
    ),
    cfg.IntOpt(
        'database_retries',
        default=60,
        min=0,
        mutable=True,
        help='Maximum number of database retries of a workflow, backing off '
        'from 0.1 s to 10 s. After that the workflow is suspended until the '
        'database is back.',
    ),
    cfg.FloatOpt(
        'log_archive_interval',
        default=60.0,
        min=0.1,
        mutable=True,
        help='Seconds between two pieces of the log of changes that a guest '
        'agent stores where it is archived: about so much is lost with a '
        'volume. For PostgreSQL each piece is at least a few KiB.',
    ),
    cfg.IntOpt(
        'recovery_workers',
        default=8,
        min=1,
        help='Maximum number of concurrent workflows that are resumed for '
        'other task managers which left them unfinished; of a project, half '
        'as many.',
    ),
    cfg.IntOpt(
        'max_jobs_per_project',
        default=16,
        min=1,
        mutable=True,
        help='Maximum number of concurrent workflows of a project in a task '
        'manager. Others of the project wait for their turn, in the order of '
        'the requests, without a thread. Deletions and ejections do not count '
        'among them: they have as many threads of their own. Keep it well '
        'below executor_thread_pool_size, so that a project whose guest '
        'agents answer slowly does not hold all threads.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=45,
        min=0,
        mutable=True,
        help='Timeout in seconds for running workflows to finish when the '
        'task manager is stopped. Unfinished ones are left to the other task '
        'managers at once, or to this one after its restart. Keep it below '
        'the timeout of the init system (systemd: TimeoutStopSec, 90).',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', DEFAULT_OPTS), (GROUP, OPTS)]
