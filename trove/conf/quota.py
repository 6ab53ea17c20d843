# SPDX-License-Identifier: Apache-2.0
"""Options of the quotas: the default limits of a project."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'max_instances_per_tenant',
        default=10,
        min=-1,
        help='Maximum number of instances per project. -1 is unlimited. An '
        'administrator can override it for a project.',
    ),
    cfg.IntOpt(
        'max_ram_per_tenant',
        default=-1,
        min=-1,
        help='Maximum memory of all instances of a project, in MiB. -1 is '
        'unlimited.',
    ),
    cfg.IntOpt(
        'max_volumes_per_tenant',
        default=40,
        min=-1,
        help='Maximum size of all volumes of a project, in GiB. -1 is '
        'unlimited.',
    ),
    cfg.IntOpt(
        'max_backups_per_tenant',
        default=50,
        min=-1,
        help='Maximum number of backups per project. -1 is unlimited.',
    ),
    cfg.IntOpt(
        'max_configurations_per_tenant',
        default=100,
        min=-1,
        help='Maximum number of configuration groups per project. -1 is '
        'unlimited.',
    ),
    cfg.IntOpt(
        'max_modules_per_tenant',
        default=100,
        min=-1,
        help='Maximum number of modules per project, without those of '
        'administrators for all projects. -1 is unlimited.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
