# SPDX-License-Identifier: Apache-2.0
"""A replication set from its creation to its end, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import datetime
import re
from typing import Any
from typing import ClassVar

from oslo_utils import timeutils
import psutil
import sqlalchemy as sa
from troveclient import exceptions as trove_exceptions

from trove.db import models
from trove.taskmanager.workflows import base as workflows
from trove.taskmanager.workflows import create
from trove.taskmanager.workflows import create_backup
from trove.taskmanager.workflows import detach_replica
from trove.taskmanager.workflows import eject
from trove.taskmanager.workflows import promote
from trove.taskmanager.workflows import resize_volume
from trove.taskmanager.workflows import upgrade
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import base
from trove.tests.functional.deployed import disturbing
from trove.tests.functional.deployed import mortals

CLERK = {
    'name': 'clerk',
    'password': 'S3cret pass',
    'databases': [{'name': 'shop'}],
}

_ID = re.compile(r'/(?:servers|volumes)/([0-9a-f-]{36})')


class ReplicationTests(mortals.MortalTestCase):
    """A whole life in one test: servers are slow to make."""

    TIMEOUT = 180.0
    store: ClassVar[Any]
    replicas = 2
    #: The number of the version that is installed.
    number: str
    #: Whether task managers are killed meanwhile.
    mortal = False
    #: Whether they are enlarged and upgraded, which rests on no datastore.
    grows = True

    def setUp(self) -> None:
        super().setUp()
        self.prepare_datastore()
        self.acknowledged: set[int] = set()
        self.primary = self.create_active(
            'primary',
            datastore=self.store.name,
            databases=[{'name': 'shop'}],
            users=[CLERK],
        )
        self.all = [self.primary]
        self.sql(self.primary, 'CREATE TABLE goods (number int)')

    def prepare_datastore(self) -> None:
        """Register it, if the deployment has not."""

    # At the databases

    def sql(self, instance: Any, text: str, *values: Any) -> list[Any]:
        session = self.store.connect(
            base.address_of(instance), 'clerk', 'S3cret pass', 'shop'
        )
        try:
            cursor = session.execute(text, values)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            session.close()

    def takes(self, instance: Any, number: int) -> bool:
        """Whether an instance can be written."""
        try:
            self.sql(instance, 'INSERT INTO goods VALUES (%s)', number)
        except disturbing.ERRORS:
            return False
        return True

    def insert(self, number: int, instance: Any) -> None:
        self.assertTrue(self.takes(instance, number))
        self.acknowledged.add(number)

    def rows(self, instance: Any) -> set[int]:
        found = self.sql(instance, 'SELECT number FROM goods')
        return {number for (number,) in found}

    def arrives(self, number: int, *instances: Any) -> None:
        for each in instances:
            self.eventually(
                lambda each=each: self.has(each, number),
                f'{number} has come to {each.id}',
            )

    def has(self, instance: Any, number: int) -> bool:
        try:
            return number in self.rows(instance)
        except disturbing.ERRORS:
            return False

    # What always holds

    def assert_invariants(self) -> None:
        """Whatever died, this holds when the jobs have ended."""
        ids = {each.id for each in self.all}
        self.eventually(
            lambda: not ids & {
                row.instance_id for row in self.read(models.Workflow)
            },
            'all jobs have ended',
        )
        for each in self.all:
            shown = self.member.instances.get(each.id)
            self.assertIn(shown.status, ('ACTIVE', 'ERROR'))
            if shown.status == 'ERROR':
                self.assertTrue(shown.fault['message'])
        (writable,) = [each for each in self.all if self.takes(each, 0)]
        self.assertEqual(set(), self.acknowledged - self.rows(writable))
        self.assert_no_orphans()

    def assert_no_orphans(self) -> None:
        """No process is without an instance."""
        state_dir = str(self.deployment.state_dir)
        found: set[str] = set()
        for process in processes.mentioning(state_dir):
            with contextlib.suppress(psutil.NoSuchProcess):
                found.update(_ID.findall(' '.join(process.cmdline())))
        known = {
            row.id
            for row in self.read(models.Instance)
            if not row.deleted
        }
        self.assertEqual(set(), found - known)

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

    def dying(
        self, workflow: type[workflows.Workflow], *names: str
    ) -> contextlib.AbstractContextManager[None]:
        """Have task managers killed in all steps, or some, of a job."""
        if not self.mortal:
            return contextlib.nullcontext()
        steps = mortals.steps(workflow)
        if not names:
            return self.killed_at(steps)
        others = [each for each in steps if each not in names]
        others += mortals.steps(create_backup.CreateBackup)
        return self.killed_at(names, spared=others)

    # A life

    def test_a_life(self) -> None:
        # Given rows that were there before the replicas, and after
        self.insert(-1, self.primary)
        one, *rest = self.make_replicas()
        self.all = [self.primary, one, *rest]
        self.insert(-2, self.primary)
        for number in (-1, -2):
            self.arrives(number, one, *rest)
        self.assertEqual([], self.member.instances.backups(self.primary.id))
        self.assert_invariants()
        if self.grows:
            self.enlarge()
            self.upgrade()
        self.refuse_frozen(one)
        # When one is promoted, dies, and the last replica is detached
        self.promote(one)
        dead = self.suffer(one, *rest)
        new, other = self.eject(dead)
        self.come_back(dead, new, other)
        self.detach(other, new)

    def make_replicas(self) -> list[Any]:
        """Task managers die while the replicas wait for the backup."""
        name = 'tell the guest agent to prepare the database'
        with self.dying(create.Create, name):
            self.member.instances.create(
                'copy',
                replica_of=self.primary.id,
                replica_count=self.replicas,
            )
            shown = self.wait(
                self.primary.id,
                lambda i: len(getattr(i, 'replicas', ())) == self.replicas,
                'has replicas',
            )
            ids = [each['id'] for each in shown.replicas]
            for each in ids:
                self.addCleanup(self.delete, each)
            return [self.wait_active(each) for each in ids]

    def enlarge(self) -> None:
        """All volumes grow with that of the primary."""
        name = 'enlarge the volumes of the replicas'
        with self.dying(resize_volume.ResizeVolume, name):
            self.member.instances.resize_volume(self.primary.id, 2)
            self.settles(self.primary.id, lambda i: i.volume['size'] == 2)
        for each in self.all:
            self.assertEqual(2, self.wait_active(each.id).volume['size'])
        self.assert_invariants()

    def upgrade(self) -> None:
        """All get another version, the primary last."""
        self.offer('1')
        self.addCleanup(self.offer, '0')
        with self.dying(upgrade.Upgrade, 'upgrade the replicas'):
            self.member.instances.upgrade(self.primary.id, 'other')
            self.settles(
                self.primary.id, lambda i: i.datastore['version'] == 'other'
            )
        for each in self.all:
            shown = self.wait_active(each.id)
            self.assertEqual('other', shown.datastore['version'])
        self.insert(-5, self.primary)
        self.arrives(-5, *self.all)
        self.assert_invariants()

    def offer(self, active: str) -> None:
        """Register another version of the same programs."""
        name = self.store.name
        self.deployment.manage(
            'datastore_version_update',
            name,
            'other',
            name,
            'local',
            '',
            active,
            '--version',
            self.number,
        )

    def refuse_frozen(self, replica: Any) -> None:
        """One that receives nothing is not promoted, and all is as before."""
        self.arrives(-2, replica)
        with self.frozen(replica):
            self.member.instances.promote_to_replica_source(replica.id)
            shown = self.wait(
                replica.id,
                lambda i: i.status == 'ACTIVE' and hasattr(i, 'fault'),
                'is refused',
            )
            self.assertIn('receives nothing', shown.fault['message'])
            # The primary was not closed.
            self.insert(-8, self.primary)
            self.assertFalse(self.has(replica, -8))
        self.arrives(-8, replica)

    def frozen(
        self, replica: Any
    ) -> contextlib.AbstractContextManager[None]:
        """A replica receives nothing in this context."""
        return disturbing.frozen(self, replica)

    def promote(self, new: Any) -> None:
        """While somebody writes, and task managers die at each step."""
        others = [each for each in self.all if each is not new]
        writer = disturbing.Writer(self, len(self.acknowledged) + 1000)
        writer.start()
        self.addCleanup(writer.stop)
        self.eventually(lambda: len(writer.written) > 3, 'some are written')
        with self.dying(promote.Promote):
            self.member.instances.promote_to_replica_source(new.id)
            for each in others:
                # One of them is a primary: that is another reason.
                self.assertRaises(
                    trove_exceptions.ClientException,
                    self.member.instances.promote_to_replica_source,
                    each.id,
                )
            self.wait(new.id, lambda i: i.status != 'PROMOTE', 'is promoted')
        for each in self.all:
            self.wait_active(each.id)
        so_far = len(writer.written)
        self.eventually(
            lambda: len(writer.written) > so_far + 3, 'more are written'
        )
        writer.stop()
        self.acknowledged |= set(writer.written)
        self.assertIsNone(self.follows(new))
        for each in others:
            self.assertEqual(new.id, self.follows(each))
        # No acknowledged row is lost.
        self.arrives(writer.written[-1], *others)
        for each in self.all:
            self.assertEqual(set(), self.acknowledged - self.rows(each))
        self.assert_shown(*others)
        self.assert_invariants()

    def assert_shown(self, *replicas: Any) -> None:
        """It is shown how they follow."""
        for each in replicas:
            found = self.wait(
                each.id,
                lambda i: i.replica_of.get('lag') is not None,
                'lags by seconds',
            ).replica_of
            self.assertEqual('following', found['state'])
            self.assertLess(found['lag'], 60)
            self.assertNotIn('errant_transactions', found)

    def suffer(self, primary: Any, *others: Any) -> Any:
        """Have further faults; return the primary to be ejected, dead."""
        processes.end_mentioning(primary.id)
        return primary

    def eject(self, dead: Any) -> tuple[Any, Any]:
        """Return the new primary and an instance that follows it."""
        self.given_silence(dead.id)
        with self.dying(eject.Eject):
            self.member.instances.eject_replica_source(dead.id)
            self.wait(
                dead.id,
                lambda i: 'took over' in str(getattr(i, 'fault', '')),
                'is ejected',
            )
        # It does not come back with the task managers.
        self.assertEqual([], self.processes_of(dead.id))
        self.assertIsNone(self.follows(dead))
        left = [each for each in self.all if each is not dead]
        new, other = sorted(left, key=lambda i: self.follows(i) or '')
        self.assertIsNone(self.follows(new))
        self.assertEqual(new.id, self.follows(other))
        self.wait_active(new.id)
        self.insert(-3, new)
        self.arrives(-3, other)
        self.assert_invariants()
        self.all = [new, other]
        return new, other

    def come_back(self, dead: Any, new: Any, other: Any) -> None:
        """One that was ejected is an instance of its own from then on."""
        self.admin.mgmt_instances.reboot(dead.id)
        shown = self.wait_active(dead.id)
        self.assertFalse(getattr(shown, 'replicas', None))
        self.assertTrue(self.takes(dead, -6))
        self.assert_invariants()
        self.insert(-7, new)
        self.arrives(-7, other)
        self.assertNotIn(-6, self.rows(new) | self.rows(other))

    def detach(self, replica: Any, primary: Any) -> None:
        error = self.assertRaises(
            trove_exceptions.Forbidden,
            self.member.instances.delete,
            primary.id,
        )
        self.assertIn('has replicas', str(error))
        with self.dying(detach_replica.Detach):
            self.member.instances.update(
                replica.id, detach_replica_source=True
            )
            self.wait(
                replica.id,
                lambda i: (
                    i.status == 'ACTIVE' and not hasattr(i, 'replica_of')
                ),
                'is detached',
            )
        self.assertTrue(self.takes(replica, -4))
        self.assertIn(-3, self.rows(replica))
        self.assertNotIn(-4, self.rows(primary))
        self.all = [primary]
        self.assert_invariants()
