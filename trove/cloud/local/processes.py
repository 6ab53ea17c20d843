# SPDX-License-Identifier: Apache-2.0
"""Which processes belong to a server, read from /proc.

A process id alone says nothing: it may have been given to another process
since it was written down. Together with the time that the process started
and the boot of the machine it is unique, see :class:`Identity`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import os
import pathlib
import signal
import time

#: Names the server in the environment of its processes.
MARKER = 'TROVE_LOCAL_SERVER'

PROC = pathlib.Path('/proc')

_POLL = 0.02


@dataclasses.dataclass(frozen=True)
class Identity:
    """One process, now and for ever: ``started`` is in clock ticks."""

    pid: int
    started: str
    boot: str


@dataclasses.dataclass(frozen=True)
class _Stat:
    name: str
    state: str
    parent: int
    session: int
    terminal: int
    started: str


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / 'stat').read_text('utf-8', 'replace')
    except OSError:
        return None
    # The name is in parentheses and may itself hold some.
    name = text[text.index('(') + 1 : text.rindex(')')]
    fields = text[text.rindex(')') + 2 :].split()
    return _Stat(
        name=name,
        state=fields[0],
        parent=int(fields[1]),
        session=int(fields[3]),
        terminal=int(fields[4]),
        started=fields[19],
    )


def _boot() -> str:
    try:
        return (PROC / 'sys/kernel/random/boot_id').read_text().strip()
    except OSError:
        return ''


def identify(pid: int) -> Identity | None:
    """Return who has this process id now; a zombie is nobody."""
    stat = _stat(pid)
    if stat is None or stat.state in 'ZX':
        return None
    return Identity(pid, stat.started, _boot())


def alive(identity: Identity | None) -> bool:
    """Return whether this very process still runs."""
    return identity is not None and identify(identity.pid) == identity


def name(identity: Identity) -> str:
    stat = _stat(identity.pid)
    return stat.name if stat else ''


def _marked(pid: int, marker: bytes) -> bool:
    try:
        environment = (PROC / str(pid) / 'environ').read_bytes()
    except OSError:
        return False
    return marker in environment.split(b'\0')


def _works_in(pid: int, stat: _Stat, directories: list[str]) -> bool:
    # A shell that somebody left there has a terminal, a server has none.
    if stat.terminal:
        return False
    try:
        cwd = os.readlink(PROC / str(pid) / 'cwd')
    except OSError:
        return False
    cwd = cwd.removesuffix(' (deleted)')
    return any(
        cwd == directory or cwd.startswith(directory + '/')
        for directory in directories
    )


def _names(pid: int, stat: _Stat, directories: list[str]) -> bool:
    """Return whether an option or ``PGDATA`` has one of the directories.

    What makes a database has ``--pgdata`` or ``--datadir``, and its helpers
    ``PGDATA``, wherever they work. Other variables say nothing: what was
    started from a shell has ``OLDPWD``.
    """
    if stat.terminal:
        return False
    try:
        told = (PROC / str(pid) / 'cmdline').read_bytes().split(b'\0')
        variables = (PROC / str(pid) / 'environ').read_bytes().split(b'\0')
    except OSError:
        return False
    told += [each for each in variables if each.startswith(b'PGDATA=')]
    values = [os.fsdecode(each.partition(b'=')[2]) for each in told]
    return any(
        value == directory or value.startswith(directory + '/')
        for value in values
        for directory in directories
    )


def belonging_to(
    server: pathlib.Path,
    *directories: pathlib.Path,
    session: int | None = None,
) -> list[Identity]:
    """Return the processes of a server.

    They carry the marker of the server in their environment, or work in one
    of its directories, as a database does in that of its data, or were told
    it in an option.

    :param session: only those of this session
    """
    marker = f'{MARKER}={server}'.encode()
    places = [str(server), *map(str, directories)]
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        stat = _stat(pid)
        if stat is None or stat.state in 'ZX':
            continue
        if session is not None and stat.session != session:
            continue
        if (
            _marked(pid, marker)
            or _works_in(pid, stat, places)
            or _names(pid, stat, places)
        ):
            found.append(Identity(pid, stat.started, _boot()))
    return found


def _leaders(identities: list[Identity]) -> list[Identity]:
    """Return those that none of the others is the parent of."""
    pids = {identity.pid for identity in identities}
    found = []
    for identity in identities:
        stat = _stat(identity.pid)
        if stat is not None and stat.parent not in pids:
            found.append(identity)
    return found


def send(identity: Identity, number: signal.Signals) -> None:
    """Send a signal to this very process, if it still runs."""
    if alive(identity):
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return


def wait_gone(identities: Iterable[Identity], timeout: float) -> bool:
    """Wait until none of them runs; False when some do after ``timeout``."""
    left = list(identities)
    deadline = time.monotonic() + timeout
    while True:
        left = [identity for identity in left if alive(identity)]
        if not left:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL)


def end(
    find: Callable[[], list[Identity]],
    gently: Callable[[Identity], signal.Signals],
    timeout: float,
) -> None:
    """End everything that ``find`` finds, until it finds nothing.

    :param gently: the signal that makes a process end by itself, and its
        children with it: they are not sent any, since to the helpers of
        PostgreSQL the same signal means something else
    :param timeout: seconds until the rest is killed; killing is repeated
        for as long again, since what is being killed may still start others
    """
    first = find()
    for identity in _leaders(first):
        send(identity, gently(identity))
    wait_gone(first, timeout)
    deadline = time.monotonic() + timeout + 10
    while left := find():
        for identity in left:
            send(identity, signal.SIGKILL)
        if not wait_gone(left, 1.0) and time.monotonic() > deadline:
            pids = ', '.join(str(identity.pid) for identity in left)
            raise TimeoutError(
                f'processes {pids} are still running after SIGKILL'
            )
