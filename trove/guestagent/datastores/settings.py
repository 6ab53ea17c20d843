# SPDX-License-Identifier: Apache-2.0
"""The settings of a database server that the agent keeps, and their files."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
from typing import Any

from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import base
from trove.guestagent.datastores import files

#: MiB of memory to start the server with when the memory is unknown.
DEFAULT_MEMORY_MB = 512


class Store:
    """The settings that the agent keeps, in its own directory.

    :param path: of their file
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        values = files.read_json(path)
        self.memory_mb: int | None = values.get('memory_mb')
        self.basic: str = values.get('basic', '')
        self.overrides: dict[str, Any] = values.get('overrides', {})
        # Those that the server has started with last.
        self._proven: dict[str, Any] | None = values.get('proven')
        #: Names of all overrides since the server was started.
        self.touched: list[str] = values.get('touched', [])
        #: Names of the logs that are switched on.
        self.logs: list[str] = values.get('logs', [])

    def begin(self, preparation: base.Preparation) -> None:
        """Keep what a database server is created with."""
        self.memory_mb = preparation.memory_mb
        self.basic = preparation.config_contents or ''
        self.overrides = dict(preparation.overrides)
        self.save()

    def override(self, overrides: dict[str, Any]) -> None:
        """Replace the overrides."""
        self.touched = sorted({*self.touched, *self.overrides, *overrides})
        self.overrides = overrides
        self.save()

    def switch_log(self, name: str, on: bool) -> None:
        """Note that a log is on or off."""
        self.logs = sorted({*self.logs, name} if on else {*self.logs} - {name})
        self.save()

    def prove(self) -> None:
        """Note that the server has started with what is told now."""
        if self._proven != self.overrides or self.touched:
            self._proven = dict(self.overrides)
            self.touched = []
            self.save()

    def take_back(self) -> dict[str, Any] | None:
        """Return to the overrides that the server has started with last.

        :returns: those that were told; None when there is nothing to return
            to
        """
        if self._proven is None or self._proven == self.overrides:
            return None
        told, self.overrides = self.overrides, dict(self._proven)
        self.save()
        return told

    def save(self) -> None:
        files.write_json(
            self._path,
            {
                'memory_mb': self.memory_mb,
                'basic': self.basic,
                'overrides': self.overrides,
                'proven': self._proven,
                'touched': self.touched,
                'logs': self.logs,
            },
        )

    def memory(self, memory_mb: int | None) -> int:
        """Return MiB of memory; ``memory_mb`` overrides the stored value."""
        return memory_mb or self.memory_mb or DEFAULT_MEMORY_MB


def machine_memory_mb() -> int:
    """Return the memory of this machine in MiB."""
    pages = os.sysconf('SC_PHYS_PAGES')
    return pages * os.sysconf('SC_PAGE_SIZE') // 1024**2


def write(
    directory: pathlib.Path,
    contents: Mapping[str, str],
    reader: accounts.Account | None,
) -> None:
    """Write the files for the next start or reload.

    :param directory: of the agent; created if missing
    :param contents: text by the path in the directory
    :param reader: the user that runs the server
    """
    names = sorted({os.path.dirname(name) for name in contents} | {''})
    for path in (directory / name for name in names):
        path.mkdir(mode=0o700, exist_ok=True)
        if reader is not None:
            os.chown(path, -1, reader.gid)
            path.chmod(0o750)
    for name, text in contents.items():
        # Not durable: it is written again at every start.
        files.write(directory / name, text, reader, durable=False)
