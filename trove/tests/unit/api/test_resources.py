# SPDX-License-Identifier: Apache-2.0

import uuid

from trove.cloud import base as cloud_base
from trove.objects import association
from trove.objects import datastore as datastores
from trove.objects import quota
from trove.tests.unit.api import base


class TestDatastores(base.TestCase):
    def test_list(self):
        response = self.get('/datastores')

        (datastore,) = response.json['datastores']
        self.assertEqual('postgresql', datastore['name'])
        self.assertEqual(self.version.id, datastore['default_version'])
        self.assertEqual(
            [('18', '18.6')],
            [(v['name'], v['version']) for v in datastore['versions']],
        )

    def test_show_by_id_and_by_name(self):
        for name in ('postgresql', self.datastore.id):
            response = self.get(f'/datastores/{name}')

            self.assertEqual(
                self.datastore.id, response.json['datastore']['id']
            )

    def test_versions(self):
        for name in ('postgresql', self.datastore.id):
            (version,) = self.get(f'/datastores/{name}/versions').json[
                'versions'
            ]

            self.assertEqual(self.version.id, version['id'])
            self.assertEqual(self.datastore.id, version['datastore'])
            self.assertNotIn('image', version)

    def test_a_version(self):
        for path in (
            '/datastores/postgresql/versions/18',
            f'/datastores/postgresql/versions/{self.version.id}',
            f'/datastores/versions/{self.version.id}',
        ):
            version = self.get(path).json['version']

            self.assertEqual('18', version['name'])
            self.assertTrue(
                version['links'][0]['href'].endswith(version['id'])
            )

    def test_an_administrator_sees_the_image(self):
        version = self.get(
            f'/datastores/versions/{self.version.id}', user='admin'
        ).json['version']

        self.assertEqual(self.version.image_id, version['image'])
        self.assertIs(True, version['active'])
        self.assertEqual([], version['image_tags'])

    def test_inactive_ones_are_for_administrators(self):
        datastores.save_version(
            'postgresql', '17', manager='postgresql', active=False
        )
        datastores.save('mysql')

        def seen(user):
            found = self.get('/datastores', user=user).json['datastores']
            return {d['name']: len(d['versions']) for d in found}

        self.assertEqual({'postgresql': 1}, seen('alice'))
        self.assertEqual({'mysql': 0, 'postgresql': 2}, seen('admin'))
        self.assert_fault(
            self.get('/datastores/mysql'), 404, 'itemNotFound', 'mysql'
        )

    def test_unknown_datastore(self):
        for path in ('', '/versions', '/versions/18', '/versions/18/flavors'):
            response = self.get(f'/datastores/oracle{path}')

            self.assert_fault(response, 404, 'itemNotFound', 'oracle')

    def test_unknown_version(self):
        for path in ('/versions/99', '/versions/99/flavors'):
            response = self.get(f'/datastores/postgresql{path}')

            self.assert_refused(response, '99')

    def test_unknown_version_by_id(self):
        response = self.get(f'/datastores/versions/{uuid.uuid4()}')

        self.assert_refused(response, 'does not exist')

    def test_flavors_of_a_version(self):
        response = self.get('/datastores/postgresql/versions/18/flavors')

        self.assertEqual(
            self.get('/flavors').json['flavors'], response.json['flavors']
        )

    def test_flavors_that_are_associated_with_a_version(self):
        association.add(self.version.id, association.FLAVOR, ['2', 'gone'])

        response = self.get('/datastores/postgresql/versions/18/flavors')

        self.assertEqual(
            ['2'], [each['str_id'] for each in response.json['flavors']]
        )
        self.assertLess(1, len(self.get('/flavors').json['flavors']))

    def test_volume_types_of_a_version(self):
        path = '/datastores/postgresql/versions/18/volume-types'
        self.assertEqual({'volume_types': []}, self.get(path).json)
        self.cloud.volumes.types = lambda context: [
            cloud_base.VolumeType('t1', 'fast', True, 'Flash'),
            cloud_base.VolumeType('t2', 'slow', False),
        ]

        both = self.get(path).json['volume_types']
        association.add(
            self.version.id, association.VOLUME_TYPE, ['fast', 'gone']
        )
        chosen = self.get(path).json['volume_types']

        fast = {
            'id': 't1',
            'name': 'fast',
            'is_public': True,
            'description': 'Flash',
        }
        slow = {
            'id': 't2',
            'name': 'slow',
            'is_public': False,
            'description': None,
        }
        self.assertEqual([fast, slow], both)
        self.assertEqual([fast], chosen)
        self.assert_fault(
            self.get('/datastores/oracle/versions/18/volume-types'),
            404,
            'itemNotFound',
            'oracle',
        )

    def test_pages(self):
        for name in ('a', 'b'):
            datastores.save(name)
            datastores.save_version(name, '1', manager=name)

        first = self.get('/datastores', query_string='limit=2')
        query = first.json['links'][0]['href'].partition('?')[2]
        second = self.get('/datastores', query_string=query)

        names = {
            datastore['name']
            for response in (first, second)
            for datastore in response.json['datastores']
        }
        self.assertEqual({'a', 'b', 'postgresql'}, names)
        self.assertNotIn('links', second.json)
        self.assert_refused(self.get('/datastores', query_string='limit=x'))


