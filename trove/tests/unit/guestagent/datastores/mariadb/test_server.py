# SPDX-License-Identifier: Apache-2.0
"""Finding MariaDB."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import server
from trove.tests import base


class KindTest(base.TestCase):
    def test_versions_are_read(self) -> None:
        for text, version in (
            (
                'mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux',
                (10, 11, 19),
            ),
            ('/x/mariadbd  Ver 11.8.9-MariaDB-log for Linux', (11, 8, 9)),
            ('mysqld  Ver 8.4.5 for Linux on x86_64', None),
        ):
            self.assertEqual(version, server.KIND.parse(text))

    def test_what_shares_data_is_a_series(self) -> None:
        found = programs.Programs(
            server.KIND, pathlib.Path('/usr/sbin'), (10, 11, 19)
        )
        self.assertEqual('10.11', found.major)
        self.assertEqual('10.11.19', found.text)

    def test_tools_are_beside_the_server_or_in_bin(self) -> None:
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('sbin/mariadbd', 'bin/mariadb-install-db'):
            (root / name).parent.mkdir()
            (root / name).write_text('')
        found = programs.Programs(server.KIND, root / 'sbin', (10, 11, 19))
        self.assertEqual(
            f'{root}/sbin/mariadbd', found.program('mariadbd')
        )
        self.assertEqual(
            f'{root}/bin/mariadb-install-db',
            found.program('mariadb-install-db'),
        )
