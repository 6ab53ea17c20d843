# SPDX-License-Identifier: Apache-2.0
"""Options of the cloud driver "openstack".

Those of [DEFAULT] and [network] have the names of released Trove.
"""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'cloud_openstack'
NETWORK_GROUP = 'network'

#: Prefix of the options of a service, its name, and its service type.
_SERVICES = (
    ('nova_compute', 'nova', 'Nova', 'compute'),
    ('neutron', 'neutron', 'Neutron', 'network'),
    ('cinder', 'cinder', 'Cinder', 'volumev3'),
    ('glance', 'glance', 'Glance', 'image'),
)


def _service(prefix: str, short: str, title: str, kind: str) -> list[cfg.Opt]:
    appended = '' if short in ('neutron', 'glance') else (
        ' The ID of the project of the services is appended.'
    )
    return [
        cfg.URIOpt(
            f'{prefix}_url',
            schemes=['http', 'https'],
            help=f'URL of {title}.{appended} Unset, it is taken from the '
            'service catalog.',
        ),
        cfg.StrOpt(
            f'{prefix}_service_type',
            default=kind,
            help=f'Type of {title} in the service catalog.',
        ),
        cfg.StrOpt(
            f'{prefix}_endpoint_type',
            default='publicURL',
            help=f'Kind of URL of {title} to take from the service catalog: '
            'publicURL, internalURL or adminURL.',
        ),
        cfg.BoolOpt(
            f'{short}_api_insecure',
            default=False,
            help=f'Do not verify the certificate of {title}. Whoever is '
            'between can then act as the services: for tests only.',
        ),
    ]


DEFAULT_OPTS: list[cfg.Opt] = [
    *(option for service in _SERVICES for option in _service(*service)),
    cfg.StrOpt(
        'nova_client_version',
        default='2.57',
        regex=r'^2\.[0-9]+$',
        help='Microversion of Nova. The driver needs 2.57, the one of Queens, '
        'or a later one.',
    ),
    cfg.StrOpt(
        'cinder_client_version',
        default='3',
        regex=r'^3(\.[0-9]+)?$',
        help='Microversion of Cinder. "3" means 3.42, the lowest that '
        'enlarges volumes which are in use.',
    ),
    cfg.ListOpt(
        'management_networks',
        default=[],
        deprecated_name='default_neutron_networks',
        help='IDs of networks in which guest agents reach the message broker. '
        'Each server gets a port in the last of them, besides that of its '
        'user. Unset, guest agents use the network of the user.',
    ),
    cfg.ListOpt(
        'management_security_groups',
        default=[],
        help='IDs of the security groups of the ports in the management '
        'network. Unset, these ports share a group without rules for '
        'ingress. Where an instance has no other port, it is the group of '
        'the instance.',
    ),
    cfg.BoolOpt(
        'trove_security_groups_support',
        default=True,
        help='Make a security group for each instance, which lets the ports '
        'of its datastore be reached from its allowed_cidrs only. If false, '
        'the default group of the project of the services applies, and '
        'requests with allowed_cidrs are refused.',
    ),
    cfg.StrOpt(
        'trove_security_group_name_prefix',
        default='trove_sg',
        help='Prefix of the names of security groups. Groups with another '
        'prefix are not found again: do not change it while there are '
        'instances.',
    ),
    cfg.StrOpt(
        'trove_security_group_rule_cidr',
        default='0.0.0.0/0',
        help='Network from which an instance without allowed_cidrs is '
        'reached.',
    ),
    cfg.StrOpt(
        'nova_keypair',
        help='Name of a key pair of the user in [service_credentials], for '
        'logins of operators to servers. Unset: none.',
    ),
    cfg.BoolOpt(
        'use_nova_server_config_drive',
        default=False,
        help='Give servers their files by a config drive. If false, they ask '
        'the metadata service, which the management network must reach.',
    ),
    cfg.StrOpt(
        'cinder_volume_type',
        help='Type of volumes when the request names none. Unset, Cinder '
        'chooses.',
    ),
    cfg.StrOpt(
        'block_device_mapping',
        default='vdb',
        help='Name of the device of the volume that Nova is asked for.',
    ),
    cfg.StrOpt(
        'device_path',
        default='/dev/vdb',
        help='Path of the device of the volume in the server.',
    ),
    cfg.BoolOpt(
        'enable_volume_az',
        default=False,
        help='Make the volume in the availability zone of the request, which '
        'Cinder must have under the same name. If false, Cinder chooses.',
    ),
    cfg.BoolOpt(
        'volume_rootdisk_support',
        default=False,
        help='Put the root disk of servers on a volume too. Nova makes it of '
        'the image and deletes it with the server.',
    ),
    cfg.IntOpt(
        'volume_rootdisk_size',
        default=10,
        min=1,
        help='Size in GiB of such a root disk.',
    ),
    cfg.IntOpt(
        'volume_time_out',
        default=60,
        min=1,
        mutable=True,
        help='Timeout in seconds for Cinder to make, enlarge or detach a '
        'volume.',
    ),
    cfg.IntOpt(
        'server_delete_time_out',
        default=60,
        min=1,
        mutable=True,
        help='Timeout in seconds for Nova to delete a server.',
    ),
    cfg.IntOpt(
        'revert_time_out',
        default=60 * 10,
        min=1,
        mutable=True,
        help='Timeout in seconds for Nova to give a server its old flavor '
        'back.',
    ),
    cfg.StrOpt(
        'cloudinit_location',
        default='/etc/trove/cloudinit',
        help='Directory of cloud-config files that are merged into the user '
        'data of servers, by the name of the datastore, such as '
        'mysql.cloudinit. Their write_files are appended, their other keys '
        'win.',
    ),
    cfg.StrOpt(
        'injected_config_location',
        default='/etc/trove/conf.d',
        help='Directory in servers for the configuration of the guest agent, '
        'which its unit names with --config-dir.',
    ),
    cfg.StrOpt(
        'injected_config_owner',
        default='root',
        help='User that owns these files in servers. The guest agent must be '
        'able to read them, and the image must have the user: cloud-init '
        'writes no files for an unknown one, and the agent does not start. '
        'Images of releases up to 26 want ubuntu, which was the default '
        'there.',
    ),
    cfg.StrOpt(
        'injected_config_group',
        default='root',
        help='Group of these files in servers.',
    ),
]

