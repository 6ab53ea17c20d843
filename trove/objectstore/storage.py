# SPDX-License-Identifier: Apache-2.0
"""Storage drivers of backups, for the control plane.

A storage driver opens an object store for the task managers, and grants guest
agents the access for one backup, for :func:`trove.objectstore.open_store`.
Add a driver to :data:`DRIVERS`.
"""

from __future__ import annotations

from collections.abc import Collection

from oslo_config import cfg

from trove.common import exception
from trove.objectstore import _storage
from trove.objectstore import _storage_s3
from trove.objectstore import _storage_swift

Storage = _storage.Storage

DRIVERS: dict[str, type[Storage]] = {
    each.name: each
    for each in (
        _storage.LocalStorage,
        _storage_s3.S3Storage,
        _storage_swift.SwiftStorage,
    )
}


def choose(
    conf: cfg.ConfigOpts, name: str | None, also: Collection[str] = ()
) -> str:
    """Return the storage driver of a new backup.

    :param name: from the request; None: the default one
    :param also: drivers that are no object stores
    :raises BadRequest: it is not available
    :raises NotSupported: the default one is not available
    """
    allowed = conf.storage_drivers or [conf.storage_strategy]
    offered = [each for each in allowed if each in (*DRIVERS, *also)]
    wanted: str = name or conf.storage_strategy
    if wanted in offered:
        return wanted
    there = ', '.join(offered)
    if name:
        raise exception.BadRequest(
            f'storage_driver is "{name[:40]}", which is not available here; '
            f'available: {there or "none"}.'
        )
    raise exception.NotSupported(
        f'The default storage driver of backups, "{wanted}", is not '
        f'available here; name one as storage_driver: {there or "none"}.'
    )


def load(
    conf: cfg.ConfigOpts, name: str | None, project_id: str
) -> Storage:
    """Return the storage driver of a backup.

    :param name: None, as in rows of old releases: the default one
    :param project_id: of the project that owns the backup
    :raises ConfigurationError: the driver does not exist
    """
    wanted = name or conf.storage_strategy
    if wanted not in DRIVERS:
        raise exception.ConfigurationError(
            option='[DEFAULT] storage_strategy',
            value=wanted,
            remedy=f'no storage driver has this name. Known: '
            f'{", ".join(sorted(DRIVERS))}.',
        )
    return DRIVERS[wanted](conf, project_id)
