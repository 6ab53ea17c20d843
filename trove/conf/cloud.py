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
        help='Driver for the servers and volumes of instances. "local": each '
        'instance is a directory and a few processes on this machine. It does '
        'not isolate projects from each other, so use it only for users who '
        'trust each other. "openstack": servers of Nova, volumes of Cinder, '
        'ports of Neutron. "noop": instances exist in memory only, for tests.',
    ),
]

LOCAL_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'state_dir',
        sample_default='/var/lib/trove for root, else ~/.local/state/trove',
        help='Directory for the servers, their volumes and the table of '
        'addresses. All task managers on this machine must use the same one.',
    ),
    cfg.StrOpt(
        'network',
        default='127.42.0.0/16',
        help='Network for the addresses of instances, inside 127.0.0.0/8. '
        'Each instance gets its own address and uses the standard port of its '
        'datastore.',
    ),
    cfg.PortOpt(
        'probe_port',
        default=5432,
        help='Port that must be free on an address before the address is '
        'assigned to an instance.',
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
        help='Flavor as ID:NAME:RAM:VCPUS:DISK, with RAM in MiB and DISK in '
        'GiB. May be given several times.',
    ),
    cfg.ListOpt(
        'volume_types',
        default=[],
        help='Names of accepted volume types, for clients that always send '
        'one. All volumes are directories, whatever their type. Requests with '
        'another type are refused.',
    ),
    cfg.ListOpt(
        'network_ids',
        default=[],
        help='UUIDs of accepted networks, for clients that always send one. '
        'All of them stand for the network in the option network. Requests '
        'with another network are refused.',
    ),
    cfg.BoolOpt(
        'public_access',
        default=False,
        help='Accept "is_public": true, for clients that always send it. All '
        'addresses are local to this machine and unreachable from elsewhere. '
        'If false, requests for a public instance are refused.',
    ),
    cfg.StrOpt(
        'launcher',
        default='process',
        help='Launcher of guest agents: an entry point of '
        'trove.cloud.local.launcher. "process" starts a process under a small '
        'supervisor that outlives the task manager.',
    ),
    cfg.ListOpt(
        'guest_command',
        sample_default='trove-guestagent in the directory of this Python',
        help='Command of the guest agent and its first arguments, separated '
        'by commas; its --config-file options are appended. Unset, it is '
        'trove-guestagent in the directory of the Python that runs the task '
        'manager.',
    ),
    cfg.StrOpt(
        'run_as',
        default='nobody',
        help='User that runs the databases when the task manager runs as '
        'root. Choose a user that runs nothing else. The instances of all '
        'projects share it: a user who becomes superuser of one database can '
        'read and change the files of all of them. Existing instances keep '
        'the user that they were created with.',
    ),
    cfg.FloatOpt(
        'stop_timeout',
        default=30.0,
        min=0,
        help='Seconds that a database may take to shut down when its server '
        'is stopped, before it is killed.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)
    conf.register_opts(LOCAL_OPTS, group=LOCAL_GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS), (LOCAL_GROUP, LOCAL_OPTS)]
