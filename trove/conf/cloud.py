# SPDX-License-Identifier: Apache-2.0
"""Options of the cloud driver."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'cloud'
LOCAL_GROUP = 'cloud_local'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'driver',
        default='local',
        help='Where instances live. "local": each instance is a directory '
        'and a few processes of this machine, which does not separate '
        'projects from each other: only for people who trust each other. '
        '"noop": instances are only remembered, for tests.',
    ),
]

LOCAL_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'state_dir',
        sample_default='/var/lib/trove for root, else ~/.local/state/trove',
        help='Directory for the servers, their volumes and the table of '
        'addresses. Every task manager of this machine needs the same.',
    ),
    cfg.StrOpt(
        'network',
        default='127.42.0.0/16',
        help='Addresses for the instances, all inside 127.0.0.0/8. Each '
        'instance has its own and the standard port of its datastore.',
    ),
    cfg.PortOpt(
        'probe_port',
        default=5432,
        help='An address of the network is given to an instance only if '
        'nothing else listens on this port of it.',
    ),
    cfg.MultiStrOpt(
        'flavor',
        default=[
            '1:db.tiny:512:1:0',
            '2:db.small:1024:1:0',
            '3:db.medium:2048:2:0',
            '4:db.large:4096:2:0',
            '5:db.xlarge:8192:4:0',
        ],
        help='A flavor as ID:NAME:RAM:VCPUS:DISK, RAM in MiB and DISK in '
        'GiB. May be given several times.',
    ),
    cfg.ListOpt(
        'volume_types',
        default=[],
        help='Names of volume types, for clients that always send one. All '
        'volumes are directories, whatever their type. A request that names '
        'another type is refused.',
    ),
    cfg.ListOpt(
        'network_ids',
        default=[],
        help='UUIDs, for clients that always send a network: they all mean '
        'the one that the option network describes. A request that names '
        'another network is refused.',
    ),
    cfg.BoolOpt(
        'public_access',
        default=False,
        help='Accept "is_public": true, for clients that always send it. All '
        'addresses are of this machine, and nobody else reaches them. If '
        'false, a request for a public instance is refused.',
    ),
    cfg.StrOpt(
        'launcher',
        default='process',
        help='What runs a guest agent: an entry point of trove.cloud.local.'
        'launcher. "process" starts a process under a small supervisor that '
        'outlives the task manager.',
    ),
    cfg.ListOpt(
        'guest_command',
        sample_default='trove-guestagent, beside the Python that runs this',
        help='The guest agent and its first arguments, separated by commas; '
        'its --config-file options are added. Unset, it is the '
        'trove-guestagent beside the Python that runs the task manager.',
    ),
    cfg.StrOpt(
        'run_as',
        default='nobody',
        help='User that the databases run as when the task manager is root. '
        'Better one that nothing else runs as. It is the same for the '
        'instances of all projects: whoever may become the superuser of one '
        'database can read and change the files of all of them. An instance '
        'keeps the user that it was made with.',
    ),
    cfg.FloatOpt(
        'stop_timeout',
        default=30.0,
        min=0,
        help='Seconds that a database gets to shut down by itself when its '
        'server is stopped, before it is killed.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)
    conf.register_opts(LOCAL_OPTS, group=LOCAL_GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS), (LOCAL_GROUP, LOCAL_OPTS)]