NETWORK_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'public_network_id',
        help='ID of the external network of floating IPs. Unset, it is the '
        'first external network of Neutron.',
    ),
    cfg.BoolOpt(
        'enable_access_check',
        default=True,
        help='Refuse an instance in a subnet without a router, which nobody '
        'outside of it could reach.',
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'timeout',
        default=60,
        min=1,
        help='Timeout in seconds for one answer of the cloud.',
    ),
    cfg.IntOpt(
        'retries',
        default=4,
        min=0,
        mutable=True,
        help='Maximum number of retries of one request, backing off from '
        '0.5 s to 8 s. Requests are repeated only where that cannot make '
        'something twice.',
    ),
    cfg.FloatOpt(
        'poll_interval',
        default=1.0,
        min=0.05,
        mutable=True,
        help='Seconds between two looks at what the cloud is asked for, for '
        'example a server that is being resized.',
    ),
    cfg.IntOpt(
        'cache_time',
        default=60,
        min=0,
        help='Seconds for which flavors and volume types are remembered.',
    ),
    cfg.ListOpt(
        'image_owners',
        default=[],
        help='IDs of projects, besides the one of the services, whose images '
        'datastore versions find by their tags. Whoever can upload an image '
        'in one of them can become the guest agent of every new instance.',
    ),
    cfg.BoolOpt(
        'nics_required',
        default=False,
        help='Refuse a new instance without "nics", unless it is a replica, '
        'which is in the network of its primary then. If false, as in '
        'release 26.0, it has a port in the management network only, where '
        'users rarely reach it.',
    ),
]


def _datastore(ports: str) -> list[cfg.Opt]:
    return [
        cfg.ListOpt(
            'tcp_ports',
            default=[ports],
            help='TCP ports of the database that its users may reach: '
            'numbers, or ranges such as 3306-3310.',
        ),
        cfg.ListOpt(
            'udp_ports',
            default=[],
            help='UDP ports of the database that its users may reach.',
        ),
    ]


#: By the group of a datastore.
DATASTORE_OPTS: dict[str, list[cfg.Opt]] = {
    'mariadb': _datastore('3306'),
    'mysql': _datastore('3306'),
    'postgresql': _datastore('5432'),
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(DEFAULT_OPTS)
    conf.register_opts(NETWORK_OPTS, group=NETWORK_GROUP)
    conf.register_opts(OPTS, group=GROUP)
    for group, options in DATASTORE_OPTS.items():
        conf.register_opts(options, group=group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [
        ('DEFAULT', DEFAULT_OPTS),
        (NETWORK_GROUP, NETWORK_OPTS),
        (GROUP, OPTS),
        *DATASTORE_OPTS.items(),
    ]
