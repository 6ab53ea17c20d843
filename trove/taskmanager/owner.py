# SPDX-License-Identifier: Apache-2.0
"""Owners of workflows: their names, and which of them are dead.

The name of a process is ``<host>:<machine>:<pid>:<start>``. *machine*
identifies a boot and a container of the host; *start* distinguishes a process
from a later one with the same pid. An owner is ``<process>#<number>``: each
workflow has an owner of its own.
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import itertools
import os
import pathlib

_PROC = pathlib.Path('/proc')

#: The owner of workflows that their task manager released at its stop.
RELEASED = 'released'

#: The owner of work that waits for something, at which any task manager looks.
ASLEEP = 'asleep'

_numbers = itertools.count(1)


def process(host: str) -> str:
    """Return the name of this process."""
    pid = os.getpid()
    return f'{host}:{_machine()}:{pid}:{_start(pid)}'


def unique(name: str) -> str:
    """Return an owner that no other workflow of the process has had."""
    return f'{name}#{next(_numbers)}'


def is_of(owner: str, name: str) -> bool:
    """Return whether an owner belongs to a process."""
    return owner.rpartition('#')[0] == name


def is_dead(
    owner: str, name: str, host_is_dead: Callable[[str], bool]
) -> bool:
    """Return whether an owner will never resume its workflow.

    :param name: of this process; its own owners are not dead
    :param host_is_dead: whether the task manager of another host is dead
    """
    if owner in (ASLEEP, RELEASED):
        return True
    if is_of(owner, name):
        return False
    its_host, machine, pid, start = _parse(owner)
    my_host, my_machine, _, _ = _parse(name)
    if its_host != my_host:
        return host_is_dead(its_host)
    if machine != my_machine:
        # One task manager runs per host name, so it was restarted.
        return True
    return not pid.isdecimal() or _start(int(pid)) != start


def host(owner: str) -> str:
    """Return the host of an owner."""
    return _parse(owner)[0]


def _parse(owner: str) -> tuple[str, str, str, str]:
    parts = owner.partition('#')[0].rsplit(':', 3)
    if len(parts) != 4:
        return owner, '', '', ''
    return parts[0], parts[1], parts[2], parts[3]


def _machine() -> str:
    try:
        boot = (_PROC / 'sys/kernel/random/boot_id').read_text('ascii')
        space = os.readlink(_PROC / 'self/ns/pid')
    except OSError:
        return 'unknown'
    return hashlib.sha256(f'{boot}{space}'.encode()).hexdigest()[:8]


def _start(pid: int) -> str:
    """Return the start of a process in clock ticks, '' when it is gone."""
    try:
        stat = (_PROC / str(pid) / 'stat').read_text('utf-8', 'replace')
    except OSError:
        return ''
    # The second field is the program's name in parentheses. It may contain
    # spaces and parentheses.
    fields = stat.rpartition(')')[2].split()
    if fields[0] in ('Z', 'X'):
        return ''
    return fields[19]
