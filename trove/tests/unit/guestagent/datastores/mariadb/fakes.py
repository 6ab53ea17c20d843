# SPDX-License-Identifier: Apache-2.0
"""A home of MariaDB whose programs are scripts."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import pathlib
from typing import Any
from unittest import mock

from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as endpoints
from trove.guestagent.datastores.mariadb import server as servers


class Home:
    """What the tools are given of a home."""

    account = None

    def __init__(self, root: pathlib.Path) -> None:
        self._bin = root / 'bin'
        self._bin.mkdir()
        self.data_dir = root / 'data'
        self.data_dir.mkdir()

    def script(self, name: str, text: str) -> None:
        path = self._bin / name
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)

    def server(self) -> servers.Server:
        return servers.Server(
            programs.Programs(servers.KIND, self._bin, (10, 11, 19)),
            self.data_dir,
            self.data_dir,
            self.data_dir / 'log',
            endpoints.Endpoint('127.0.0.1', 3306),
            None,
        )

    @contextlib.contextmanager
    def restoring(self) -> Iterator[str]:
        yield 'secret'


class Connector:
    """Notes the statements that are carried out."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @contextlib.contextmanager
    def open(self, action: str) -> Iterator[Any]:
        yield mock.Mock(execute=self.statements.append)
