# SPDX-License-Identifier: Apache-2.0
"""Files with secrets, readable only by the user that runs the command."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from typing import TextIO

from trove.common import exception


@contextlib.contextmanager
def new(path: str) -> Iterator[TextIO]:
    """Open a new file that nobody else may read; it is on disk at the end.

    When the body fails, there is no such file.

    :raises trove.common.exception.TroveError: it exists, or cannot be
        written
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise exception.TroveError(
            f'{path} exists and was not overwritten, since lost secrets '
            'cannot be recovered. Choose another file.'
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, 'w', encoding='utf-8') as target:
            yield target
            target.flush()
            os.fsync(handle)
    except BaseException as error:
        os.unlink(path)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: str, error: OSError) -> exception.TroveError:
    return exception.TroveError(
        f'Cannot write {path}: {os.strerror(error.errno or 0)}.'
    )
