# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a MySQL, from a program that plays it."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mysql import catalogue
from trove.guestagent.datastores.mysql import server
from trove.tests import base

#: With data only, it writes what it is to run into the file of the list.
_PLAYS = """\
#!/bin/sh
for each; do
    case "$each" in
    --initialize-insecure) make=1 ;;
    --init-file=*) init="${each#--init-file=}" ;;
    --datadir=*) data="${each#--datadir=}" ;;
    esac
done
if [ -n "$make" ]; then mkdir "$data"; exit; fi
[ -d "$data" ] && cp "$init" "$data/../catalogue"
"""


class CatalogueTest(base.TestCase):
    def installed(self, text: str) -> programs.Programs:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        program = directory / server.KIND.server
        program.write_text(text)
        program.chmod(0o755)
        return programs.Programs(server.KIND, directory, (9, 7, 4))

    def test_what_the_server_writes_is_read(self) -> None:
        found = catalogue.read(self.installed(_PLAYS), None)

        self.assertIn("SELECT 'VARIABLE_NAME', ", found)
        self.assertIn('FROM performance_schema.variables_metadata', found)
        self.assertTrue(found.endswith('SHUTDOWN;\n'), found)

    def test_a_server_that_has_no_such_list(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError,
            catalogue.read,
            self.installed("#!/bin/sh\necho no such table >&2\n"),
            None,
        )

        self.assertIn('no such table', str(error))
