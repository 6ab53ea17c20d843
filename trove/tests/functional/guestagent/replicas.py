# SPDX-License-Identifier: Apache-2.0
"""Replicas of an agent in the test."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import psycopg
import pymysql

from trove.common import exception
from trove.guestagent.datastores import processes
from trove.guestagent.datastores.mysql_common import role
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups

#: The server runs with --read-only.
_READ_ONLY = 1290
#: Root has not the privilege.
_DENIED = 1227
#: What keeps all from writing, the one first that implies the other.
_SWITCHES = 'super_read_only', 'read_only'


class ReplicaTestCase(backups.BackupTestCase):
    def make_replica(self, backup: dict[str, Any]) -> backups.Guest:
        guest = self.another()
        snapshot = self.guest.api.get_replication_snapshot(
            self.context,
            {
                'id': backup['id'],
                'state': 'COMPLETED',
                'replica_id': guest.place.guest_id,
            },
        )
        self.assertEqual(backup['id'], snapshot['dataset']['snapshot_id'])
        self.restore(
            guest, backup, databases=[], users=[], snapshot=snapshot
        )
        self.wait_for_status(guest, 'healthy')
        self.assertEqual('', self.failures())
        return guest

    def make_replica_of_the_volume(self) -> backups.Guest:
        """Do what task managers do with a snapshot, and write a row since."""
        guest = self.another()
        info = {'id': 's', 'state': 'NEW', 'storage_driver': 'cinder'}
        self.guest.api.get_replication_snapshot(self.context, info)
        self.copy_volume(guest)
        self.write(2)
        snapshot = self.guest.api.get_replication_snapshot(
            self.context,
            info | {'state': 'COMPLETED', 'replica_id': guest.place.guest_id},
        )
        order = {
            'backup_info': {
                'id': 's',
                'instance_id': self.place.guest_id,
                'location': 'cinder://s',
                'storage_driver': 'cinder',
            },
            'snapshot': snapshot,
            'databases': [],
            'users': [],
        }
        self.prepare(guest, **order)
        waiting.until(
            lambda: self.failures() or self.status(guest) == 'healthy',
            'it is prepared',
            timeout=120,
        )
        self.assertEqual('', self.failures())
        # An order that comes again changes nothing.
        guest.api.prepare(
            self.context, packages=[], memory_mb=256, **order
        )
        return guest

    def copy_volume(self, guest: backups.Guest) -> None:
        """Copy all files of the primary at one moment, as a cloud does."""
        data_dir = self.place.data_dir
        pids = processes.all_in(data_dir)
        for pid in pids:
            processes.send(pid, signal.SIGSTOP)
        try:
            subprocess.run(
                [
                    *('cp', '--archive', '--no-target-directory'),
                    data_dir.parent,
                    guest.place.data_dir.parent,
                ],
                check=True,
            )
        finally:
            for pid in pids:
                processes.send(pid, signal.SIGCONT)

    def has(self, guest: backups.Guest, *numbers: int) -> None:
        waiting.until(
            lambda: self.rows(guest) == list(numbers),
            f'{numbers} have come',
            timeout=60,
            # A standby may be restarted meanwhile.
            ignore=(psycopg.OperationalError,),
        )

    def follows(self, guest: backups.Guest) -> None:
        """Its heartbeats say that it has all that its primary has."""

        def said() -> bool:
            payloads = [
                payload
                for payload in self.conductor.payloads
                if payload['id'] == guest.place.guest_id
            ]
            found = payloads[-1].get('replication') or {}
            texts = found.get('errant'), found.get('error')
            return (
                found.get('follows') is True
                and found['lag'] < 60
                and texts == ('', '')
            )

        waiting.until(said, 'it follows', timeout=60)

    def promote(
        self,
        old: backups.Guest,
        new: backups.Guest,
        *others: backups.Guest,
    ) -> None:
        """Do what task managers do, those of releases, too."""
        old.api.make_read_only(self.context, True)
        position = old.api.get_latest_txn_id(self.context)
        new.api.wait_for_txn(self.context, position)
        new.api.detach_replica(self.context, for_failover=True)
        new.api.enable_as_master(self.context, '')
        new.api.make_read_only(self.context, False)
        context = new.api.get_replica_context(self.context)
        for other in others:
            other.api.detach_replica(self.context, for_failover=True)
            other.api.attach_replica(self.context, context, '', restart=True)
        old.api.attach_replica(self.context, context, '', restart=False)
        old.api.demote_replication_master(self.context)


class GTIDTests(ReplicaTestCase):
    """Of MySQL and MariaDB. A whole life: servers are slow to make."""

    def root(self, guest: backups.Guest, text: str) -> list[Any]:
        with guest.place.session('root', 'top secret', 'mysql') as session:
            return list(session.execute(text).fetchall())

    def is_writable(self, guest: backups.Guest) -> bool:
        found = set()
        # Root is a customer, too.
        for user, password in ('clerk', 'secret'), ('root', 'top secret'):
            with guest.place.session(user, password, 'shop') as session:
                try:
                    session.execute('CREATE TABLE tried (number int)')
                    session.execute('DROP TABLE tried')
                    found.add(True)
                except pymysql.MySQLError as error:
                    self.assertEqual(_READ_ONLY, error.args[0])
                    found.add(False)
        (writable,) = found
        return writable

    def writable(self, *guests: backups.Guest) -> list[backups.Guest]:
        return [guest for guest in guests if self.is_writable(guest)]

    def open_up(self, guest: backups.Guest) -> None:
        """Root makes a replica writable, where it may: not for long."""
        names = [
            name
            for name in _SWITCHES
            if self.root(guest, f"SHOW VARIABLES LIKE '{name}'")
        ]
        with guest.place.session('root', 'top secret', 'mysql') as session:
            for name in names:
                try:
                    session.execute(f'SET GLOBAL {name} = 0')
                except pymysql.MySQLError as error:
                    self.assertEqual(_DENIED, error.args[0])
                    return
        waiting.until(
            lambda: 'switched off' in str(self.conductor.payloads),
            'it is told',
            timeout=60,
        )
        self.assertFalse(self.is_writable(guest))

    def users(self, guest: backups.Guest) -> list[str]:
        rows = self.root(
            guest, "SELECT User FROM user WHERE LEFT(User, 6) = 'slave_'"
        )
        return [name for (name,) in rows]

    def has_witness(self, guest: backups.Guest) -> bool:
        """Whether its data are known as those of a replica."""
        return any(
            (guest.place.data_dir / name).exists()
            for name in (role.MARK, 'master.info')
        )

    def attach(self, guest: backups.Guest, primary: backups.Guest) -> None:
        context = primary.api.get_replica_context(self.context)
        guest.api.attach_replica(self.context, context, '')

    def test_a_replica_of_a_snapshot(self) -> None:
        # Given a primary of which there is no backup
        self.prepare_guest(root_password='top secret')
        self.write(1)
        # When
        replica = self.make_replica_of_the_volume()
        # Then it goes on from where the snapshot was made
        self.has(replica, 1, 2)
        self.follows(replica)
        self.assertFalse(self.is_writable(replica))
        self.assertNotEqual(
            *(
                self.root(guest, 'SELECT @@GLOBAL.server_id')
                for guest in (self.guest, replica)
            )
        )
        # And one takes over from the other
        self.promote(self.guest, replica)
        self.assertEqual([replica], self.writable(self.guest, replica))
        self.sql('INSERT INTO orders VALUES (3)', replica)
        self.has(self.guest, 1, 2, 3)

    def test_a_life_of_replicas(self) -> None:
        # Given a primary with a replica of its newest backup
        self.prepare_guest(root_password='top secret')
        self.write(1)
        full = self.backup('full')
        self.write(2)
        first = self.make_replica(self.backup('more', full))
        self.write(3)
        # And one of a full backup
        second = self.make_replica(full)
        for replica in (first, second):
            self.has(replica, 1, 2, 3)
            self.assertFalse(self.is_writable(replica))
        self.open_up(first)
        # When one takes over
        self.promote(self.guest, first, second)
        # Then exactly this one can be written, and the others follow it
        everybody = (self.guest, first, second)
        self.assertEqual(
            [True, False, True], [self.has_witness(g) for g in everybody]
        )
        self.assertEqual([first], self.writable(*everybody))
        self.sql('INSERT INTO orders VALUES (4)', first)
        for guest in (self.guest, second):
            self.has(guest, 1, 2, 3, 4)
            self.follows(guest)
        # And that outlasts a restart of all of them
        for guest in everybody:
            guest.api.restart(self.context)
        self.assertEqual([first], self.writable(*everybody))
        self.sql('INSERT INTO orders VALUES (5)', first)
        for guest in (self.guest, second):
            self.has(guest, 1, 2, 3, 4, 5)
        # When one becomes an instance of its own
        info = second.api.detach_replica(self.context, for_failover=False)
        first.api.cleanup_source_on_replica_detach(self.context, info)
        # Then it has what it had, and keeps nothing of the primary
        self.sql('INSERT INTO orders VALUES (6)', second)
        self.assertEqual([1, 2, 3, 4, 5, 6], self.rows(second))
        self.assertEqual([1, 2, 3, 4, 5], self.rows(first))
        self.assertEqual([], self.users(second))
        self.assertEqual(1, len(self.users(first)))
        # And nobody takes it back, as it differs now
        error = self.assertRaises(
            exception.DatastoreError, self.attach, second, first
        )
        self.assertIn('Delete this replica', str(error))
        self.assertFalse(self.is_writable(second))
        self.lose_the_primary(first, self.guest)

    def lose_the_primary(
        self, dead: backups.Guest, heir: backups.Guest
    ) -> None:
        # Given a primary that dies
        before = heir.api.get_last_txn(self.context)
        agent = dead.agent
        assert agent is not None
        agent.stop()
        for pid in processes.all_in(dead.place.data_dir):
            processes.send(pid, signal.SIGKILL)
        # When its replica takes over
        after = heir.api.get_last_txn(self.context)
        self.assertEqual(before, after)
        self.assertGreater(heir.api.get_txn_count(self.context), 1)
        heir.api.detach_replica(self.context, for_failover=True)
        heir.api.enable_as_master(self.context, '')
        heir.api.make_read_only(self.context, False)
        self.sql('INSERT INTO orders VALUES (7)', heir)
        # And the dead one returns, and is told to follow
        dead.start()
        self.wait_for_status(dead, 'healthy')
        self.attach(dead, heir)
        # Then it has what the other has
        self.has(dead, 1, 2, 3, 4, 5, 7)
        self.assertFalse(self.is_writable(dead))
        self.assertTrue(self.is_writable(heir))
        # When a promotion is undone
        heir.api.make_read_only(self.context, True)
        self.assertFalse(self.is_writable(heir))
        heir.api.make_read_only(self.context, False)
        self.assertTrue(self.is_writable(heir))
