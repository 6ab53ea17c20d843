# SPDX-License-Identifier: Apache-2.0
"""What a request names beside its path, looked for before it is refused.

Where nothing can be done with a backup, who asks with one of somebody else
is still told that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from trove.api import request as api_request
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects import instance as instances
from trove.objects import owned

#: Keys of a body, the outermost first, and what they lead to: a noun of
#: :mod:`trove.objects.owned`, or one of the functions below. ``*`` stands for
#: each item of a list.
Reference = tuple[tuple[str, ...], str]

EACH = '*'


def check(
    request: api_request.Request, references: Iterable[Reference]
) -> None:
    """Look for all that the body names.

    :raises NotFound: one is not there, or is another project's
    :raises BadRequest: one is no id
    """
    for keys, noun in references:
        for value in _values(request.body, keys):
            require(request, noun, value, '.'.join(keys))


def require(
    request: api_request.Request, noun: str, value: Any, where: str
) -> None:
    """Look for one; an empty one is none.

    :param where: it was named, for the error
    :raises NotFound: it is not there, or is another project's
    :raises BadRequest: it is no id
    """
    if not value:
        return
    if noun == 'datastore':
        _require_datastore(request, value, where)
        return
    if not isinstance(value, str):
        raise exception.BadRequest(f'{where} is not an id, which is a text.')
    # Released clients may give the URL of a backup, say.
    wanted = value.rpartition('/')[2]
    if noun == 'instance':
        instances.get(request.seer, wanted)
    elif noun == 'version':
        datastores.get_version_by_id(wanted, inactive=_inactive(request))
    else:
        owned.require(request.seer, noun, wanted)


def _require_datastore(
    request: api_request.Request, value: Any, where: str
) -> None:
    """Look for a datastore: its name or id, or an object with a version."""
    named = value if isinstance(value, dict) else {'type': value}
    for key in 'type', 'version', 'version_number':
        if not isinstance(named.get(key), str | None):
            raise exception.BadRequest(
                f'{where} is not a datastore; give its "type" and "version", '
                'each a text.'
            )
    if not named.get('type'):
        return
    found = datastores.get(request.runtime.conf, named['type'])
    if named.get('version'):
        datastores.get_version(
            found,
            named['version'],
            number=named.get('version_number'),
            inactive=_inactive(request),
        )


def _inactive(request: api_request.Request) -> bool:
    return bool(request.context.is_admin)


def _values(body: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    if not keys:
        yield body
    elif keys[0] == EACH and isinstance(body, list):
        for item in body:
            yield from _values(item, keys[1:])
    elif isinstance(body, dict) and keys[0] in body:
        yield from _values(body[keys[0]], keys[1:])
