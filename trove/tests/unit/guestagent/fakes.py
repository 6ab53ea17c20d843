# SPDX-License-Identifier: Apache-2.0
"""A datastore without a database."""

from __future__ import annotations

from collections.abc import Sequence
import subprocess
import sys
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import base


class Driver(base.Driver):
    """Keeps what it is told; its server is an idle process.

    ``error`` is raised by the next operation on the server.
    """

    name = 'fake'
    capabilities = frozenset(
        (
            base.Capability.CONFIGURATION,
            base.Capability.DATABASES,
            base.Capability.VOLUME_SIZE,
        )
    )

    def __init__(self, conf: Any = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: exception.TroveError | None = None
        self.server: subprocess.Popen[bytes] | None = None

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        error, self.error = self.error, None
        if error is not None:
            raise error

    def prepare(self, preparation: base.Preparation) -> None:
        self._note('prepare', preparation)
        self.start()

    def start(self) -> None:
        self._note('start')
        if self.pid() is None:
            self.end()
            self.server = subprocess.Popen(
                [sys.executable, '-c', 'import sys; sys.stdin.read()'],
                stdin=subprocess.PIPE,
            )

    def stop(self) -> None:
        self._note('stop')
        self.end()

    def end(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.kill()
            server.communicate()

    def kill(self) -> None:
        """End the server as nobody ordered it."""
        assert self.server is not None
        self.server.kill()

    def pid(self) -> int | None:
        server = self.server
        if server is None or server.poll() is not None:
            return None
        return server.pid

    def answers(self) -> bool:
        return True

    def configure(self, config_contents: str | None) -> None:
        self._note('configure', config_contents)

    def update_overrides(
        self, overrides: base.Settings, remove: bool = False
    ) -> None:
        self._note('update_overrides', dict(overrides), remove)

    def apply_overrides(self, overrides: base.Settings) -> None:
        self._note('apply_overrides', dict(overrides))

    def create_databases(self, databases: Sequence[base.Database]) -> None:
        self._note('create_databases', list(databases))

    def delete_database(self, name: str) -> None:
        self._note('delete_database', name)

    def list_databases(
        self,
        limit: int | None = None,
        marker: str | None = None,
        include_marker: bool = False,
    ) -> base.DatabasePage:
        return [], None

    def filesystem_stats(self) -> base.FilesystemStats:
        return {
            'block_size': 1,
            'total_blocks': 3,
            'free_blocks': 1,
            'total': 3.0,
            'free': 1.0,
            'used': 2.0,
        }
