# SPDX-License-Identifier: Apache-2.0
"""All that the driver says to a MySQL exists in that version of it.

The tables are from https://dev.mysql.com/doc/mysqld-version-reference/ and the
reference manuals of 5.7, 8.0, 8.4 and 9.x: since when there is something, and
when it was removed.
"""

from __future__ import annotations

from collections.abc import Iterable
import pathlib
import types
from typing import Any
from typing import Final
from unittest import mock

import fixtures

from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as endpoints
from trove.guestagent.datastores.mysql import driver
from trove.guestagent.datastores.mysql import server
from trove.guestagent.datastores.mysql_common import role
from trove.tests import base

Version = tuple[int, ...]

_VERSIONS: Final[tuple[Version, ...]] = (
    (5, 7, 29),
    (8, 0, 16),
    (8, 0, 22),
    (8, 0, 23),
    (8, 0, 45),
    (8, 4, 0),
    (9, 0, 0),
    (9, 7, 4),
)
_ALWAYS: Final[Version] = (5, 7, 8)
_NEVER: Final[Version] = (99,)

_OPTIONS: Final[dict[str, tuple[Version, Version]]] = {
    'datadir': (_ALWAYS, _NEVER),
    'defaults_file': (_ALWAYS, _NEVER),
    'enforce_gtid_consistency': (_ALWAYS, _NEVER),
    'general_log': (_ALWAYS, _NEVER),
    'gtid_mode': (_ALWAYS, _NEVER),
    'help': (_ALWAYS, _NEVER),
    'init_file': (_ALWAYS, _NEVER),
    'initialize_insecure': (_ALWAYS, _NEVER),
    'innodb_flush_method': (_ALWAYS, _NEVER),
    'local_infile': (_ALWAYS, _NEVER),
    'log_bin': (_ALWAYS, _NEVER),
    'log_error_verbosity': (_ALWAYS, _NEVER),
    'log_output': (_ALWAYS, _NEVER),
    'log_slave_updates': (_ALWAYS, _NEVER),
    'long_query_time': (_ALWAYS, _NEVER),
    'master_info_repository': (_ALWAYS, (8, 3, 0)),
    'mysqlx': ((8, 0, 11), _NEVER),
    'no_defaults': (_ALWAYS, _NEVER),
    'persisted_globals_load': ((8, 0, 0), _NEVER),
    'read_only': (_ALWAYS, _NEVER),
    'relay_log_info_repository': (_ALWAYS, (8, 3, 0)),
    'relay_log_recovery': (_ALWAYS, _NEVER),
    'secure_file_priv': (_ALWAYS, _NEVER),
    'skip_log_bin': (_ALWAYS, _NEVER),
    'skip_name_resolve': (_ALWAYS, _NEVER),
    'slow_query_log': (_ALWAYS, _NEVER),
    'super_read_only': (_ALWAYS, _NEVER),
    'validate_config': ((8, 0, 16), _NEVER),
    'verbose': (_ALWAYS, _NEVER),
}

#: How statements begin; the plugins of accounts.
_STATEMENTS: Final[dict[str, tuple[Version, Version]]] = {
    'ALTER INSTANCE RELOAD TLS': ((8, 0, 16), _NEVER),
    'CHANGE MASTER TO MASTER_HOST': (_ALWAYS, (8, 4, 0)),
    'CHANGE REPLICATION SOURCE TO SOURCE_HOST': ((8, 0, 23), _NEVER),
    'IDENTIFIED WITH caching_sha2_password': ((8, 0, 4), _NEVER),
    # Not loaded any more since 8.4.
    'IDENTIFIED WITH mysql_native_password': (_ALWAYS, (8, 4, 0)),
    'RESET REPLICA ALL': ((8, 0, 22), _NEVER),
    'RESET SLAVE ALL': (_ALWAYS, (8, 4, 0)),
    'SELECT @@GLOBAL.gtid_executed': (_ALWAYS, _NEVER),
    'SHOW REPLICA STATUS': ((8, 0, 22), _NEVER),
    'SHOW SLAVE STATUS': (_ALWAYS, (8, 4, 0)),
    'START REPLICA': ((8, 0, 22), _NEVER),
    'START SLAVE': (_ALWAYS, (8, 4, 0)),
    'STOP REPLICA': ((8, 0, 22), _NEVER),
    'STOP SLAVE': (_ALWAYS, (8, 4, 0)),
}


class VersionsTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(group='guestagent', state_dir=str(self.root))
        self.driver: Any = driver.MySQL(self.conf)
        program = self.root / 'mysqld'
        program.write_text(
            f'#!/bin/sh\nfor each; do echo "$each" >>{self.root}/said; done\n'
        )
        program.chmod(0o755)

    def use(self, version: Version) -> server.Server:
        """Have the driver find a version."""
        made = server.Server(
            programs.Programs(server.KIND, self.root, version),
            self.root / 'data',
            self.root / 'config',
            self.root / 'log',
            endpoints.Endpoint('127.0.0.1', 3306),
            None,
        )
        self.driver.home = types.SimpleNamespace(
            server=lambda: made, data_dir=self.root
        )
        self.driver.dialect._version = lambda: version
        return made

    def assert_there(
        self,
        version: Version,
        used: Iterable[str],
        known: dict[str, tuple[Version, Version]],
    ) -> None:
        for each in used:
            since, until = known[each]
            self.assertTrue(since <= version < until, (each, version))

    def test_options_of_files(self) -> None:
        for version in _VERSIONS:
            with self.subTest(version):
                self.use(version)
                used = {
                    *mysql_settings.AGENT,
                    *self.driver.own_settings(),
                    *self.driver.dialect.read_only,
                    *(
                        name
                        for log in self.driver.logs()
                        for name in log.settings or ()
                    ),
                }
                self.assert_there(version, used, _OPTIONS)

    def test_options_of_the_command_line(self) -> None:
        for version in _VERSIONS:
            with self.subTest(version):
                found = self.use(version)
                found.initialize('unused')
                found.check('')
                said = self.root / 'said'
                used = {
                    each.removeprefix('--').partition('=')[0].replace('-', '_')
                    for each in said.read_text().splitlines()
                    # It ignores those that it has not.
                    if not each.startswith('--loose-')
                }
                said.unlink()
                self.assert_there(version, used, _OPTIONS)

    def test_statements(self) -> None:
        for version in _VERSIONS:
            with self.subTest(version):
                self.use(version)
                said = self.statements()
                used = [
                    next(known for known in _STATEMENTS if s.startswith(known))
                    for s in said
                ]
                self.assert_there(version, used, _STATEMENTS)

    def statements(self) -> list[str]:
        dialect = self.driver.dialect
        connection = mock.Mock()
        connection.row.return_value = None
        dialect.follow(connection, role.State())
        dialect.status(connection)
        calls = (
            *connection.execute.call_args_list,
            *connection.row.call_args_list,
        )
        return [
            *(call.args[0] for call in calls),
            *(dialect.start, dialect.stop, dialect.stop_receiving),
            *(dialect.forget, dialect.position),
            *filter(None, [self.driver.reload_tls]),
            self.driver.identified('secret'),
        ]
