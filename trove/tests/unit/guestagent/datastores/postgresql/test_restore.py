# SPDX-License-Identifier: Apache-2.0
"""Programs that verify a backup and do not come to an end."""

from __future__ import annotations

import io
import pathlib
import tarfile
import types
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.postgresql import restore
from trove.tests import base

_ENDLESS = '#!/bin/sh\nexec sleep 600\n'
_AT_ONCE = '#!/bin/sh\n'


class VerifyTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.target = self.root / 'target'
        self.target.mkdir()
        server = types.SimpleNamespace(
            programs=types.SimpleNamespace(
                program=lambda name: str(self.root / name),
                major='18',
                text='18.6',
            ),
            options=dict,
        )
        cluster: Any = types.SimpleNamespace(
            server=lambda: server, data_dir=self.root / 'data'
        )
        self.restore = restore.Restore(
            cluster,
            lambda: None,
            timeout=3,
            stop_timeout=1,
            stall_timeout=60,
        )

    def given(self, **programs: str) -> None:
        for name, text in programs.items():
            path = self.root / name
            path.write_text(text)
            path.chmod(0o755)

    def link(self, **metadata: str) -> Any:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode='w:gz') as archive:
            for name in ('PG_VERSION', 'pg_wal/none'):
                member = tarfile.TarInfo(name)
                member.size = 2
                archive.addfile(member, io.BytesIO(b'18'))
        return types.SimpleNamespace(
            location='one',
            metadata=metadata,
            read=lambda: (each for each in [stream.getvalue()]),
        )

    def verify(self, *chain: backups.Link) -> str:
        error = self.assertRaises(
            exception.DatastoreError, self.restore.verify, chain, self.target
        )
        return str(error)

    def test_they_are_ended_and_the_option_is_named(self) -> None:
        for endless, other in (
            ('pg_verifybackup', 'pg_waldump'),
            ('pg_waldump', 'pg_verifybackup'),
        ):
            with self.subTest(endless):
                self.given(**{endless: _ENDLESS, other: _AT_ONCE})

                said = self.verify(self.link(), self.link())

                self.assertIn(f'{endless} took longer than 3 s', said)
                self.assertIn('recovery_timeout', said)
