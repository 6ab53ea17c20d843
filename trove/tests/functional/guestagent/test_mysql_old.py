# SPDX-License-Identifier: Apache-2.0
"""MySQL 5.7: what it has in common with later ones, and what it lacks."""

from __future__ import annotations

import signal
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import processes
from trove.tests.fixtures import mysql
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import access
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import replicas
from trove.tests.functional.guestagent import stores


class ServerTest(
    access.DatabaseTests, access.UserTests, base.ServerTestCase
):
    store = stores.OldMySQL()

    @classmethod
    def setUpClass(cls) -> None:
        reason = mysql.missing(mysql.OLD)
        if reason is not None:
            raise cls.skipException(reason)
        super().setUpClass()

    def test_wrong_settings_are_refused(self) -> None:
        for wrong in (
            {'max_connections': 0},
            {'sql_mode': 'KLINGON'},
            {'max_conn': 100},
            {'innodb_redo_log_capacity': 2**26},
        ):
            error = self.assertRaises(
                exception.BadRequest, self.driver.update_overrides, wrong
            )
            self.assertIn(next(iter(wrong)), str(error))


class LifeTest(replicas.ReplicaTestCase):
    store = stores.OldMySQL()

    def setUp(self) -> None:
        reason = mysql.missing(mysql.OLD)
        if reason is not None:
            self.skipTest(reason)
        super().setUp()

    def root(self, guest: Any, text: str) -> list[Any]:
        with guest.place.session('root', 'top secret', 'mysql') as session:
            return list(session.execute(text).fetchall())

    def shown(self, name: str) -> str:
        ((_, value),) = self.root(self.guest, f"SHOW VARIABLES LIKE '{name}'")
        return str(value)

    def test_a_life(self) -> None:
        self.prepare_guest(root_password='top secret')
        self.write(1)
        self.change_settings_and_logs()
        self.refuse_backups()
        self.replicate()

    def change_settings_and_logs(self) -> None:
        api = self.guest.api
        api.update_overrides(self.context, {'max_connections': 88})
        api.apply_overrides(self.context, {'max_connections': 88})
        self.assertEqual('88', self.shown('max_connections'))
        self.assertEqual('3', self.shown('expire_logs_days'))
        self.switch_log(enable=True)
        self.sql('SELECT 4711')
        path = self.place.data_dir / 'general.log'
        self.assertIn('SELECT 4711', path.read_text())
        self.assertEqual('ON', self.shown('general_log'))
        self.switch_log(disable=True)
        self.assertEqual('OFF', self.shown('general_log'))

    def switch_log(self, **values: bool) -> None:
        order = dict.fromkeys(
            ('enable', 'disable', 'publish', 'discard'), False
        )
        self.guest.api.guest_log_action(
            self.context, 'general', **(order | values)
        )

    def refuse_backups(self) -> None:
        self.assertEqual('FAILED', self.backup('full')['state'])
        waiting.until(
            lambda: 'Install MySQL 8.0.17' in self.failures(), 'it is told'
        )
        del self.conductor.failures[:]

    def replicate(self) -> None:
        """An empty server gets all that the log of another has."""
        replica = self.another()
        self.prepare(replica, databases=[], users=[])
        self.wait_for_status(replica, 'healthy')
        context = self.guest.api.get_replica_context(self.context)
        replica.api.attach_replica(self.context, context, '')
        self.has(replica, 1)
        self.assertFalse(self.is_writable(replica))
        self.follows(replica)
        # When it takes over
        self.promote(self.guest, replica)
        self.assertTrue(self.is_writable(replica))
        self.assertFalse(self.is_writable(self.guest))
        self.sql('INSERT INTO orders VALUES (2)', replica)
        self.has(self.guest, 1, 2)
        # And after they crashed, it goes on
        for guest in (replica, self.guest):
            for pid in processes.all_in(guest.place.data_dir):
                processes.send(pid, signal.SIGKILL)
            guest.api.restart(self.context)
        self.sql('INSERT INTO orders VALUES (3)', replica)
        self.has(self.guest, 1, 2, 3)
        self.assertFalse(self.is_writable(self.guest))

    def is_writable(self, guest: Any) -> bool:
        ((super_read_only, read_only),) = self.root(
            guest, 'SELECT @@GLOBAL.super_read_only, @@GLOBAL.read_only'
        )
        self.assertEqual(super_read_only, read_only)
        return not read_only
