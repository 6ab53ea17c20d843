# SPDX-License-Identifier: Apache-2.0
"""Released versions of Trove, each in a process of its own."""

from __future__ import annotations

import configparser
import json
import os
import pathlib
import secrets
import select
import sqlite3
import subprocess
from typing import Any
import uuid

import fixtures

from trove.tests.fixtures import processes
from trove.tests.fixtures import released as installed

PEER = pathlib.Path(__file__).with_name('peer.py')

#: Seconds for anything that a peer does; a limit for broken code.
_TIMEOUT = 60.0


class Released(fixtures.Fixture):
    """A process of a released Trove, with a database of its own.

    :param release: for instance 26
    :param url: of the message broker
    :param encrypted: with secure messaging on, as is its default; the keys
        are ``task_key`` and, of each instance, what :meth:`instance` gets
    """

    def __init__(self, release: int, url: str, encrypted: bool) -> None:
        super().__init__()
        self.release = release
        self.url = url
        self.encrypted = encrypted
        self.task_key = secrets.token_urlsafe(24) if encrypted else None
        self.store_key = secrets.token_urlsafe(24)

    def _setUp(self) -> None:
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )
        self.log = self.directory / f'released-{self.release}.log'
        self.database = self.directory / 'trove.sqlite'
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                [
                    *(installed.python(self.release), '-P'),
                    *(PEER, self._write_config()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        self.addCleanup(self._end)
        self.addDetail(self.log.name, processes.log_detail(self.log))
        self._read()
        self.do('database')

    def _end(self) -> None:
        processes.end_tree(self._process.pid)
        self._process.wait()
        for stream in self._process.stdin, self._process.stdout:
            assert stream is not None
            stream.close()

    @staticmethod
    def _environment() -> dict[str, str]:
        ours = ('PYTHON', 'COVERAGE', 'VIRTUAL_ENV', 'OS_', 'TROVE_')
        return {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(ours)
        }

    def _write_config(self) -> pathlib.Path:
        parser = configparser.RawConfigParser()
        parser['DEFAULT'] = {
            'transport_url': self.url,
            'report_interval': '0',
            'agent_call_low_timeout': '20',
            'agent_call_high_timeout': '20',
            'enable_secure_rpc_messaging': str(self.encrypted),
            'taskmanager_rpc_encr_key': str(self.task_key),
            'inst_rpc_key_encr_key': self.store_key,
        }
        parser['database'] = {'connection': f'sqlite:///{self.database}'}
        path = self.directory / 'trove.conf'
        with path.open('w') as target:
            parser.write(target)
        return path

    def do(self, command: str, **values: Any) -> Any:
        """Have the process do something; see ``peer.py`` for what.

        :raises AssertionError: it failed over there, or does not answer
        """
        assert self._process.stdin is not None
        line = json.dumps({'do': command, **values}) + '\n'
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        answer = self._read()
        if 'error' in answer:
            raise AssertionError(
                f'Release {self.release} failed to do {command}:\n'
                f'{answer["error"]}'
            )
        return answer['ok']

    def _read(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        # One line for each command, so nothing is left in the buffer.
        ready, _, _ = select.select([stream], [], [], _TIMEOUT)
        line = stream.readline() if ready else b''
        if not line:
            raise AssertionError(
                f'Release {self.release} does not answer:\n'
                f'{processes.tail(self.log)}'
            )
        found: dict[str, Any] = json.loads(line)
        return found

    def instance(self, key: str | None) -> str:
        """Make an instance in the database; return its id.

        :param key: for its messages; None for an instance without
        """
        instance_id = str(uuid.uuid4())
        stored = None
        if key is not None:
            stored = self.do('encrypted', text=key, key=self.store_key)
        self.insert(
            'instances',
            id=instance_id,
            name='interop',
            task_id=0,
            deleted=0,
            datastore_version_id=str(uuid.uuid4()),
            encrypted_key=stored,
        )
        self.insert(
            'service_statuses',
            id=str(uuid.uuid4()),
            instance_id=instance_id,
            status_id=0x09,
            status_description='building',
        )
        self.insert(
            'agent_heartbeats',
            id=str(uuid.uuid4()),
            instance_id=instance_id,
            updated_at='2026-01-01 00:00:00',
            deleted=0,
        )
        self.insert(
            'backups',
            id=instance_id,
            name='interop',
            state='BUILDING',
            instance_id=instance_id,
            deleted=0,
        )
        return instance_id

    def insert(self, table: str, **row: Any) -> None:
        marks = ', '.join('?' * len(row))
        self._run(
            f'INSERT INTO {table} ({", ".join(row)}) VALUES ({marks})',
            *row.values(),
        )

    def update(self, table: str, row_id: str, **values: Any) -> None:
        names = ', '.join(f'{name} = ?' for name in values)
        self._run(
            f'UPDATE {table} SET {names} WHERE id = ?',
            *values.values(),
            row_id,
        )

    def select(self, table: str, **where: Any) -> list[dict[str, Any]]:
        conditions = ' AND '.join(f'{name} = ?' for name in where)
        return self._run(
            f'SELECT * FROM {table} WHERE {conditions}', *where.values()
        )

    def _run(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.database, timeout=_TIMEOUT)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                return [dict(r) for r in connection.execute(statement, values)]
        finally:
            connection.close()
