# SPDX-License-Identifier: Apache-2.0
"""Versions of datastores, made, changed and deleted by administrators."""

import uuid

from trove.db import models
from trove.db import session
from trove.objects import association
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.tests.unit.api import base

IMAGE = '0b8b1f3e-6a0c-4f7e-9d0f-5c6b7a8d9e0f'
PATH = '/mgmt/datastore-versions'


class TestCase(base.TestCase):
    def manage(self, verb, path='', body=None, **kwargs):
        return self.request(verb, PATH + path, body, user='admin', **kwargs)

    def create(self, **changes):
        version = {
            'name': '8.4',
            'datastore_name': 'mysql',
            'datastore_manager': 'mysql',
            'image': IMAGE,
            'active': True,
            **changes,
        }
        version = {k: v for k, v in version.items() if v is not None}
        return self.manage('POST', body={'version': version})

    def assert_done(self, response):
        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('', response.text)

    def edit(self, **changes):
        return self.manage('PATCH', f'/{self.version.id}', changes)

    def shown(self, version_id=None):
        response = self.manage('GET', f'/{version_id or self.version.id}')
        return response.json['version']

    def version_of(self, name):
        datastore = datastores.get(self.conf, name, inactive=True)
        (version,) = datastores.versions(datastore.id, inactive=True)
        return datastore, version


class TestCreate(TestCase):
    def test_with_its_datastore(self):
        response = self.create(
            version='8.4.5',
            default=True,
            packages=['mysql-server', 'jq'],
            image_tags=['trove', 'mysql'],
            registry_ext='mysql:x.Manager',
            repl_strategy='x.Gtid',
        )

        self.assert_done(response)
        datastore, version = self.version_of('mysql')
        self.assertEqual(
            {
                'id': version.id,
                'name': '8.4',
                'version': '8.4.5',
                'datastore_id': datastore.id,
                'datastore_name': 'mysql',
                'datastore_manager': 'mysql',
                'image': IMAGE,
                'image_tags': ['trove', 'mysql'],
                'packages': ['mysql-server', 'jq'],
                'active': True,
                'registry_ext': 'mysql:x.Manager',
                'repl_strategy': 'x.Gtid',
                'default': True,
            },
            self.shown(version.id),
        )
        self.assertEqual(version.id, datastore.default_version_id)

    def test_the_name_is_the_number_where_none_is_given(self):
        self.assert_done(self.create(image=None, image_tags=['mysql']))

        datastore, version = self.version_of('mysql')
        self.assertEqual('8.4', version.version)
        self.assertIsNone(version.image_id)
        self.assertIsNone(datastore.default_version_id)

    def test_of_a_datastore_that_is_there(self):
        for name in ('postgresql', self.datastore.id):
            self.assert_done(
                self.create(name=name[:8], datastore_name=name, active=False)
            )

        self.assertEqual(
            1, len(datastores.versions(self.datastore.id, inactive=False))
        )
        self.assertEqual(
            3, len(datastores.versions(self.datastore.id, inactive=True))
        )

    def test_one_that_exists(self):
        same = {'datastore_name': 'postgresql', 'name': '18'}

        self.assert_refused(
            self.create(version='18.6', **same), '"18.6"', self.version.id
        )
        self.assert_done(self.create(version='18.7', **same))

    def test_a_default_that_nobody_may_use(self):
        response = self.create(active=False, default=True)

        self.assert_refused(response, '"active"')
        self.assertEqual(
            ['postgresql'],
            [each.name for each in datastores.list_(inactive=True)],
        )

    def test_values(self):
        for changes, words in (
            ({'image': None}, ('"image"', '"image_tags"')),
            ({'image': None, 'image_tags': []}, ('"image_tags"',)),
            ({'image': 'ubuntu'}, ('version.image', '"ubuntu"', 'UUID')),
            ({'image_tags': ['a,b']}, ('image_tags', '"a,b"', 'comma')),
            ({'image_tags': list('abcdef')}, ('image_tags', 'at most 5')),
            ({'packages': ['x' * 255, 'y' * 256]}, ('packages[1]', '255')),
            ({'packages': ['x' * 255, 'y' * 255, 'z']}, ('packages', '511')),
            ({'name': 'a/b'}, ('"a/b"', 'choose another name')),
            ({'name': '--'}, ('version.name', '"--"')),
            ({'datastore_name': 'versions'}, ('"versions"',)),
            ({'active': None}, ('version', '"active"')),
            ({'active': 1}, ('version.active', 'true or false')),
            ({'colour': 'red'}, ('"colour"',)),
        ):
            with self.subTest(changes):
                self.assert_refused(self.create(**changes), *words)
        self.assertEqual(1, len(datastores.list_(inactive=True)))

    def test_members_do_not(self):
        response = self.post(PATH, {'version': {}})

        self.assert_fault(response, 401, 'unauthorized')


class TestList(TestCase):
    def test_all_in_pages(self):
        self.create(active=False)

        first = self.manage('GET', query_string='limit=1')
        query = first.json['links'][0]['href'].partition('?')[2]
        second = self.manage('GET', query_string=query)

        found = [*first.json['versions'], *second.json['versions']]
        self.assertEqual(
            {('postgresql', '18', True), ('mysql', '8.4', False)},
            {(v['datastore_name'], v['name'], v['default']) for v in found},
        )
        # As released Trove shows that there are none.
        self.assertEqual([['']] * 2, [v['packages'] for v in found])
        self.assertEqual([['']] * 2, [v['image_tags'] for v in found])

    def test_unknown_ones(self):
        for name in (str(uuid.uuid4()), '18'):
            for verb, body in (('GET', None), ('PATCH', {}), ('DELETE', None)):
                response = self.manage(verb, f'/{name}', body)

                self.assert_refused(response, 'does not exist')


