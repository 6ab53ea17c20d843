# SPDX-License-Identifier: Apache-2.0
"""The logs of real database servers."""

from __future__ import annotations

from trove.tests.fixtures import mysql
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import logs
from trove.tests.functional.guestagent import stores


class PostgreSQLTest(logs.LogTests):
    pass


class MariaDBTest(logs.LogTests):
    store = stores.MariaDB()

    def test_slow_statements_and_errors(self) -> None:
        self.act('slow_query', enable=True)

        def is_logged() -> bool:
            with self.place.session('clerk', 'secret', 'shop') as session:
                session.execute("SELECT SLEEP(1.1), 'slow'")
            return self.act('slow_query')['pending'] > 0

        waiting.until(is_logged, 'it is slow enough', timeout=30)
        self.work('quick')
        self.wait_published("'slow'", 'slow_query')
        self.assertEqual([], self.said('quick', 'slow_query'))
        # What the server itself says is for administrators
        shown = self.act('error', self.admin, publish=True)
        self.assertEqual('Published', shown['status'])
        self.server.rotate_log('error')
        self.assertLess(self.path('error').stat().st_size, 1 << 10)


class MySQLTest(MariaDBTest):
    store = stores.MySQL()

    @classmethod
    def setUpClass(cls) -> None:
        reason = mysql.missing()
        if reason is not None:
            raise cls.skipException(reason)
        super().setUpClass()
