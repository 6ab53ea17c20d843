# SPDX-License-Identifier: Apache-2.0
"""Object stores for backups; see :mod:`.base` for the interface.

Guest agents and the control plane use them, so the package is small: no
database and no RPC.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import importlib
from typing import Any

from trove.common import exception
from trove.objectstore import base
from trove.objectstore import local


def open_store(access: Mapping[str, Any]) -> base.Store:
    """Return the store that an order names.

    :param access: ``driver`` and its parameters: ``local`` has ``directory``
        and optionally ``min_free``, in bytes; ``swift`` has either
        ``storage_url`` and ``token``, or ``signed``, a list of results of
        :func:`trove.objectstore.access.sign`, and optionally ``settings``,
        see :func:`trove.objectstore.swift.open_with`; ``s3`` has ``signed``,
        ``bucket`` and ``settings``, see
        :func:`trove.objectstore.s3_signed.open_with`
    :raises trove.common.exception.NotSupported: there is no such driver
    """
    driver = access.get('driver')
    if driver not in _DRIVERS:
        raise exception.NotSupported(what=f'Object store {driver!r}')
    return _DRIVERS[driver](access)


def _local(access: Mapping[str, Any]) -> base.Store:
    return local.LocalStore(
        access['directory'], int(access.get('min_free') or 0)
    )


def _swift(access: Mapping[str, Any]) -> base.Store:
    # It takes many MiB of memory, and most guests do not need it.
    swift = importlib.import_module('trove.objectstore.swift')
    who = importlib.import_module('trove.objectstore.access')
    store: base.Store = swift.open_with(
        who.SignedUrls(access['signed'])
        if 'signed' in access
        else who.Token(access['storage_url'], lambda: access['token']),
        access.get('settings') or {},
    )
    return store


def _s3(access: Mapping[str, Any]) -> base.Store:
    signed = importlib.import_module('trove.objectstore.s3_signed')
    store: base.Store = signed.open_with(access)
    return store


_DRIVERS: dict[Any, Callable[[Mapping[str, Any]], base.Store]] = {
    'local': _local,
    's3': _s3,
    'swift': _swift,
}
