# SPDX-License-Identifier: Apache-2.0
"""Replicas of a PostgreSQL, by the orders that agents get."""

from __future__ import annotations

from concurrent import futures
import shutil
import signal

import psutil
import psycopg

from trove.guestagent.datastores import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups
from trove.tests.functional.guestagent import replicas


class ReplicationTest(replicas.ReplicaTestCase):
    """Each test is a whole life: servers are slow to make."""

    def is_writable(self, guest: backups.Guest) -> bool:
        try:
            self.sql('CREATE TABLE tried (number int)', guest)
        except psycopg.errors.ReadOnlySqlTransaction:
            return False
        self.sql('DROP TABLE tried', guest)
        return True

    def slots(self, guest: backups.Guest) -> list[str]:
        found = self.sql(
            'SELECT slot_name FROM pg_replication_slots ORDER BY 1', guest
        )
        return [name for (name,) in found]

    def test_a_planned_promotion(self) -> None:
        # Given a primary with two replicas, and what was written since
        self.prepare_guest()
        self.write(1)
        full = self.backup('full')
        self.write(2)
        first = self.make_replica(full)
        second = self.make_replica(full)
        self.write(3)
        for replica in (first, second):
            self.has(replica, 1, 2, 3)
            self.assertFalse(self.is_writable(replica))
        kept = self.slots(self.guest)
        self.assertEqual(3, len(kept), kept)
        # When one takes over
        self.promote(self.guest, first, second)
        # Then exactly this one can be written, and the others follow it
        writable = [
            guest
            for guest in (self.guest, first, second)
            if self.is_writable(guest)
        ]
        self.assertEqual([first], writable)
        self.sql('INSERT INTO orders VALUES (4)', first)
        for guest in (self.guest, second):
            self.has(guest, 1, 2, 3, 4)
            self.follows(guest)
        self.assertEqual([], self.slots(self.guest))
        self.assertEqual(2, len(self.slots(first)))
        # And that outlasts a restart of all of them
        for guest in (self.guest, first, second):
            guest.api.restart(self.context)
        # And higher limits of the primary, which they have to have, too
        first.api.update_overrides(self.context, {'max_connections': 300})
        first.api.restart(self.context)
        self.sql('INSERT INTO orders VALUES (5)', first)
        for guest in (self.guest, second):
            self.has(guest, 1, 2, 3, 4, 5)
        self.detach(second, first)

    def detach(self, second: backups.Guest, first: backups.Guest) -> None:
        # When one becomes an instance of its own
        info = second.api.detach_replica(self.context, for_failover=False)
        first.api.cleanup_source_on_replica_detach(self.context, info)
        # Then it has what it had, and keeps nothing of the primary
        self.sql('INSERT INTO orders VALUES (6)', second)
        self.assertEqual([1, 2, 3, 4, 5, 6], self.rows(second))
        self.assertEqual([1, 2, 3, 4, 5], self.rows(first))
        self.assertEqual(1, len(self.slots(first)))
        # And one whose primary is gone says so
        first.api.stop_db(self.context)
        waiting.until(
            lambda: 'could not connect to the primary'
            in str(self.conductor.payloads[-5:]),
            'it is told',
            timeout=60,
        )
        first.api.restart(self.context)
        self.assertEqual(
            [],
            self.sql(
                "SELECT 1 FROM pg_roles WHERE rolname = 'replicator'", second
            ),
        )

    def test_a_dead_primary_that_returns_is_rewound(self) -> None:
        # Given a primary whose last row no replica has
        self.prepare_guest()
        self.write(1)
        replica = self.make_replica(self.backup('full'))
        self.has(replica, 1)
        before = replica.api.get_last_txn(self.context)
        info = replica.api.detach_replica(self.context, for_failover=True)
        self.assertEqual(replica.place.guest_id, info['replica_id'])
        self.write(2)
        agent = self.guest.agent
        assert agent is not None
        agent.stop()
        for pid in processes.all_in(self.place.data_dir):
            processes.send(pid, signal.SIGKILL)
        # When the replica takes over, and is written
        after = replica.api.get_last_txn(self.context)
        self.assertEqual(before[0], after[0])
        self.assertGreaterEqual(after[1], before[1])
        self.assertGreater(replica.api.get_txn_count(self.context), 1)
        replica.api.enable_as_master(self.context, '')
        replica.api.make_read_only(self.context, False)
        self.sql('INSERT INTO orders VALUES (3)', replica)
        context = replica.api.get_replica_context(self.context)
        # And the dead one returns, and is told to follow
        self.guest.start()
        self.guest.api.attach_replica(self.context, context, '')
        # Then it has what the other has, and nothing else
        self.has(self.guest, 1, 3)
        self.assertFalse(self.is_writable(self.guest))
        self.assertTrue(self.is_writable(replica))

    def test_a_primary_with_a_new_password(self) -> None:
        # Given a replica that replays nothing for a while
        self.prepare_guest()
        self.write(1)
        replica = self.make_replica(self.backup('full'))
        self.has(replica, 1)
        pids = processes.all_in(replica.place.data_dir)
        (startup,) = [
            each
            for each in psutil.process_iter(['cmdline'])
            if each.pid in pids
            and 'startup' in ' '.join(each.info['cmdline'] or ())
        ]
        startup.suspend()
        self.addCleanup(startup.resume)
        # And its primary, which a new agent took over
        agent = self.guest.agent
        assert agent is not None
        agent.stop()
        for pid in processes.all_in(self.place.data_dir):
            processes.send(pid, signal.SIGKILL)
        shutil.rmtree(self.place.state_dir)
        self.guest.start()
        self.guest.api.rebuild(
            self.context, ds_version='', config_contents=None
        )
        self.has(self.guest, 1)
        self.write(2)
        found = self.guest.api.get_replication_snapshot(
            self.context, {'state': 'COMPLETED'}
        )
        context = {key: found[key] for key in ('master', 'replica_conf')}
        # When the replica is told to follow it
        kept = replica.place.state_dir / 'postgresql-passwords-before'
        with futures.ThreadPoolExecutor(1) as pool:
            attached = pool.submit(
                replica.api.attach_replica, self.context, context, ''
            )
            waiting.until(
                lambda: kept.exists() or attached.done(), 'it is told'
            )
            startup.resume()
            attached.result()
        # Then it has what is written since
        self.has(replica, 1, 2)
        self.follows(replica)

    def test_a_replica_of_a_snapshot(self) -> None:
        # Given a primary of which there is no backup
        self.prepare_guest()
        self.write(1)
        # When
        replica = self.make_replica_of_the_volume()
        # Then it goes on from where the snapshot was made
        self.has(replica, 1, 2)
        self.follows(replica)
        self.assertFalse(self.is_writable(replica))
        self.assertEqual([], self.slots(replica))
        # And one takes over from the other
        self.promote(self.guest, replica)
        self.assertTrue(self.is_writable(replica))
        self.sql('INSERT INTO orders VALUES (3)', replica)
        self.has(self.guest, 1, 2, 3)

    def test_a_promotion_is_undone(self) -> None:
        # Given a primary that was made read-only
        self.prepare_guest()
        self.write(1)
        self.guest.api.make_read_only(self.context, True)
        self.guest.api.make_read_only(self.context, True)
        self.assertFalse(self.is_writable(self.guest))
        # When
        self.guest.api.make_read_only(self.context, False)
        self.guest.api.make_read_only(self.context, False)
        # Then
        self.write(2)
        self.assertEqual([1, 2], self.rows(self.guest))
