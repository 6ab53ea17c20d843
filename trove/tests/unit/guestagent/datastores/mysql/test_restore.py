# SPDX-License-Identifier: Apache-2.0
"""Restores of archives that hold what they should, or not."""

from __future__ import annotations

from collections.abc import Generator
import io
import pathlib
import tarfile
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores.mysql import restore
from trove.guestagent.datastores.mysql_common import replay
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes


def link(
    *names: str,
    location: str = 'full.clone.tar.gz',
    version: str = '9.7.2',
    leads: str | None = None,
) -> backups.Link:
    """A backup with files of these names, and perhaps a link."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w:gz') as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
        if leads is not None:
            member = tarfile.TarInfo('link')
            member.type, member.linkname = tarfile.SYMTYPE, leads
            archive.addfile(member)

    def read() -> Generator[bytes, None, None]:
        yield made.getvalue()

    return backups.Link(location, {'server-version': version}, read)


class RestoreTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home: Any = fakes.Home(root)
        self.restore = restore.Restore(self.home, 60, 60)

    def refused(self, *chain: backups.Link) -> str:
        return str(
            self.assertRaises(
                exception.DatastoreError, self.restore.restore, chain
            )
        )

    def test_what_belongs_to_the_old_place_is_dropped(self) -> None:
        self.restore.restore(
            [
                link(
                    'ibdata1',
                    'auto.cnf',
                    'mysqld-auto.cnf',
                    'server-key.pem',
                    'mysql-bin.index',
                    'trove-replica',
                )
            ]
        )
        left = [path.name for path in self.home.data_dir.iterdir()]
        self.assertEqual(['ibdata1'], left)

    def test_what_is_no_clone_is_refused(self) -> None:
        foreign = link('ibdata1', location='full.xbstream.gz')
        self.assertIn('full.xbstream.gz', self.refused(foreign))
        self.assertIn(
            'not an incremental', self.refused(link('ibdata1'), foreign)
        )
        for version in ('8.4.5', '9.6.1', '10.11.4', ''):
            said = self.refused(link('ibdata1', version=version))
            self.assertIn('this instance has MySQL 9.7.4', said)

    def test_what_leads_elsewhere_is_refused(self) -> None:
        said = self.refused(link('ibdata1', leads='/etc'))
        self.assertIn('link leads elsewhere', said)
        self.assertFalse(self.home.data_dir.exists())

    def test_what_has_no_database_is_refused(self) -> None:
        self.assertIn('no database in it', self.refused(link('other')))

    def test_the_log_goes_on_with_the_file_of_the_backup(self) -> None:
        self.assertEqual(
            replay.Position('mysql-bin.000008', 4),
            restore.log_start({'binlog-file': 'mysql-bin.000008'}),
        )
        error = self.assertRaises(
            exception.DatastoreError, restore.log_start, {}
        )
        self.assertIn('made later', str(error))
