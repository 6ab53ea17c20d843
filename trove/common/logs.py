# SPDX-License-Identifier: Apache-2.0
"""Log records that nobody else can write lines into.

What a peer, a user, a cloud or a database said gets into the log in many
places: as an argument, in the text of an exception, in what a library logs.
So it is made safe in one: in the record, which each formatter and handler
asks for its text, whoever logs.
"""

from __future__ import annotations

import logging
from typing import Any

from trove.common import text

#: Exceptions behind an exception that are looked at.
_MOST_CAUSES = 20


class Record(logging.LogRecord):
    """A record whose text is one line, of what can be seen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.exc_info, tuple) and self.exc_info[1] is not None:
            error = safe(self.exc_info[1])
            self.exc_info = type(error), error, self.exc_info[2]

    def getMessage(self) -> str:
        return text.printable(super().getMessage())


def install() -> None:
    """Make all records of this process from now on."""
    logging.setLogRecordFactory(Record)


def safe(error: BaseException) -> BaseException:
    """Return an exception that may be shown with its traceback.

    It is the same one, if all texts of it and of those behind it are fit to
    be shown. Else it is one that looks like it.
    """
    return _copy(error, _MOST_CAUSES) if _is_unfit(error) else error


def _is_unfit(error: BaseException) -> bool:
    behind: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if behind is None:
            return False
        if hasattr(behind, '__notes__') or isinstance(
            behind, BaseExceptionGroup
        ):
            return True
        said = _said(behind)
        if text.printable(said) != said:
            return True
        behind = behind.__cause__ or behind.__context__
    return behind is not None


def _copy(error: BaseException, left: int) -> BaseException:
    kind = type(error)
    said = text.printable(_said(error))
    named = {
        '__module__': kind.__module__,
        '__qualname__': kind.__qualname__,
        '__str__': lambda self: said,
    }
    made: BaseException = type(kind.__name__, (Exception,), named)()
    made.__traceback__ = error.__traceback__
    if left:
        if error.__context__ is not None:
            made.__context__ = _copy(error.__context__, left - 1)
        if error.__cause__ is not None:
            made.__cause__ = _copy(error.__cause__, left - 1)
    made.__suppress_context__ = error.__suppress_context__
    return made


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001
        return '(it cannot be shown)'
