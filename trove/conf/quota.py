# SPDX-License-Identifier: Apache-2.0
"""Options of the quotas: what a project may have unless told otherwise."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'max_instances_per_tenant',
        default=10,
        min=-1,
        help='How many instances a project may have. -1 is unlimited. An '
        'administrator can give a project a limit of its own.',
    ),
    cfg.IntOpt(
        'max_ram_per_tenant',
        default=-1,
        min=-1,
        help='How much memory, in MiB, the instances of a project may have '
        'together. -1 is unlimited.',
    ),
    cfg.IntOpt(
        'max_volumes_per_tenant',
        default=40,
        min=-1,
        help='How large, in GiB, the volumes of a project may be together. '
        '-1 is unlimited.',
    ),
    cfg.IntOpt(
        'max_backups_per_tenant',
        default=50,
        min=-1,
        help='How many backups a project may have. -1 is unlimited.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
