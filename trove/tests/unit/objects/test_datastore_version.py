# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from concurrent import futures
import threading

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import association
from trove.objects import datastore
from trove.objects import datastore_version
from trove.objects.instance import instances
from trove.tests.unit.objects import base

COLUMNS = {'manager': 'mysql', 'image_id': None, 'active': True}


class TestVersions(base.TestCase):
    def register(self, name='8.4', default=False, of='mysql'):
        return datastore_version.create(of, name, name, COLUMNS, default)

    def exists(self, version):
        try:
            return datastore_version.get(version.id) == version
        except exception.UnknownDatastoreVersion:
            return False

    def test_of_several_that_create_the_same_one_does(self):
        barrier = threading.Barrier(3)

        def create():
            barrier.wait(base.WAIT)
            try:
                return self.register()
            except exception.BadRequest:
                return None

        with futures.ThreadPoolExecutor(3) as pool:
            made = [pool.submit(create) for _ in range(3)]
            found = [each.result(base.WAIT) for each in made]

        (version,) = filter(None, found)
        self.assertTrue(self.exists(version))
        self.assertEqual(
            ['mysql', 'postgresql'],
            [each.name for each in datastore.list_(inactive=True)],
        )

    def test_names_collide(self):
        self.register('8.4')
        other = self.register('9.7')

        self.assertRaises(exception.BadRequest, self.register, '8.4')
        datastore_version.change(other.id, {'name': '8.4'})

        self.assertRaises(
            exception.BadRequest,
            datastore_version.change,
            datastore_version.create('mysql', '9.7', '8.4', COLUMNS).id,
            {'name': '8.4'},
        )

    def test_deleted_with_all_that_belongs_to_it(self):
        version = self.register(default=True)
        association.add(version.id, association.FLAVOR, ['1'])
        with session.writer() as db:
            ability = models.Capability(name='c', description='')
            db.add(ability)
            db.flush()
            db.add_all(
                [
                    models.DatastoreConfigurationParameter(
                        id='p',
                        name='p',
                        datastore_version_id=version.id,
                        data_type='string',
                    ),
                    models.CapabilityOverride(
                        datastore_version_id=version.id,
                        capability_id=ability.id,
                    ),
                ]
            )

        datastore_version.delete(version.id)

        self.assertFalse(self.exists(version))
        mysql = datastore.get(self.conf, 'mysql', inactive=True)
        self.assertIsNone(mysql.default_version_id)
        datastore_version.delete_datastore(self.conf, 'mysql')
        self.assertRaises(
            exception.DatastoreNotFound,
            datastore.get,
            self.conf,
            'mysql',
            inactive=True,
        )

    def test_deleted_instances_and_backups_let_go_of_it(self):
        version = self.register()
        instance = self.create(datastore_version_id=version.id)
        with session.writer() as db:
            db.add(
                models.Backup(
                    id='b',
                    name='b',
                    state='DELETED',
                    deleted=True,
                    datastore_version_id=version.id,
                )
            )
        self.assertRaises(
            exception.BadRequest, datastore_version.delete, version.id
        )
        instances.mark_deleted(instance.id)

        datastore_version.delete(version.id)

        self.assertFalse(self.exists(version))
        with session.reader() as db:
            self.assertIsNone(db.get(models.Backup, 'b').datastore_version_id)

    def test_the_row_of_a_deleted_cluster_needs_it(self):
        version = self.register()
        with session.writer() as db:
            db.add(
                models.Cluster(
                    name='c',
                    task_id=1,
                    tenant_id=base.ALICE,
                    deleted=True,
                    datastore_version_id=version.id,
                )
            )

        error = self.assertRaises(
            exception.BadRequest, datastore_version.delete, version.id
        )

        self.assertIn('1 cluster', str(error))
