# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.db import models
from trove.db import session
from trove.objects import cluster
from trove.objects.backup import reports
from trove.objects.instance import instances
from trove.tests.unit.objects import base


class TestEndTask(base.TestCase):
    def test_its_instances_are_named(self):
        with session.writer() as db:
            db.add(
                models.Cluster(
                    id='c1',
                    name='c',
                    task_id=8,
                    tenant_id=base.ALICE,
                    datastore_version_id=self.version.id,
                )
            )
        inside, outside = self.ready(), self.ready()
        gone = self.ready()
        for each in (inside, gone):
            instances.update(each.id, cluster_id='c1')
        with session.writer() as db:
            db.get(models.Instance, gone.id).deleted = True

        found = cluster.end_task('c1')

        self.assertEqual([inside.id], found)
        self.assertNotIn(outside.id, found)
        with session.reader() as db:
            self.assertEqual(
                cluster.NONE, db.get(models.Cluster, 'c1').task_id
            )

    def test_there_may_be_none(self):
        self.assertEqual([], cluster.end_task('c1'))


class TestBackupFail(base.TestCase):
    def test_its_instance_is_named(self):
        instance = self.ready()
        with session.writer() as db:
            for name, deleted in (('b1', False), ('b2', True)):
                db.add(
                    models.Backup(
                        id=name,
                        name=name,
                        state='NEW',
                        instance_id=instance.id,
                        tenant_id=base.ALICE,
                        deleted=deleted,
                    )
                )

        self.assertEqual(instance.id, reports.fail('b1', 'FAILED'))
        self.assertIsNone(reports.fail('b2', 'FAILED'))
        self.assertIsNone(reports.fail('b3', 'FAILED'))

        with session.reader() as db:
            self.assertEqual('FAILED', db.get(models.Backup, 'b1').state)
            self.assertEqual('NEW', db.get(models.Backup, 'b2').state)
