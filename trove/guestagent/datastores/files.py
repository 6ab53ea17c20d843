# SPDX-License-Identifier: Apache-2.0
"""Atomic writes of the agent's files, and reads of untrusted ones."""

from __future__ import annotations

from collections.abc import Iterator
import errno
import json
import os
import pathlib
import stat
import tempfile
from typing import Any
from typing import BinaryIO

from trove.guestagent.datastores import account


def private_directory(
    path: pathlib.Path, reader: account.Account | None = None
) -> None:
    """Create a directory that only the agent may read and change.

    :param reader: the group of this user may enter it, to read files there
        by name (0710)
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if reader is not None:
        os.chown(path, -1, reader.gid)
    path.chmod(0o700 if reader is None else 0o710)


def private(path: str, flags: int) -> int:
    """Return a descriptor, as an opener for :func:`open`, with mode 0600."""
    return os.open(path, flags, 0o600)


def write(
    path: pathlib.Path,
    text: str,
    reader: account.Account | None = None,
    durable: bool = True,
) -> None:
    """Replace a file atomically, with mode 0600.

    :param reader: the group of this user may read it, too (0640)
    :param durable: wait until the file is on the disk
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with open(handle, 'w', encoding='utf-8') as stream:
            stream.write(text)
            stream.flush()
            if reader is not None:
                os.fchown(stream.fileno(), -1, reader.gid)
                os.fchmod(stream.fileno(), 0o640)
            if durable:
                os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(path: pathlib.Path) -> None:
    """Make renames in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_foreign(
    path: str | os.PathLike[str], directory: int | None = None
) -> BinaryIO:
    """Open a file in a directory of an untrusted user.

    The file may be a symbolic link to a secret, or a pipe without an end.

    :param directory: descriptor of the directory of a relative ``path``
    :raises FileNotFoundError: it does not exist, or is not a regular file
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise FileNotFoundError(
                f'{path} is a symbolic link or a socket'
            ) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(f'{path} is not a regular file')
    return open(handle, 'rb')


def read_foreign(path: pathlib.Path, limit: int = 65536) -> str:
    """Return the beginning of a file, opened by :func:`open_foreign`."""
    with open_foreign(path) as stream:
        return stream.read(limit).decode(errors='replace')


def tail(stream: BinaryIO, limit: int) -> str:
    """Return the end of a file, of at most ``limit`` bytes."""
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - limit))
    return stream.read(limit).decode(errors='replace')


def sync_tree(path: pathlib.Path) -> None:
    """Make all files in a directory durable, which may be in use."""
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                with open_foreign(os.path.join(directory, name)) as stream:
                    os.fsync(stream.fileno())
            except FileNotFoundError:
                continue  # A temporary one, or a socket.
        sync_directory(pathlib.Path(directory))


def read_json(path: pathlib.Path) -> dict[str, Any]:
    """Read what :func:`write_json` wrote; {} if there is no file."""
    try:
        text = path.read_text(encoding='utf-8')
    except FileNotFoundError:
        return {}
    values: dict[str, Any] = json.loads(text)
    return values


def write_json(path: pathlib.Path, values: dict[str, Any]) -> None:
    write(path, json.dumps(values, indent=1, sort_keys=True) + '\n')


def links(directory: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield what is neither a file nor a directory, and so leads elsewhere."""
    for folder, names, others in os.walk(directory):
        for path in (pathlib.Path(folder, name) for name in names + others):
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                yield path
