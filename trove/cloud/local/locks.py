# SPDX-License-Identifier: Apache-2.0
"""Locks between processes, and between the threads of one.

``flock`` belongs to an open file, so two threads that each open the file
exclude one another as two processes do; ``lockf`` would let them both in.
The kernel gives the lock back when its holder dies.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import os
import pathlib
import time

from trove.common import exception

#: Seconds to wait for a lock.
TIMEOUT = 600.0

#: Seconds between two attempts.
_PAUSE = 0.01


@contextlib.contextmanager
def held(path: pathlib.Path, *, remove: bool = False) -> Iterator[None]:
    """Hold the lock of a file, made when it is not there.

    :param remove: remove the file at the end; whoever waited for it makes
        it anew
    :raises CloudError: another process holds it for longer than anything
        takes; it may have been stopped
    """
    deadline = time.monotonic() + TIMEOUT
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle, path, deadline)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(handle, path):
            break
        # Its former holder removed it while we waited.
        os.close(handle)
    try:
        yield
    finally:
        if remove:
            path.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def sole(path: pathlib.Path, message: str) -> Iterator[None]:
    """Hold the lock of a file, or fail at once when another process does.

    :raises CloudError: with ``message``
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise exception.CloudError(message) from None
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: pathlib.Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise exception.CloudError(
                    action=f'lock {path}',
                    reason=f'another process has held it for {TIMEOUT:.0f} '
                    f's. Find it with "fuser -v {path}". It may be suspended '
                    '(state T in ps): continue it with "kill -CONT PID", or '
                    'end it if it hangs',
                ) from None
        time.sleep(_PAUSE)


def _is_at(handle: int, path: pathlib.Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
