# SPDX-License-Identifier: Apache-2.0
"""Options of backups."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.ListOpt(
        'storage_drivers',
        default=[],
        help='Storage drivers that users may choose for a backup. Default: '
        'storage_strategy only. Besides its values there is "cinder": a '
        'snapshot of the volume, with [cloud] driver = openstack.',
    ),
    cfg.StrOpt(
        'replica_snapshot_driver',
        choices=['cinder', 'swift', 'local', 's3'],
        mutable=True,
        help='Storage driver of the backups that replicas are built from. '
        'Default: storage_strategy. With "cinder", the volume of a replica is '
        'made from a snapshot of that of its primary, with [cloud] driver = '
        'openstack. A primary without a volume has storage_strategy.',
    ),
    cfg.IntOpt(
        'running_backups_expires',
        default=3,
        min=1,
        mutable=True,
        help='Number of days without a report of its guest agent after which '
        'a backup that is being made can be deleted.',
    ),
    cfg.IntOpt(
        'backups_page_size',
        default=20,
        min=1,
        mutable=True,
        help='Maximum number of backups in a page of the list.',
    ),
    cfg.IntOpt(
        'restore_usage_timeout',
        default=60 * 60 * 10,
        min=1,
        mutable=True,
        help='Timeout in seconds for the database of a new instance to run '
        'when it is made from a backup; takes the place of usage_timeout.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