class TestFlavors(base.TestCase):
    def test_list(self):
        response = self.get('/flavors')

        flavor = response.json['flavors'][0]
        self.assertEqual(1, flavor['id'])
        self.assertEqual('1', flavor['str_id'])
        self.assertEqual(512, flavor['ram'])
        self.assertEqual(
            {'vcpus', 'disk', 'ephemeral', 'name', 'links'},
            set(flavor) - {'id', 'str_id', 'ram'},
        )

    def test_show(self):
        response = self.get('/flavors/2')

        self.assertEqual('2', response.json['flavor']['str_id'])

    def test_unknown(self):
        response = self.get('/flavors/zz')

        self.assert_fault(response, 404, 'itemNotFound', 'zz')


class TestLimits(base.TestCase):
    def test_limits(self):
        quota.set_limits(self.conf, base.PROJECT, {'instances': 7})

        limits = self.get('/limits').json['limits']

        self.assertEqual('ABSOLUTE', limits[0]['verb'])
        self.assertEqual(7, limits[0]['max_instances'])
        self.assertEqual(
            {'verb'} | {f'max_{name}' for name in quota.RESOURCES},
            set(limits[0]),
        )

    def test_own_quotas(self):
        self.post('/instances', self.order())

        quotas = self.get(f'/mgmt/quotas/{base.PROJECT}').json['quotas']

        found = {item['resource']: item for item in quotas}
        instances = found['instances']
        self.assertEqual(1, instances['in_use'] + instances['reserved'])
        self.assertEqual(
            {'resource', 'in_use', 'reserved', 'limit'}, set(instances)
        )

    def test_quotas_of_another_project(self):
        path = f'/mgmt/quotas/{base.OTHER_PROJECT}'

        mine = self.get(path)
        admins = self.get(path, user='admin')

        self.assert_fault(mine, 403, 'forbidden')
        self.assertEqual(200, admins.status_code)

    def test_update(self):
        path = f'/mgmt/quotas/{base.OTHER_PROJECT}'

        response = self.put(
            path,
            {'quotas': {'instances': 3, 'ram': None, 'volumes': -1}},
            user='admin',
        )

        self.assertEqual(
            {'quotas': {'instances': 3, 'volumes': -1}}, response.json
        )
        quotas = self.get(path, user='admin').json['quotas']
        limits = {item['resource']: item['limit'] for item in quotas}
        self.assertEqual((3, -1), (limits['instances'], limits['volumes']))

    def test_update_is_for_administrators(self):
        response = self.put(
            f'/mgmt/quotas/{base.PROJECT}', {'quotas': {'instances': 99}}
        )

        self.assert_fault(response, 401, 'unauthorized', 'admin')

    def test_update_of_an_unknown_resource(self):
        response = self.put(
            f'/mgmt/quotas/{base.PROJECT}',
            {'quotas': {'elephants': 1}},
            user='admin',
        )

        self.assert_fault(response, 404, 'itemNotFound', 'elephants')

    def test_update_that_is_refused(self):
        for quotas in (
            {},
            None,
            [],
            {'instances': -2},
            {'instances': 'many'},
            {'instances': 1.5},
            {'instances': True},
            {'instances': 10**12},
        ):
            response = self.put(
                f'/mgmt/quotas/{base.PROJECT}',
                {'quotas': quotas},
                user='admin',
            )

            self.assert_refused(response, 'quotas')
