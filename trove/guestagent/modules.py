# SPDX-License-Identifier: Apache-2.0
"""The modules of this instance: applied, listed, removed.

One file holds a module and how it went, so that it can be listed and removed
by an agent that was started anew. What a module does is up to the drivers,
whatever the datastore.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import logging
import pathlib
import re
import threading
from typing import Any
from typing import Final

from oslo_utils import timeutils

from trove.common import exception
from trove.common import text as texts
from trove.guestagent import module_drivers
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: What an answer tells of a module as it was ordered.
_TOLD: Final = (
    *('id', 'name', 'type', 'md5', 'tenant', 'datastore'),
    *('datastore_version', 'auto_apply', 'visible', 'is_admin'),
)

_ALL: Final = 'all'

#: An id or a type becomes the name of a file.
_PLAIN = re.compile(r'[A-Za-z0-9_-]{1,64}')


class Modules:
    """What was applied, in a directory. Safe for threads."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()

    def list_(
        self, admin: bool = False, contents: bool = False
    ) -> list[dict[str, Any]]:
        """Return what was applied and not removed, the latest first.

        :param admin: whether to show what only administrators see
        :param contents: also return the contents, base64; those of modules
            of administrators only to them
        """
        found = []
        for stored in self._stored():
            if stored['removed'] or not (admin or stored['visible']):
                continue
            if not contents:
                stored['contents'] = None
            elif stored['is_admin'] and not admin:
                stored['contents'] = base64.b64encode(
                    b'Only administrators see the contents of this module.'
                ).decode()
            found.append(stored)
        return sorted(found, key=lambda each: each['updated'], reverse=True)

    def apply(self, modules: Sequence[Any]) -> list[dict[str, Any]]:
        """Apply modules in their order; what fails holds no other up.

        :param modules: as they travel, each ``{'module': {...}}`` with the
            contents in base64
        :returns: of each, how it went: ``status`` is OK or ERROR
        :raises BadRequest: one is malformed; none is applied
        """
        ordered = sorted((_read(each) for each in modules), key=_rank)
        with self._lock:
            return [self._apply(each) for each in ordered]

    def remove(self, module: Any) -> None:
        """Remove a module.

        :param module: as it travels, contents apart
        :raises NotFound: it was not applied
        :raises BadRequest: it is malformed
        """
        wanted = _module(module)
        path = self._path(wanted)
        with self._lock:
            stored = files.read_json(path)
            if not stored or stored['removed']:
                raise exception.NotFound(
                    f'Module {wanted["id"]} is not applied.'
                )
            driver = module_drivers.DRIVERS.get(stored['type'])
            if driver is not None:
                driver.remove(_decode(stored['contents']))
            files.write_json(path, {**stored, 'removed': _now()})
        LOG.info('Removed module %s of type %s.', path.stem, stored['type'])

    def _apply(self, module: Mapping[str, Any]) -> dict[str, Any]:
        path = self._path(module)
        now = _now()
        status, message = _carry_out(module)
        result = {
            **{key: module.get(key) for key in _TOLD},
            'created': files.read_json(path).get('created', now),
            'updated': now,
            'removed': None,
            'status': status,
            'message': message,
        }
        files.private_directory(self._directory)
        files.private_directory(path.parent)
        files.write_json(path, {**result, 'contents': module['contents']})
        log = LOG.info if status == 'OK' else LOG.warning
        log(
            'Module %s of type %s: %s, %s',
            path.stem,
            module['type'],
            status,
            message,
        )
        return {**result, 'contents': None}

    def _stored(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self._directory.glob('*/*.json')):
            stored = files.read_json(path)
            if stored:
                yield stored

    def _path(self, module: Mapping[str, Any]) -> pathlib.Path:
        folder = self._directory / str(module['type'])
        return folder / f'{module["id"]}.json'


def _carry_out(module: Mapping[str, Any]) -> tuple[str, str]:
    driver = module_drivers.DRIVERS.get(module['type'])
    if driver is None:
        there = ', '.join(sorted(module_drivers.DRIVERS))
        return 'ERROR', (
            f'The guest agent has no driver for the type "{module["type"]}"; '
            f'it has: {there}.'
        )
    try:
        message = driver.apply(_decode(module['contents']))
    except (exception.TroveError, OSError) as error:
        return 'ERROR', texts.printable(str(error))
    return 'OK', texts.printable(message)


def _module(given: Any) -> dict[str, Any]:
    module = given.get('module') if isinstance(given, dict) else None
    if not isinstance(module, dict):
        raise exception.BadRequest(
            'A module of the order is malformed: it is no object in '
            '"module". Upgrade the service that sent it.'
        )
    for key in ('id', 'type'):
        value = module.get(key)
        if not isinstance(value, str) or not _PLAIN.fullmatch(value):
            raise exception.BadRequest(
                f'The "{key}" of a module is not a plain word. Correct the '
                'module.'
            )
    return module


def _read(given: Any) -> dict[str, Any]:
    module = _module(given)
    _decode(module.get('contents'))
    whole = {
        'tenant': module.get('tenant') or _ALL,
        'datastore': module.get('datastore') or _ALL,
        'datastore_version': module.get('datastore_version') or _ALL,
        'auto_apply': module.get('auto_apply', True),
        'visible': module.get('visible', True),
    }
    if module.get('is_admin') is None:
        # Releases that did not say it yet: what only administrators can do.
        whole['is_admin'] = bool(
            whole['tenant'] == _ALL
            or whole['auto_apply']
            or not whole['visible']
        )
    return {**module, **whole}


def _rank(module: Mapping[str, Any]) -> tuple[bool, int]:
    order = module.get('apply_order')
    return (
        not module.get('priority_apply'),
        order if isinstance(order, int) else 5,
    )


def _decode(contents: Any) -> bytes:
    if isinstance(contents, str) and contents:
        try:
            return base64.b64decode(''.join(contents.split()), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise exception.BadRequest(
        'The "contents" of a module are missing or not base64. Correct the '
        'module.'
    )


def _now() -> str:
    return timeutils.utcnow().isoformat(sep=' ', timespec='milliseconds')
