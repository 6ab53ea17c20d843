# SPDX-License-Identifier: Apache-2.0
"""Names for queues that are a process's own, and the same after a restart.

With ``use_queue_manager`` oslo.messaging names queues for replies and fanouts
by host, program and a number. It counts per group of processes, so two task
managers on one machine get the same names, as guest agents of two machines
with one host name do: each takes replies of the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
import socket
import threading
import uuid
import weakref

_lock = threading.Lock()

#: What keeps the number of a process, by process and name.
_held: dict[tuple[int, str], tuple[int, socket.socket]] = {}

#: Processes of one name on one machine.
_MOST = 1000


class Names:
    """Gives one name after the other.

    :param host: the instance of a guest agent, the machine of a service
    :param program: whose processes are told apart
    """

    def __init__(self, host: str, program: str) -> None:
        self._base = f'{host}:{program}'
        self._count = itertools.count(1)

    def get(self) -> str:
        """Return another name; a process gets those that it had before."""
        return f'{self._base}:{_number(self._base)}:{next(self._count)}'


class Numbers:
    """Small numbers that no other process on the machine has meanwhile.

    :param base: whose numbers they are
    :param most: the highest
    """

    def __init__(self, base: str, most: int) -> None:
        self._base = base
        self._most = most
        self._holders: list[socket.socket] = []
        weakref.finalize(self, _close, self._holders)

    def take(self) -> int:
        """Return the lowest free number; any one where none is free."""
        for number in range(1, self._most + 1):
            holder = _hold(f'{self._base}:reply:{number}')
            if holder is not None:
                self._holders.append(holder)
                return number
        return random.randint(1, self._most)


def _close(holders: list[socket.socket]) -> None:
    for each in holders:
        each.close()


def _number(base: str) -> int | str:
    """Return the lowest number that no other process of the name has."""
    # Asked for late, for the process may have forked before.
    key = os.getpid(), base
    with _lock:
        if key not in _held:
            for number in range(1, _MOST):
                holder = _hold(f'{base}:{number}')
                if holder is not None:
                    _held[key] = number, holder
                    break
            else:
                return uuid.uuid4().hex
        return _held[key][0]


def _hold(name: str) -> socket.socket | None:
    """Take a name for as long as this process lives, if nobody has it."""
    # An abstract address: the kernel gives it to one process, and takes it
    # back however that ends. There is no file that could be in the way.
    digest = hashlib.sha256(name.encode()).hexdigest()
    with contextlib.ExitStack() as stack:
        try:
            # A unit of systemd may permit no sockets of this family.
            holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            stack.callback(holder.close)
            holder.bind(f'\0trove-rpc-{digest}')
        except OSError:
            return None
        stack.pop_all()
    return holder
