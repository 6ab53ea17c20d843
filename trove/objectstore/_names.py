# SPDX-License-Identifier: Apache-2.0
"""Which names are used in requests, and which of them are those of a backup.

Users may store objects beside those of Trove, with names of their choice. A
name such as ``a/../../other`` is one object for Swift, and the path of another
one for the libraries and proxies that the request passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import re
from typing import Final

from trove.objectstore import base
from trove.objectstore import errors

#: What follows the name of a backup, or of a published log, in those of its
#: objects: the time, the suffix, or the number of a part.
_REST: Final = re.compile(
    r'(-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?)?'
    r'((\.[a-z0-9]{1,10}){0,4}|_(manifest_)?\d{8})'
)
_CONTROL: Final = re.compile('[\x00-\x1f\x7f\ud800-\udfff]')
#: Objects of others with the prefix of a backup that are passed over.
_MOST_OTHERS: Final = 100_000


def check(container: str, name: str, action: str) -> None:
    """Return when a path with these names is that of the object.

    :param name: empty for the container; both are empty for the account
    :raises trove.common.exception.ObjectRefused: it would be another's
    """
    segments = [container, *name.split('/')] if name else [container]
    if (
        '/' in container
        or (container or name) and not all(segments)
        or {'.', '..'} & set(segments)
        or _CONTROL.search(container + name)
    ):
        raise errors.refused(
            action,
            'its name has control characters, or a part between slashes that '
            'is empty, "." or ".."',
        )


def is_of(stem: str, name: str) -> bool:
    """Return whether an object is one of those that a backup has.

    :param stem: the name of the backup without suffix
    """
    return name.startswith(stem) and bool(_REST.fullmatch(name[len(stem):]))


def of(
    stem: str, entries: Iterable[base.Entry], action: str
) -> Iterator[str]:
    """Yield the names of the objects of a backup.

    :param entries: those that begin like it
    :raises trove.common.exception.ObjectRefused: most are those of others
    """
    others = 0
    for entry in entries:
        if is_of(stem, entry.name):
            yield entry.name
            continue
        others += 1
        if others > _MOST_OTHERS:
            raise errors.refused(
                action,
                f'more than {_MOST_OTHERS} objects that Trove has not stored '
                f'have names that begin with {stem}: delete them',
            )
