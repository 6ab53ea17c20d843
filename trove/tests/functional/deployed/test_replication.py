# SPDX-License-Identifier: Apache-2.0
"""Replicas from creation to detachment, with the services as processes."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import server as mariadb
from trove.guestagent.datastores.mysql import server as mysql
from trove.taskmanager.workflows import promote
from trove.tests.fixtures import deployment
from trove.tests.fixtures import mysql as binaries
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import replication
from trove.tests.functional.guestagent import stores

_CATCH_UP = 'wait until the replica has all changes'


class PostgreSQLTest(replication.ReplicationTests):
    """Task managers and members die meanwhile."""

    store = stores.PostgreSQL()
    number = deployment.Deployment.VERSION
    replicas = 3
    mortal = True

    @contextlib.contextmanager
    def frozen(self, replica: Any) -> Iterator[None]:
        (receiver,) = [
            each
            for parent in self.processes_of(replica.id)
            for each in parent.children()
            if 'walreceiver' in ' '.join(each.cmdline())
        ]
        receiver.suspend()
        try:
            yield
        finally:
            receiver.resume()

    def suffer(self, primary: Any, *others: Any) -> Any:
        new = others[0]
        self.assert_refused_while_it_reports(primary)
        self.lose_a_replica(self.primary, new)
        self.lose_the_primary(new, primary)
        return new

    def assert_refused_while_it_reports(self, primary: Any) -> None:
        error = self.assertRaises(
            trove_exceptions.BadRequest,
            self.member.instances.eject_replica_source,
            primary.id,
        )
        self.assertIn('still reports', str(error))

    def lose_a_replica(self, dead: Any, new: Any) -> None:
        """One that is dead is left behind by a promotion."""
        processes.end_mentioning(dead.id)
        self.member.instances.promote_to_replica_source(new.id)
        shown = self.wait_error(dead.id)
        self.assertIn('does not follow', shown.fault['message'])
        self.wait_active(new.id)
        self.assert_invariants()
        # Not by delete(), which starts other task managers.
        self.member.instances.delete(dead.id)
        self.eventually(lambda: self.is_gone(dead.id), 'it is deleted')
        self.all.remove(dead)

    def lose_the_primary(self, dead: Any, replica: Any) -> None:
        """It dies in the middle of a promotion, when nobody is writable.

        It hangs before: a task manager that comes back would start it again.
        """
        self.kill_once(
            promote.Promote,
            _CATCH_UP,
            order=lambda: self.member.instances.promote_to_replica_source(
                replica.id
            ),
            meanwhile=lambda: processes.suspend_mentioning(dead.id),
        )
        self.wait(replica.id, lambda i: i.status != 'PROMOTE', 'is done')
        processes.end_mentioning(dead.id)
        for each, remedy in (
            (replica, 'Promote the replica again'),
            (dead, 'or eject this primary'),
        ):
            # Users see the beginning of a long one.
            fault = self.admin.instances.get(each.id).fault
            self.assertIn(remedy, fault['details'])
        # Nobody is writable by mistake: the others follow whom they followed.
        self.assertEqual([], [i.id for i in self.all if self.takes(i, 0)])
        self.assertEqual(dead.id, self.follows(replica))


class MariaDBTest(replication.ReplicationTests):
    store = stores.MariaDB()

    def prepare_datastore(self) -> None:
        found = programs.find(
            mariadb.KIND, mariadb.candidates(), None, '/nowhere', None
        )
        self.number = found.major
        self.offer_datastore('mariadb', found.major)


class MySQLTest(replication.ReplicationTests):
    store = stores.MySQL()
    grows = False

    def setUp(self) -> None:
        reason = binaries.missing()
        if reason is not None:
            self.skipTest(reason)
        super().setUp()

    def prepare_datastore(self) -> None:
        found = programs.find(
            mysql.KIND, [binaries.bin_dir()], None, '/nowhere', None
        )
        self.offer_datastore('mysql', found.major)
        self.deployment.configure_guests('mysql', self.store.options(self))
