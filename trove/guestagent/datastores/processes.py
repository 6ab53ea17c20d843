# SPDX-License-Identifier: Apache-2.0
"""Processes of database servers, from /proc."""

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
#: Servers that this process started, kept beyond the objects that started
#: them: only the parent of a process can reap it.
_children: dict[int, subprocess.Popen[bytes]] = {}
#: Popen.poll() reports an exited child as alive while another thread polls
#: it as well.
_looking = threading.Lock()


def spawn(command: list[str], **options: Any) -> int:
    """Start a process in a session of its own, and return its id.

    :param options: for :class:`subprocess.Popen`
    """
    child = subprocess.Popen(command, start_new_session=True, **options)
    _children[child.pid] = child
    return child.pid


def is_child(pid: int) -> bool:
    """Return whether :func:`spawn` started a process that is alive."""
    with _looking:
        for number, child in list(_children.items()):
            if child.poll() is not None:
                _children.pop(number, None)
        return pid in _children


def works_in(pid: int, directory: pathlib.Path) -> bool:
    """Return whether a process is alive and works in ``directory``.

    Database servers change to their data directory. So this tells our server
    from another process with the same id after a reboot.
    """
    try:
        if os.readlink(_PROC / str(pid) / 'cwd') != os.fspath(directory):
            return False
        fields = (_PROC / str(pid) / 'stat').read_text()
    except OSError:
        return False
    return fields.rpartition(')')[2].split()[0] not in 'ZX'


def leads_session(pid: int) -> bool:
    """Return whether a process is a server, as :func:`spawn` starts them.

    Their tools belong to the session of the agent.
    """
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def all_in(directory: pathlib.Path) -> list[int]:
    """Return the ids of all processes that work in ``directory``."""
    return [pid for pid in _pids() if works_in(pid, directory)]


def _pids() -> Iterator[int]:
    for name in os.listdir(_PROC):
        if name.isdigit():
            yield int(name)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, if it exists."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_gone(pid: int, timeout: float) -> bool:
    """Wait until a process has exited; it need not be a child."""
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


#: To wait takes a tenth longer at most, and half a second.
_TENTH = 10
_MAX_INTERVAL = 0.5


def wait_for(
    condition: Callable[[], bool], timeout: float, interval: float = 0.01
) -> bool:
    """Wait until a condition holds; return False after the timeout.

    :param timeout: seconds
    :param interval: seconds between two checks at first; what has taken long
        is looked at less often
    """
    began = time.monotonic()
    while not condition():
        taken = time.monotonic() - began
        if taken >= timeout:
            return False
        time.sleep(max(interval, min(taken / _TENTH, _MAX_INTERVAL)))
    return True
