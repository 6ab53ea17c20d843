# SPDX-License-Identifier: Apache-2.0
"""Replicas from creation to detachment, with the services as processes."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from oslo_utils import timeutils
import psycopg
import sqlalchemy as sa
from troveclient import exceptions as trove_exceptions

from trove.db import models
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import test_faults

CLERK = {
    'name': 'clerk',
    'password': 'S3cret pass',
    'databases': [{'name': 'shop'}],
}


class Writer(threading.Thread):
    """Inserts numbers at whichever instance takes them.

    ``written`` has those that were acknowledged.
    """

    def __init__(self, connect: Any) -> None:
        super().__init__(daemon=True)
        self._connect = connect
        self._end = threading.Event()
        self.written: list[int] = []

    def run(self) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            try:
                with self._connect() as connection:
                    connection.execute(
                        'INSERT INTO goods VALUES (%s)', [number]
                    )
            except (psycopg.Error, AssertionError):
                # Nobody takes it now; it may nevertheless be there.
                self._end.wait(0.05)
            else:
                self.written.append(number)

    def stop(self) -> None:
        self._end.set()
        self.join(30)


class ReplicationTest(test_faults.GuestTestCase):
    """A whole life in one test: servers are slow to make."""

    def setUp(self) -> None:
        super().setUp()
        self.primary = self.create_active(
            'primary', databases=[{'name': 'shop'}], users=[CLERK]
        )
        self.connect_to(self.primary).execute(
            'CREATE TABLE goods (number int)'
        )

    def connect_to(self, instance: Any) -> psycopg.Connection[Any]:
        return self.connect(instance, 'clerk', 'S3cret pass', 'shop')

    def writable(self) -> Any:
        """Return a connection to the instance that can be written."""
        for each in self.all:
            try:
                connection = self.connect_to(each)
                row = connection.execute('SELECT pg_is_in_recovery()')
                if not row.fetchone()[0]:
                    return connection
                connection.close()
            except psycopg.Error:
                continue
        raise AssertionError('none can be written')

    def rows(self, instance: Any) -> set[int]:
        with self.connect_to(instance) as connection:
            found = connection.execute('SELECT number FROM goods').fetchall()
        return {number for (number,) in found}

    def arrives(self, number: int, *instances: Any) -> None:
        for each in instances:
            self.eventually(
                lambda each=each: number in self.rows(each),
                f'{number} has come to {each.id}',
            )

    def insert(self, number: int, instance: Any) -> None:
        self.connect_to(instance).execute(
            'INSERT INTO goods VALUES (%s)', [number]
        )

    def given_replicas(self, count: int) -> list[Any]:
        self.member.instances.create(
            'copy', replica_of=self.primary.id, replica_count=count
        )
        shown = self.wait(
            self.primary.id,
            lambda i: len(getattr(i, 'replicas', ())) == count,
            'has replicas',
        )
        ids = [each['id'] for each in shown.replicas]
        for each in ids:
            self.addCleanup(self.delete, each)
        return [self.wait_active(each) for each in ids]

    def follows(self, instance: Any) -> str | None:
        shown = self.member.instances.get(instance.id)
        return getattr(shown, 'replica_of', {}).get('id')

    def given_silence(self, instance_id: str) -> None:
        """Its guest has not reported for long."""
        then = timeutils.utcnow() - datetime.timedelta(hours=1)
        engine = sa.create_engine(self.deployment.database.url)
        self.addCleanup(engine.dispose)
        with engine.begin() as connection:
            connection.execute(
                sa.update(models.AgentHeartbeat)
                .where(models.AgentHeartbeat.instance_id == instance_id)
                .values(updated_at=then)
            )

    def test_a_life(self) -> None:
        # Given rows that were there before the replicas, and after
        self.insert(-1, self.primary)
        one, two = self.given_replicas(2)
        self.all = [self.primary, one, two]
        self.insert(-2, self.primary)
        for number in (-1, -2):
            self.arrives(number, one, two)
        self.assertEqual([], self.member.instances.backups(self.primary.id))
        # When one is promoted, dies, and the last replica is detached
        self.promote(one, [self.primary, two])
        new, other = self.eject(one, [self.primary, two])
        self.detach(other, new)

    def promote(self, new: Any, others: list[Any]) -> None:
        """While somebody writes, and a task manager dies."""
        writer = Writer(self.writable)
        writer.start()
        self.addCleanup(writer.stop)
        self.eventually(lambda: len(writer.written) > 3, 'some are written')

        self.member.instances.promote_to_replica_source(new.id)
        self.deployment.task_managers[0].kill()
        self.wait(new.id, lambda i: i.status != 'PROMOTE', 'is promoted')

        self.deployment.mend()
        for each in self.all:
            self.wait_active(each.id)
        so_far = len(writer.written)
        self.eventually(
            lambda: len(writer.written) > so_far + 3, 'more are written'
        )
        writer.stop()
        self.assertIsNone(self.follows(new))
        for each in others:
            self.assertEqual(new.id, self.follows(each))
        # No acknowledged row is lost.
        self.arrives(writer.written[-1], *others)
        for each in self.all:
            self.assertEqual(set(), set(writer.written) - self.rows(each))

    def eject(self, dead: Any, others: list[Any]) -> tuple[Any, Any]:
        """Return the new primary and the instance that follows it."""
        error = self.assertRaises(
            trove_exceptions.BadRequest,
            self.member.instances.eject_replica_source,
            dead.id,
        )
        self.assertIn('still reports', str(error))
        processes.end_mentioning(dead.id)
        self.given_silence(dead.id)

        self.member.instances.eject_replica_source(dead.id)

        ejected = self.wait_error(dead.id)
        self.assertIn('took over from it', ejected.fault['message'])
        self.assertEqual([], self.processes_of(dead.id))
        new, other = sorted(others, key=lambda i: self.follows(i) or '')
        self.assertIsNone(self.follows(new))
        self.assertEqual(new.id, self.follows(other))
        self.wait_active(new.id)
        self.insert(-3, new)
        self.arrives(-3, other)
        return new, other

    def detach(self, replica: Any, primary: Any) -> None:
        error = self.assertRaises(
            trove_exceptions.Forbidden,
            self.member.instances.delete,
            primary.id,
        )
        self.assertIn('has replicas', str(error))

        self.member.instances.update(replica.id, detach_replica_source=True)

        self.wait(
            replica.id,
            lambda i: i.status == 'ACTIVE' and not hasattr(i, 'replica_of'),
            'is detached',
        )
        self.insert(-4, replica)
        self.assertIn(-3, self.rows(replica))
        self.assertNotIn(-4, self.rows(primary))
