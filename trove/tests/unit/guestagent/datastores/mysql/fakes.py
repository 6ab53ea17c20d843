# SPDX-License-Identifier: Apache-2.0
"""A home of MySQL that has no server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import pathlib
import shutil
from typing import Any
from unittest import mock

from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as endpoints
from trove.guestagent.datastores.mysql import server as servers


class Home:
    """What backups are given of a home."""

    account = None
    witness = 'ibdata1'
    version: tuple[int, ...] = (9, 7, 4)

    def __init__(self, root: pathlib.Path) -> None:
        self.data_dir = root / 'data'
        self.data_dir.mkdir()

    def server(self) -> servers.Server:
        return servers.Server(
            programs.Programs(servers.KIND, pathlib.Path('/x'), self.version),
            self.data_dir,
            self.data_dir,
            self.data_dir / 'log',
            endpoints.Endpoint('127.0.0.1', 3306),
            None,
        )

    @contextlib.contextmanager
    def restoring(self) -> Iterator[str]:
        try:
            yield 'secret'
        except BaseException:
            shutil.rmtree(self.data_dir)
            raise


class Connector:
    """Has statements answered.

    :param answer: returns the rows of a statement with its values
    """

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.statements: list[str] = []
        #: The status of a replica; None: it follows nobody.
        self.status: Callable[[], dict[str, Any] | None] = lambda: None

    @contextlib.contextmanager
    def open(self, action: str, timeout: int = 0) -> Iterator[Any]:
        yield mock.Mock(
            execute=self._execute,
            try_to=self._try_to,
            row=lambda statement: self.status(),
        )

    def _execute(self, statement: str, values: Any = ()) -> Any:
        self.statements.append(statement)
        return self.answer(statement, *values)

    def _try_to(self, code: int, statement: str) -> bool:
        self.statements.append(statement)
        return True
