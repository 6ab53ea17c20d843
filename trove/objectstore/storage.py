# SPDX-License-Identifier: Apache-2.0
"""Storage drivers of backups, for the control plane.

A storage driver opens an object store for the task managers, and grants guest
agents the access for one backup, for :func:`trove.objectstore.open_store`.
"""

from __future__ import annotations

import abc
from typing import Any

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.objectstore import base
from trove.objectstore import loading


class Storage(abc.ABC):
    """A storage driver.

    :param context: of the user, whose credentials are used
    """

    name: str

    def __init__(
        self, conf: cfg.ConfigOpts, context: trove_context.TroveContext
    ) -> None:
        self._conf = conf
        self._context = context

    @abc.abstractmethod
    def store(self) -> base.Store:
        """Return the object store, for the control plane."""

    @abc.abstractmethod
    def writing(self, container: str, name: str) -> dict[str, Any]:
        """Return the access to write objects with a prefix.

        A missing container is created.
        """

    @abc.abstractmethod
    def reading(self, location: str) -> dict[str, Any]:
        """Return the access to read an object and its parents."""


class LocalStorage(Storage):
    """A directory of this host."""

    name = 'local'

    def store(self) -> base.Store:
        return loading.load(self._conf, self.name)

    def writing(self, container: str, name: str) -> dict[str, Any]:
        return self._access()

    def reading(self, location: str) -> dict[str, Any]:
        return self._access()

    def _access(self) -> dict[str, Any]:
        options = self._conf.objectstore
        return {
            'driver': self.name,
            'directory': options.local_directory,
            'min_free': options.local_min_free << 20,
        }


DRIVERS: dict[str, type[Storage]] = {LocalStorage.name: LocalStorage}


def choose(conf: cfg.ConfigOpts, name: str | None) -> str:
    """Return the storage driver of a new backup.

    :param name: from the request; None: the default one
    :raises BadRequest: it is not available
    :raises NotSupported: the default one is not available
    """
    offered = [each for each in conf.storage_drivers if each in DRIVERS]
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
    conf: cfg.ConfigOpts, context: trove_context.TroveContext, name: str | None
) -> Storage:
    """Return the storage driver of a backup.

    :param name: None, as in rows of old releases: the default one
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
    return DRIVERS[wanted](conf, context)
