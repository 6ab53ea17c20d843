# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a MariaDB, from a program that plays it."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import catalogue
from trove.guestagent.datastores.mariadb import server
from trove.tests import base

#: Writes what it is to run into the file that it is to write.
_PLAYS = """\
#!/bin/sh
for each; do
    case "$each" in
    --init-file=*) init="${each#--init-file=}" ;;
    --datadir=*) data="${each#--datadir=}" ;;
    esac
done
cp "$init" "$data/catalogue"
"""


class CatalogueTest(base.TestCase):
    def installed(self, text: str) -> programs.Programs:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        program = directory / server.KIND.server
        program.write_text(text)
        program.chmod(0o755)
        return programs.Programs(server.KIND, directory, (10, 11, 19))

    def test_what_the_server_writes_is_read(self) -> None:
        found = catalogue.read(self.installed(_PLAYS), None)

        self.assertIn("SELECT 'VARIABLE_NAME', ", found)
        self.assertTrue(found.endswith('SHUTDOWN;\n'), found)

    def test_a_server_that_writes_nothing(self) -> None:
        for text, reason in (
            ('#!/bin/sh\necho no disk >&2\n', 'no disk'),
            ('no program', 'Exec format error'),
        ):
            error = self.assertRaises(
                exception.DatastoreError,
                catalogue.read,
                self.installed(text),
                None,
            )

            self.assertIn('list its parameters', str(error))
            self.assertIn(reason, str(error))