class TestEdit(TestCase):
    def test_each_value(self):
        other = str(uuid.uuid4())
        for key, value in (
            ('name', '18-new'),
            ('datastore_manager', 'mysql'),
            ('image', other),
            ('packages', ['a', 'b']),
            ('active', False),
            ('registry_ext', 'p:x.Manager'),
            ('repl_strategy', 'x.Wal'),
        ):
            before = self.shown()

            self.assert_done(self.edit(**{key: value}))

            self.assertEqual({**before, key: value}, self.shown())

    def test_a_manager_without_a_driver(self):
        before = self.shown()

        response = self.edit(datastore_manager='postgres')

        self.assert_refused(
            response, 'datastore_manager', 'mariadb, mysql, postgresql'
        )
        self.assertEqual(before, self.shown())

    def test_one_whose_driver_is_gone(self):
        # Given a version of a release that had other datastores.
        datastores.save_version(
            'postgresql', '18', version='18.6', manager='redis'
        )

        self.assert_done(self.edit(datastore_manager='redis', packages=[]))
        self.assert_done(self.edit(datastore_manager='redis', active=False))
        response = self.edit(active=True)

        self.assert_refused(response, 'datastore_manager is "redis"')

    def test_nothing(self):
        before = self.shown()

        self.assert_done(self.edit())

        self.assertEqual(before, self.shown())

    def test_tags_take_the_place_of_the_image(self):
        self.assert_done(self.edit(image_tags=['a']))
        self.assertEqual(
            (None, ['a']),
            (self.shown()['image'], self.shown()['image_tags']),
        )

        self.assert_refused(self.edit(image_tags=[]), '"image_tags"')
        self.assert_done(self.edit(image_tags=[], image=IMAGE))

        self.assertEqual(
            (IMAGE, ['']),
            (self.shown()['image'], self.shown()['image_tags']),
        )

    def test_default(self):
        self.assert_done(self.edit(default=False))
        self.assertFalse(self.shown()['default'])
        self.assert_done(self.edit(default=True))
        self.assertTrue(self.shown()['default'])
        self.assert_done(self.edit(active=False))

        response = self.edit(default=True)

        self.assert_refused(response, '"active"', '"18"')

    def test_another_version_stays_the_default(self):
        self.create(name='17', datastore_name='postgresql')
        other = datastores.get_version(self.datastore, '17')

        self.manage('PATCH', f'/{other.id}', {'default': False})

        self.assertTrue(self.shown()['default'])

    def test_names(self):
        self.create(name='17', version='18.6', datastore_name='postgresql')

        self.assert_refused(self.edit(name='17'), '"17"', '"18.6"')
        self.assert_refused(self.edit(name='a?b'), '"a?b"')
        self.assert_done(self.edit(name='18'))

    def test_what_is_no_change(self):
        for changes, words in (
            ({'version': '18.7'}, ('"version"',)),
            ({'image': ''}, ('image', 'UUID')),
            ({'active': 'true'}, ('active', 'true or false')),
        ):
            self.assert_refused(self.edit(**changes), *words)


class TestDelete(TestCase):
    def remove(self):
        return self.manage('DELETE', f'/{self.version.id}')

    def test_one_with_all_that_belongs_to_it(self):
        association.add(self.version.id, association.FLAVOR, ['1'])
        with session.writer() as db:
            db.add(
                models.DatastoreConfigurationParameter(
                    id=str(uuid.uuid4()),
                    name='work_mem',
                    datastore_version_id=self.version.id,
                    data_type='string',
                )
            )

        self.assert_done(self.remove())

        self.assert_refused(self.manage('GET', f'/{self.version.id}'))
        datastore = datastores.get(self.conf, 'postgresql', inactive=True)
        self.assertIsNone(datastore.default_version_id)
        with session.reader() as db:
            for table in (
                models.DatastoreConfigurationParameter,
                models.DatastoreVersionMetadata,
            ):
                self.assertEqual([], db.query(table).all())

    def test_one_that_is_used(self):
        rows = [
            models.Backup(tenant_id=base.PROJECT, name='b', state='NEW'),
            models.Configuration(tenant_id=base.PROJECT, name='c'),
        ]
        for row in rows:
            row.datastore_version_id = self.version.id
        self.active()
        self.active()
        with session.writer() as db:
            db.add_all(rows)

        self.assert_refused(
            self.remove(),
            '2 instances and 1 backup and 1 configuration group',
            '"active"',
        )

        self.assertEqual(self.version.id, self.shown()['id'])

    def test_deleted_instances_do_not_need_it(self):
        instance = self.building()
        instances.mark_deleted(instance.id)

        self.assert_done(self.remove())

        response = self.request(
            'GET', f'/mgmt/instances/{instance.id}?deleted=1', user='admin'
        )
        self.assertEqual(200, response.status_code, response.text)


class TestDatastores(TestCase):
    def test_one_without_versions(self):
        for name in ('mysql', None):
            made = datastores.save('mysql')

            self.assert_done(
                self.delete(f'/datastores/{name or made.id}', user='admin')
            )

        self.assert_fault(
            self.delete('/datastores/mysql', user='admin'),
            404,
            'itemNotFound',
            'mysql',
        )

    def test_one_with_versions(self):
        response = self.delete('/datastores/postgresql', user='admin')

        self.assert_refused(response, 'postgresql', '18', 'DELETE')

    def test_administrators_see_those_without_active_versions(self):
        self.create(active=False)

        for path in ('', '/versions', '/versions/8.4'):
            path = f'/datastores/mysql{path}'
            self.assertEqual(200, self.get(path, user='admin').status_code)
            self.assert_fault(self.get(path), 404, 'itemNotFound')
