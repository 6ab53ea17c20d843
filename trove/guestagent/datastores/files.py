# SPDX-License-Identifier: Apache-2.0
"""Writing the agent's files so that a crash leaves the old or the new."""

from __future__ import annotations

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
    """Make a directory that only we may read and change.

    :param reader: whose group may enter it, to read files there by name (0710)
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if reader is not None:
        os.chown(path, -1, reader.gid)
    path.chmod(0o700 if reader is None else 0o710)


def private(path: str, flags: int) -> int:
    """An opener for :func:`open`: what is made is for its owner only."""
    return os.open(path, flags, 0o600)


def write(
    path: pathlib.Path,
    text: str,
    reader: account.Account | None = None,
    durable: bool = True,
) -> None:
    """Replace a file at once, readable for its owner only (0600).

    :param reader: whose group may read it too (0640)
    :param durable: it is on the disk when this returns
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
    """Make renames inside a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_foreign(
    path: str | os.PathLike[str], directory: int | None = None
) -> BinaryIO:
    """Open a file of somebody whom we must not trust.

    The file may be a link to a secret, or a pipe that never ends.

    :param directory: handle of the directory that ``path`` is relative to
    :raises FileNotFoundError: it is not there, or is no ordinary file
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, dir_fd=directory)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(f'{path} is a link') from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(f'{path} is no ordinary file')
    return open(handle, 'rb')


def read_foreign(path: pathlib.Path, limit: int = 65536) -> str:
    """Read the beginning of a file as :func:`open_foreign` opens it."""
    with open_foreign(path) as stream:
        return stream.read(limit).decode(errors='replace')


def read_json(path: pathlib.Path) -> dict[str, Any]:
    """Read what :func:`write_json` wrote; empty if there is none."""
    try:
        text = path.read_text(encoding='utf-8')
    except FileNotFoundError:
        return {}
    values: dict[str, Any] = json.loads(text)
    return values


def write_json(path: pathlib.Path, values: dict[str, Any]) -> None:
    write(path, json.dumps(values, indent=1, sort_keys=True) + '\n')
