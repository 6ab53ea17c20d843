# SPDX-License-Identifier: Apache-2.0
"""Long lists go out in pages: ``limit`` and ``marker`` of a request."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar
from urllib import parse

from oslo_utils import uuidutils

from trove.api import request as api_request
from trove.common import exception
from trove.common import names

Item = TypeVar('Item')

#: Says that the marker of a query is quoted twice.
QUOTED = 'marker_is_quoted'


def limit(request: api_request.Request, most: int) -> int:
    """Return how many items the answer may have.

    :param most: the page size of the options; a request may ask for less
    :raises BadRequest: ``limit`` is not a whole number above 0
    """
    text = request.query.get('limit')
    if text is None:
        return most
    try:
        number = int(text) if text.isascii() and text.isdigit() else 0
    except ValueError:  # thousands of digits
        number = most
    if number < 1:
        raise exception.BadRequest(
            f'The limit "{text[:40]}" is not valid; use an integer above 0.'
        )
    return min(number, most)


def marker(request: api_request.Request) -> str | None:
    """Return after which item the answer begins, None at the beginning.

    python-troveclient takes the marker out of the link to the next page and
    puts it into a query as it is, without quoting. So it is quoted twice in
    the link, and a client that follows the link says so by ``QUOTED``.

    :raises BadRequest: it holds NUL, which no database takes
    """
    text = request.query.get('marker')
    if text and request.query.get(QUOTED):
        text = parse.unquote(text)
        if '\x00' in text:
            raise exception.BadRequest(
                'The marker contains the character U+0000. Use it unchanged '
                'from the link to the next page.'
            )
    return text or None


def page(
    items: Sequence[Item],
    key: Callable[[Item], str],
    most: int,
    after: str | None,
    what: str,
) -> tuple[list[Item], str | None]:
    """Cut a page out of a whole list: (items, next marker).

    Of what is deleted nothing is left; its id may still be the marker of a
    client that pages.

    :param what: an item, with its article, for the error
    :raises BadRequest: it cannot be one of another page
    """
    ordered = sorted(items, key=key)
    if after is not None:
        if not uuidutils.is_uuid_like(after) and after not in map(key, items):
            raise names.unknown_marker(after, what)
        ordered = [item for item in ordered if key(item) > after]
    if len(ordered) <= most:
        return ordered, None
    return ordered[:most], key(ordered[most - 1])


def body(
    request: api_request.Request,
    name: str,
    items: list[Any],
    next_marker: str | None,
) -> dict[str, Any]:
    """Return a page as it goes out, with a link to the next one if any."""
    answer: dict[str, Any] = {name: items}
    if next_marker is not None:
        query = dict(request.query)
        query.pop(QUOTED, None)
        query['marker'] = parse.quote(next_marker, safe='')
        if query['marker'] != next_marker:
            query[QUOTED] = '1'
        answer['links'] = [
            {
                'rel': 'next',
                'href': f'{request.base_url}{request.path}'
                f'?{parse.urlencode(query)}',
            }
        ]
    return answer
