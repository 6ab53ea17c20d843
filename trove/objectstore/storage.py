# SPDX-License-Identifier: Apache-2.0
"""What the control plane does about the storage of backups.

A storage driver lets the task managers use an object store, and gives guest
agents what they need for one backup: :func:`trove.objectstore.open_store`
makes a store of it.
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

    :param context: of the user, for what is done in the user's name
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
        """Return what a guest needs to write objects that begin so.

        The container is made if it is not there.
        """

    @abc.abstractmethod
    def reading(self, location: str) -> dict[str, Any]:
        """Return what a guest needs to read an object and its parents."""


class LocalStorage(Storage):
    """A directory of this machine."""

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

    :param name: as the user names it; None: the default one
    :raises BadRequest: users may not choose it
    :raises NotSupported: there is no default one here
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

    :param name: None, as rows of old releases have it: the default one
    :raises ConfigurationError: there is no such driver
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
