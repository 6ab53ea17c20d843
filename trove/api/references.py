# SPDX-License-Identifier: Apache-2.0
"""References in a request body, checked before a request is refused.

Where nothing can be done with a backup, who asks with one of somebody else
is still told that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
from typing import Any

from trove.api import request as api_request
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects import owned
from trove.objects.instance import instances

#: Keys of a body, the outermost first, and what they lead to: a noun of
#: :mod:`trove.objects.owned`, or one of the functions below. ``*`` stands for
#: each item of a list.
Reference = tuple[tuple[str, ...], str]

EACH = '*'

#: Maximum number of resources that a body may refer to. Each costs a query;
#: clients refer to a few.
MOST = 100

#: Maximum length of a name or an ID.
_MAX_LENGTH = 255


def check(
    request: api_request.Request, references: Iterable[Reference]
) -> None:
    """Look for all that the body names, once for each.

    :raises NotFound: one is not there, or is another project's
    :raises BadRequest: one is no id, or no version; or they are too many
    """
    for noun, value, where in _named(request.body, references):
        require(request, noun, value, where)


def _named(
    body: Any, references: Iterable[Reference]
) -> Iterable[tuple[str, Any, str]]:
    """Return noun and value of each reference, and where it stands."""
    found: dict[tuple[str, str | int], tuple[str, Any, str]] = {}
    for keys, noun in references:
        where = '.'.join(keys)
        for value in _values(body, keys):
            key = value if isinstance(value, str) else id(value)
            found.setdefault((noun, key), (noun, value, where))
            if len(found) > MOST:
                raise exception.BadRequest(
                    f'The body refers to more than {MOST} resources; the last '
                    f'one is {where}. Use at most that many in one request.'
                )
    return found.values()


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """Let errors say which field names what is not there."""
    try:
        yield
    except (exception.BadRequest, exception.NotFound) as error:
        raise type(error)(f'{error} Correct {where}.') from None


def require(
    request: api_request.Request, noun: str, value: Any, where: str
) -> None:
    """Look for one; an empty one is none.

    :param where: it was named, for the error
    :raises NotFound: it is not there, or is another project's
    :raises BadRequest: it is no id, or no version
    """
    if not value:
        return
    if noun == 'datastore':
        _require_datastore(request, value, where)
        return
    if not isinstance(value, str):
        raise exception.BadRequest(f'{where} is not an ID, which is a string.')
    # Released clients may give the URL of a backup, say.
    wanted = value.rpartition('/')[2]
    _check_length(wanted, where)
    with naming(where):
        if noun == 'instance':
            instances.get(request.seer, wanted)
        elif noun == 'version':
            _require_version(request, wanted)
        else:
            owned.require(request.seer, noun, wanted)


def _check_length(text: str, where: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise exception.BadRequest(
            f'{where} has {len(text)} characters; the maximum is '
            f'{_MAX_LENGTH}.'
        )


def _require_version(request: api_request.Request, version_id: str) -> None:
    try:
        datastores.get_version_by_id(version_id, inactive=_inactive(request))
    except exception.DatastoreVersionNotFound as error:
        # As wherever a body names one, and not the path.
        raise exception.UnknownDatastoreVersion(str(error)) from None


def _require_datastore(
    request: api_request.Request, value: Any, where: str
) -> None:
    """Look for a datastore: its name or id, or an object with a version."""
    named = value if isinstance(value, dict) else {'type': value}
    for key in 'type', 'version', 'version_number':
        if not isinstance(named.get(key), str | None):
            raise exception.BadRequest(
                f'{where} is not a datastore; provide its "type" and '
                '"version", each a string.'
            )
    if not named.get('type'):
        return
    for key in 'type', 'version', 'version_number':
        _check_length(named.get(key) or '', f'{where}.{key}')
    with naming(where):
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
