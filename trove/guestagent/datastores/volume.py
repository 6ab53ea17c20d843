# SPDX-License-Identifier: Apache-2.0
"""The volume of the data: a file system or a plain directory."""

from __future__ import annotations

import os
import pathlib

from trove.guestagent.datastores import base

_GIB = 1024**3


def stats(
    path: pathlib.Path, volume_size: int | None = None
) -> base.FilesystemStats:
    """Return the sizes of the volume of ``path``.

    :param volume_size: GiB, for a directory in place of a volume: the size
        of the files in ``path`` is the used space then
    """
    directory = path
    while not directory.exists():
        directory = directory.parent
    found = os.statvfs(directory)
    block = found.f_frsize
    if volume_size is None:
        total = found.f_blocks * block
        free = found.f_bfree * block
        used = total - free
    else:
        total = volume_size * _GIB
        used = _usage(path)
        free = max(0, total - used)
    return {
        'block_size': block,
        'total_blocks': total // block,
        'free_blocks': free // block,
        'total': round(total / _GIB, 2),
        'free': round(free / _GIB, 2),
        'used': round(used / _GIB, 2),
    }


def _usage(path: pathlib.Path) -> int:
    """Return the bytes on the disk of a directory that may change."""
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(directory, name)).st_blocks
            except FileNotFoundError:
                continue
    return total * 512
