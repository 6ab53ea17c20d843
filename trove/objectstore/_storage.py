# SPDX-License-Identifier: Apache-2.0
"""The base of the storage drivers, and the driver ``local``."""

from __future__ import annotations

import abc
from collections.abc import Sequence
import dataclasses
import time
from typing import Any

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import numbered
from trove.objectstore import _names
from trove.objectstore import base
from trove.objectstore import loading

#: Bytes of a log that a guest may store at once, at most.
_LOG_SIZE = 64 << 30


class Storage(abc.ABC):
    """A storage driver.

    What a guest agent gets is for messages, and may have a secret: do not
    log it. Its entry ``expires``, if it has one, is the time in seconds since
    the epoch from which on it is not valid; get another one before.

    :param project_id: of the project that owns the backup
    :cvar signs_names: whether guests may write only objects that were named
    """

    name: str
    signs_names = False

    def __init__(self, conf: cfg.ConfigOpts, project_id: str) -> None:
        self._conf = conf
        self._project_id = project_id

    @abc.abstractmethod
    def store(self, location: str | None = None) -> base.Store:
        """Return the object store, for the control plane.

        :param location: of an object that is to be used, if it may be
            elsewhere than new ones
        """

    @abc.abstractmethod
    def writing(
        self,
        container: str,
        name: str,
        *,
        size: int,
        parent: str | None = None,
    ) -> dict[str, Any]:
        """Return the access to write objects with a prefix.

        A missing container is created.

        :param size: in bytes, of what is stored at most; a store that cannot
            limit it ignores it, and task managers look at :meth:`stored`
        :param parent: the location of the backup that it continues
        """

    def stored(self, container: str, name: str) -> int:
        """Return how many bytes there are of a backup that is being made."""
        return sum(
            entry.size
            for entry in self.store().entries(container, name)
            if _names.is_of(name, entry.name)
        )

    def needs_renewal(self, expires: float | None) -> bool:
        """Return whether an access to write is at its half."""
        half = self._conf.objectstore.signed_lifetime / 2
        return expires is not None and time.time() > expires - half

    @abc.abstractmethod
    def reading(self, heads: Sequence[base.Head]) -> dict[str, Any]:
        """Return the access to read a backup and those that it continues.

        :param heads: as :meth:`store` has them, a full backup last
        """

    @abc.abstractmethod
    def reading_all(
        self, container: str, prefix: str, names: numbered.Names
    ) -> dict[str, Any]:
        """Return the access to read objects in a row.

        :param prefix: that their names have in common
        """

    def appending(
        self, container: str, prefix: str, names: Sequence[numbered.Names]
    ) -> dict[str, Any]:
        """Return the access to write the next objects of a log.

        A missing container is created.

        :param prefix: that their names have in common
        :param names: of the objects that may be written at least
        """
        return self.writing(container, prefix, size=_LOG_SIZE)

    def publishing(
        self, container: str, prefix: str, *, size: int
    ) -> dict[str, Any]:
        """Return the access to publish a log for users.

        :raises trove.common.exception.NotSupported: the store cannot keep it
            for a while only
        """
        return self.writing(container, prefix, size=size)

    def check(self, context: trove_context.TroveContext) -> None:
        """Return when a user may use the store, and it can be reached.

        :raises trove.common.exception.TroveError: which of them is not so
        """
        self.store().check()

    def head(
        self, context: trove_context.TroveContext, location: str
    ) -> base.Head:
        """Return the metadata of an object, if a user may see it.

        :param location: from a request: it may be anything
        :raises trove.common.exception.BadRequest: it is not an object of the
            project
        """
        raise exception.BadRequest(
            reason=f'storage driver "{self.name}" does not register what '
            'another Trove has stored; use "swift".'
        )

    def for_released(
        self,
        context: trove_context.TroveContext,
        location: str | None = None,
    ) -> dict[str, Any]:
        """Return what is added to ``backup_info`` for released guests.

        They use the token of the user.

        :param location: of what is to be read; None: a new one is written
        :raises trove.common.exception.NotSupported: they cannot use it
        """
        raise exception.NotSupported(
            f'The guest agents of releases up to 26 cannot use the storage '
            f'driver "{self.name}". Upgrade the guest agent of the instance, '
            'or name "swift" as storage_driver.'
        )


def known(heads: Sequence[base.Head]) -> list[dict[str, Any]]:
    """Return what a guest is told of objects, whose metadata it cannot see."""
    return [dataclasses.asdict(head) for head in heads]


class LocalStorage(Storage):
    """A directory of this host."""

    name = 'local'

    def store(self, location: str | None = None) -> base.Store:
        return loading.load(self._conf, self.name)

    def writing(
        self,
        container: str,
        name: str,
        *,
        size: int,
        parent: str | None = None,
    ) -> dict[str, Any]:
        return self._access()

    def reading(self, heads: Sequence[base.Head]) -> dict[str, Any]:
        return self._access()

    def reading_all(
        self, container: str, prefix: str, names: numbered.Names
    ) -> dict[str, Any]:
        return self._access()

    def _access(self) -> dict[str, Any]:
        options = self._conf.objectstore
        return {
            'driver': self.name,
            'directory': options.local_directory,
            'min_free': options.local_min_free << 20,
        }
