# SPDX-License-Identifier: Apache-2.0
"""What task managers do of themselves, for one thing after the other.

What is claimed belongs to many projects. One of them must not keep a task
manager from what it does for the others, whatever it has stored where.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import logging
import threading
from typing import Final
from typing import TypeVar

from trove.common import exception
from trove.common import masking

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: After so many in a row it is not these things that do not work.
_MOST_UNAVAILABLE: Final = 3


def each(
    things: Iterable[T],
    do: Callable[[T], object],
    what: Callable[[T], str],
    failed: Callable[[T, Exception], object] | None = None,
    *,
    stopping: threading.Event,
) -> None:
    """Do something for each thing; log what fails and go on.

    :param what: completes "could not ..."
    :param failed: puts one that failed off, so that it does not come first
        again
    :param stopping: when it is set, the next one is left to others
    :raises ServiceUnavailable: the database does not work
    """
    unavailable = 0
    for thing in things:
        if stopping.is_set():
            return
        try:
            _do(thing, do, what, failed)
        except exception.ServiceUnavailable as error:
            unavailable += 1
            if unavailable == _MOST_UNAVAILABLE:
                raise
            _tell(what(thing), error)
        except Exception:
            LOG.exception('Could not delay the next try to %s.', what(thing))
        else:
            unavailable = 0


def _do(
    thing: T,
    do: Callable[[T], object],
    what: Callable[[T], str],
    failed: Callable[[T, Exception], object] | None,
) -> None:
    try:
        do(thing)
    except exception.ServiceUnavailable:
        raise
    # Users choose what is read: nothing of it may end the work for others.
    except Exception as error:  # noqa: BLE001
        _tell(what(thing), error)
        if failed is not None:
            failed(thing, error)


def _tell(what: str, error: Exception) -> None:
    if isinstance(error, exception.TroveError):
        LOG.warning(
            'Could not %s: %s It is tried again.', what, masking.error(error)
        )
        return
    LOG.error(
        'Could not %s, because of an error in Trove or an unknown answer of '
        'another service: %s: %s It is tried again. Report this.',
        what,
        type(error).__name__,
        masking.error(error),
        exc_info=error,
    )
