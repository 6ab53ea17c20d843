# SPDX-License-Identifier: Apache-2.0
"""Which names can be addressed: stand in a path as they are.

Clients put a name into a path in ways of their own: python-troveclient and
openstacksdk write that of a database as it is, and ``requests`` resolves dot
segments and undoes ``%2e`` before it sends. A name that would arrive as
another one, or as the path of another resource, is refused where it comes in.
"""

from __future__ import annotations

import re
import unicodedata
from urllib import parse

from trove.common import exception
from trove.common import text as texts

#: Characters that end a segment, or begin an escape, in a path that nobody
#: has quoted.
SPECIAL = '/?#%'

#: Categories of characters that neither a terminal nor a log shows.
_UNSHOWN = frozenset({'Cc', 'Cs', 'Zl', 'Zp'})

#: A value in an error is cut after so many characters.
_SHOWN = 60

_UUID = re.compile(r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')


def show(text: str) -> str:
    """Return a name as it may stand in an error: escaped, cut, quoted."""
    return f'"{texts.printable(texts.start(text, _SHOWN))}"'


def unknown_marker(marker: str, what: str) -> exception.BadRequest:
    """Return the error of a marker that is not the id of anything listed.

    :param what: what is listed, with its article
    """
    return exception.BadRequest(
        f'The marker {show(marker)} is not the id of {what}. Use that of the '
        '"next" link of a page, or omit it to begin with the first page.'
    )


def check(what: str, text: str) -> str:
    """Return a name that can be addressed.

    :param what: whose name it is, for the error
    :raises BadRequest: it cannot; naming what is in the way
    """
    if not text.strip():
        raise exception.BadRequest(
            f'The name of the {what} is blank; provide a name.'
        )
    problem = _problem(text)
    if problem:
        raise exception.BadRequest(
            f'The name of the {what} is {show(text)}. It {problem}, so '
            'clients could not use it in a path; choose another name.'
        )
    return text


def _problem(text: str) -> str | None:
    if text in ('.', '..'):
        return 'stands for a directory'
    if text != text.strip():
        return 'begins or ends with a blank'
    for letter in text:
        if letter in SPECIAL:
            return f'has the character "{letter}"'
        if unicodedata.category(letter) in _UNSHOWN:
            return f'has the control character U+{ord(letter):04X}'
    return None


def check_instance(text: str) -> str:
    """Return a name that clients do not take for another instance's id.

    An instance is addressed by its id. But ``openstack database`` and
    openstacksdk first ask for ``/instances/NAME``, whatever that is, and go
    by the list of names when there is no such instance.

    :raises BadRequest: there may be one
    """
    unshown = [c for c in text if unicodedata.category(c) in _UNSHOWN]
    if unshown:
        raise exception.BadRequest(
            f'The name of the instance is {show(text)}. It has the control '
            f'character U+{ord(unshown[0]):04X}; remove it.'
        )
    path = parse.unquote(re.split('[?#]', text)[0]).strip()
    parts = path.split('/')
    if (
        parts[0] == 'detail'
        or not {'.', '..'}.isdisjoint(parts)
        or any(_UUID.fullmatch(part.strip()) for part in parts)
    ):
        raise exception.BadRequest(
            f'The name of the instance is {show(text)}. Clients that search '
            'for it would find another resource, because it looks like an ID '
            'or a path; choose another name.'
        )
    return text
