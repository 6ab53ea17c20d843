# SPDX-License-Identifier: Apache-2.0
"""Looking at the processes of a database through /proc."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
import pathlib
import select
import signal
import subprocess
import threading
import time
from typing import Any

_PROC = pathlib.Path('/proc')
#: Servers that this process started. They outlive the objects that started
#: them, and when one ends, only their parent can take note of it.
_children: dict[int, subprocess.Popen[bytes]] = {}
#: Popen.poll() takes a child that has ended for alive while another thread
#: looks at it, too.
_looking = threading.Lock()


def spawn(command: list[str], **options: Any) -> int:
    """Start a process in a session of its own, and return its id.

    :param options: for :class:`subprocess.Popen`
    """
    child = subprocess.Popen(command, start_new_session=True, **options)
    _children[child.pid] = child
    return child.pid


def is_child(pid: int) -> bool:
    """Whether :func:`spawn` started a process that is still alive."""
    with _looking:
        for number, child in list(_children.items()):
            if child.poll() is not None:
                _children.pop(number, None)
        return pid in _children


def works_in(pid: int, directory: pathlib.Path) -> bool:
    """Whether a process is alive and has ``directory`` as its own.

    Database servers change to their data directory, so this tells our
    server from a stranger that got its process id after a reboot.
    """
    try:
        if os.readlink(_PROC / str(pid) / 'cwd') != os.fspath(directory):
            return False
        fields = (_PROC / str(pid) / 'stat').read_text()
    except OSError:
        return False
    return fields.rpartition(')')[2].split()[0] not in 'ZX'


def all_in(directory: pathlib.Path) -> list[int]:
    """Ids of all processes that have ``directory`` as their own."""
    return [pid for pid in _pids() if works_in(pid, directory)]


def _pids() -> Iterator[int]:
    for name in os.listdir(_PROC):
        if name.isdigit():
            yield int(name)


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process; one that is gone is fine."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_gone(pid: int, timeout: float) -> bool:
    """Wait until a process has ended, which need not be our child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        return bool(poller.poll(max(0, timeout) * 1000))
    finally:
        os.close(handle)


def wait_for(
    condition: Callable[[], bool], timeout: float, interval: float = 0.01
) -> bool:
    """Wait until a condition holds; False if it does not in time.

    :param timeout: seconds
    :param interval: seconds between two looks
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True
