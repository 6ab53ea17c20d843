# SPDX-License-Identifier: Apache-2.0

import dataclasses

from trove.api import request as api_request
from trove.api.views import instance as views
from trove.tests.unit.api import base


class TestViews(base.TestCase):
    def view(self, **changes):
        request = api_request.Request(
            context=self.context(),
            runtime=self.runtime,
            rule='',
            params={},
            query={},
            body=None,
            base_url='http://db.example.org/v1.0',
            path='/',
        )
        instance = dataclasses.replace(self.active(), **changes)
        return views.detail(request, instance)

    def test_a_source_and_its_replicas(self):
        source = self.view(replicas=('one', 'two'))
        replica = self.view(slave_of_id='source')

        self.assertEqual(
            ['one', 'two'], [item['id'] for item in source['replicas']]
        )
        self.assertNotIn('replica_of', source)
        self.assertEqual('source', replica['replica_of']['id'])
        self.assertEqual(
            f'http://db.example.org/v1.0/{base.PROJECT}/instances/source',
            replica['replica_of']['links'][0]['href'],
        )

    def test_one_without_a_datastore_version(self):
        view = self.view(datastore_version=None)

        self.assertEqual(
            {'type': None, 'version': None, 'version_number': None},
            view['datastore'],
        )

    def test_host_name_and_cluster(self):
        view = self.view(hostname='db1.example.org', cluster_id='c1')

        self.assertEqual('db1.example.org', view['hostname'])
        self.assertEqual('c1', view['cluster_id'])

    def test_one_that_cannot_be_reached(self):
        view = self.view(addresses=())

        self.assertNotIn('addresses', view)
        self.assertNotIn('ip', view)
        self.assertEqual({}, view['access'])
