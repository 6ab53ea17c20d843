# SPDX-License-Identifier: Apache-2.0
"""Incremental backups of a server that does not say the truth."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import io
import json
import pathlib
import tarfile
from typing import Any
from unittest import mock

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.postgresql import backup
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import connection as connections
from trove.tests import base

_MIB = 1 << 20


class Server:
    """Answers each query by a word of it."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[Any, ...]] = {
            'pg_tablespace': (None,),
            'wal_segment_size': ('1MB',),
            'pg_control_checkpoint': ('0/200028', 1),
            'pg_create_restore_point': ('0/200100',),
            'pg_switch_wal': ('0/200200',),
            'restart_lsn': ('0/100028',),
            'pg_replication_slot_advance': (None,),
        }

    @contextlib.contextmanager
    def open(self, action: str) -> Iterator[Server]:
        yield self

    def execute(self, query: str, values: Any = ()) -> mock.Mock:
        (answer,) = (a for word, a in self.answers.items() if word in query)
        return mock.Mock(**{'fetchone.return_value': answer})


class IncrementalTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        wal = path / 'pg_wal'
        wal.mkdir()
        for number in 1, 2:
            (wal / f'0000000100000000{number:08X}').write_bytes(bytes(_MIB))
        (path / 'postgresql-backup.json').write_text(
            json.dumps(
                {
                    'label': 'full',
                    'stop-segment': '0/100028',
                    'stop-wal-file': '000000010000000000000001',
                }
            )
        )
        (path / config.HBA).write_text('')
        config.update_hba(path, None)
        self.server = Server()
        cluster = mock.Mock(
            spec=clusters.Cluster,
            state_dir=path,
            config_dir=path,
            data_dir=path,
            account=None,
        )
        connector = mock.Mock(spec=connections.Connector)
        connector.open.side_effect = self.server.open
        self.backups = backup.Backups(cluster, connector, lambda: 9 * _MIB, 9)

    def make(self) -> tuple[list[str], dict[str, str]]:
        """Return the names of the files, and the metadata."""
        request = backups.Request('new', {'label': 'full'})
        with self.backups.make(request) as stream:
            data = b''.join(iter(lambda: stream.read(_MIB), b''))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return archive.getnames(), stream.metadata

    def test_names_come_of_positions(self) -> None:
        names, metadata = self.make()

        self.assertEqual(['000000010000000000000002'], names)
        self.assertEqual(
            {
                'label': 'new',
                'start-segment': '0/100028',
                'start-wal-file': '000000010000000000000002',
                'stop-segment': '0/200200',
                'stop-wal-file': '000000010000000000000002',
                'checkpoint-location': '0/200028',
            },
            metadata,
        )

    def test_what_cannot_be_true_is_refused(self) -> None:
        for word, answer, said in (
            ('pg_switch_wal', ('FFFFFFFF/0',), 'the volume has place for 9'),
            ('pg_switch_wal', ('0/C00000',), 'has 10 segments'),
            ('pg_switch_wal', ('0/1',), 'has -1 segments'),
            ('pg_switch_wal', ('../../etc',), 'is not a position'),
            ('checkpoint', ('0/1\nX-Evil: 1', 1), 'is not a position'),
            ('checkpoint', ('0/1', 2), 'its history is another'),
            ('wal_segment_size', ('0MB',), 'is not the size'),
            ('restart_lsn', ('x/y',), 'is not a position'),
        ):
            honest = dict(self.server.answers)
            (name,) = (each for each in honest if word in each)
            self.server.answers[name] = answer

            error = self.assertRaises(exception.DatastoreError, self.make)

            self.assertIn(said, str(error))
            self.server.answers = honest
