# SPDX-License-Identifier: Apache-2.0
"""Options of where certificates of databases are read from."""

from __future__ import annotations

from oslo_config import cfg

GROUP = 'certificates'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'driver',
        default='barbican',
        choices=['barbican', 'directory'],
        help='Where the API reads the certificates that users name. '
        '"barbican": from Barbican, with the token of the user. "directory": '
        'from a directory of this machine, whose certificates all users of '
        'the API may use.',
    ),
    cfg.StrOpt(
        'directory',
        default='/etc/trove/certificates',
        help='Directory of the driver "directory". Users name files in it.',
    ),
    cfg.URIOpt(
        'barbican_url',
        schemes=['http', 'https'],
        help='URL of Barbican. Unset, it is taken from the service catalog of '
        'the request.',
    ),
    cfg.StrOpt(
        'cafile',
        help='File with the certificates that verify that of Barbican. Unset, '
        'those of the system.',
    ),
    cfg.IntOpt(
        'timeout',
        default=10,
        min=1,
        help='Number of seconds that Barbican may take for an answer.',
    ),
    cfg.IntOpt(
        'change_timeout',
        default=120,
        min=1,
        help='Number of seconds that a request waits until an instance and '
        'its replicas have another certificate. What takes longer is done '
        'nevertheless.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
