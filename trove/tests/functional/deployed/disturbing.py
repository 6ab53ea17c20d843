# SPDX-License-Identifier: Apache-2.0
"""What goes on in a replication set meanwhile, and what goes wrong there."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import threading
from typing import Any

import psycopg
import pymysql

from trove.tests.functional.deployed import base

ERRORS = (psycopg.Error, pymysql.MySQLError)


class Writer(threading.Thread):
    """Inserts numbers at whichever member takes them.

    ``written`` has those that were acknowledged.
    """

    def __init__(self, case: Any, first: int) -> None:
        super().__init__(daemon=True)
        self._case = case
        self._first = first
        self._end = threading.Event()
        self.written: list[int] = []

    def run(self) -> None:
        number = self._first
        while not self._end.is_set():
            number += 1
            if any(self._case.takes(each, number) for each in self._case.all):
                self.written.append(number)
            else:
                # Nobody takes it now; it may nevertheless be there.
                self._end.wait(0.05)

    def stop(self) -> None:
        self._end.set()
        self.join(60)


@contextlib.contextmanager
def frozen(case: Any, replica: Any) -> Iterator[None]:
    """A replica of MariaDB or MySQL receives nothing in this context."""
    login = case.member.root.create(case.primary.id)
    _tell(case, replica, login, 'STOP')
    yield
    _tell(case, replica, login, 'START')


def _tell(case: Any, replica: Any, login: Any, verb: str) -> None:
    def done() -> bool:
        try:
            session = case.store.connect(base.address_of(replica), *login, '')
        except ERRORS:
            return False
        session.execute(f'{verb} REPLICA IO_THREAD')
        session.close()
        return True

    case.eventually(done, 'root has come to the replica')
