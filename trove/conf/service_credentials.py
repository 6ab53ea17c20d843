# SPDX-License-Identifier: Apache-2.0
"""Options of the user that the services are for other services."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'service_credentials'

#: With the names of released Trove, except the last two.
OPTS: list[cfg.Opt] = [
    cfg.URIOpt(
        'auth_url',
        schemes=['http', 'https'],
        sample_default='http://controller:5000/v3',
        help='URL of Keystone. The options of this group are the user as whom '
        'the API and the task managers use Swift, and whose token they renew '
        'themselves. Do not give them to guest agents.',
    ),
    cfg.StrOpt(
        'username',
        default='',
        help='Name of the user. It needs the role reseller_admin_role of the '
        'filter keystoneauth of Swift, which is ResellerAdmin by default, '
        'because backups are in the accounts of the projects that own the '
        'instances.',
    ),
    cfg.StrOpt(
        'password',
        default='',
        secret=True,
        help='Password of the user.',
    ),
    cfg.StrOpt(
        'project_id',
        default='',
        help='ID of the project of the user. Unset, project_name is used.',
    ),
    cfg.StrOpt(
        'project_name',
        default='service',
        help='Name of the project of the user.',
    ),
    cfg.StrOpt(
        'user_domain_name',
        default='Default',
        help='Name of the domain of the user.',
    ),
    cfg.StrOpt(
        'project_domain_name',
        default='Default',
        help='Name of the domain of the project.',
    ),
    cfg.StrOpt(
        'region_name',
        default='RegionOne',
        help='Region of the endpoints to take from the service catalog.',
    ),
    cfg.StrOpt(
        'cafile',
        help='CA bundle that verifies the certificate of Keystone. Default: '
        'the bundle of requests.',
    ),
    cfg.BoolOpt(
        'insecure',
        default=False,
        help='Do not verify the certificate of Keystone. Whoever is between '
        'the services and Keystone can then read the password: for tests '
        'only.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
