# SPDX-License-Identifier: Apache-2.0
"""Parameters of datastore versions."""

from __future__ import annotations

from trove.objects import parameter as parameters
from trove.tests.unit.api import base


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        parameters.save(
            self.version.id,
            [
                parameters.Parameter(
                    'max_connections', 'integer', True, 1, 9999
                ),
                parameters.Parameter('DateStyle', 'string'),
                # As the rules of release 26.0 have it.
                parameters.Parameter('archive_command', 'string'),
                parameters.Parameter('wal_level', 'string', True),
                parameters.Parameter('work_mem', 'integer', False, 64, 999),
            ],
        )
        self.connections = {
            'name': 'max_connections',
            'type': 'integer',
            'datastore_version_id': self.version.id,
            'restart_required': True,
            'max': 9999,
            'min': 1,
        }


class TestParameters(TestCase):
    def paths(self):
        yield '/datastores/postgresql/versions/18/parameters'
        yield f'/datastores/versions/{self.version.id}/parameters'

    def test_they_are_listed(self):
        for path in self.paths():
            response = self.get(path)

            self.assertEqual(200, response.status_code, response.text)
            listed = response.json['configuration-parameters']
            style, connections, level, memory = listed
            self.assertEqual(
                ['minimal', 'replica', 'logical'], level['values']
            )
            self.assertEqual('kB', memory['unit'])
            self.assertEqual(self.connections, connections)
            self.assertEqual(
                {
                    'name': 'DateStyle',
                    'type': 'string',
                    'datastore_version_id': self.version.id,
                    'restart_required': False,
                },
                style,
            )

    def test_one_is_shown(self):
        for path in self.paths():
            for name in 'max_connections', 'MAX_CONNECTIONS':
                response = self.get(f'{path}/{name}')

                self.assertEqual(self.connections, response.json)

    def test_what_is_not_there(self):
        for path in self.paths():
            for name in 'nosuch', 'archive_command':
                response = self.get(f'{path}/{name}')

                self.assert_fault(response, 404, 'itemNotFound', name)
        response = self.get('/datastores/nosuch/versions/18/parameters')
        self.assert_fault(response, 404, 'itemNotFound', 'nosuch')
        for path in (
            '/datastores/postgresql/versions/17/parameters',
            '/datastores/versions/17/parameters',
        ):
            self.assert_refused(self.get(path), '17')


class TestManaged(TestCase):
    def setUp(self):
        super().setUp()
        self.path = f'/mgmt/datastores/versions/{self.version.id}/parameters'
        self.managed = {
            **self.connections,
            'data_type': 'integer',
            'max_size': 9999,
            'min_size': 1,
        }

    def body(self, **changes):
        return {
            'configuration-parameter': {
                'name': 'jit_above_cost',
                'data_type': 'float',
                'restart_required': 0,
                **changes,
            }
        }

    def test_they_are_seen(self):
        listed = self.get(self.path, user='admin').json
        shown = self.get(f'{self.path}/max_connections', user='admin').json

        self.assertIn(self.managed, listed['configuration-parameters'])
        self.assertEqual(self.managed, shown)

    def test_one_is_added(self):
        response = self.post(self.path, self.body(max_size=5), user='admin')

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual(5, response.json['max'])
        self.assertEqual(
            parameters.Parameter('jit_above_cost', 'float', False, None, 5),
            parameters.get(self.version.id, 'jit_above_cost'),
        )
        response = self.post(self.path, self.body(), user='admin')
        self.assert_refused(response, 'exists already')

    def test_one_is_changed(self):
        body = self.body(
            name='max_connections',
            data_type='integer',
            min_size='2',
            max_size=8,
            restart_required=1,
        )
        path = f'{self.path}/max_connections'

        response = self.put(path, body, user='admin')

        self.assertEqual(200, response.status_code, response.text)
        shown = self.get(path, user='admin').json
        self.assertEqual(response.json, shown)
        self.assertEqual((2, 8), (shown['min'], shown['max']))

    def test_one_is_removed(self):
        path = f'{self.path}/max_connections'

        self.assertEqual(204, self.delete(path, user='admin').status_code)

        response = self.delete(path, user='admin')
        self.assert_fault(response, 404, 'itemNotFound', 'max_connections')

    def test_what_is_refused(self):
        for changes, words in (
            ({'data_type': 'list'}, 'configuration-parameter.data_type'),
            ({'restart_required': 2}, 'restart_required'),
            ({'max_size': 'much'}, 'max_size'),
            ({'max_size': 1, 'min_size': 2}, 'above its maximum'),
            ({'name': 'a b'}, 'configuration-parameter.name'),
            ({'name': 'archive_command'}, 'reserved'),
        ):
            response = self.post(
                self.path, self.body(**changes), user='admin'
            )

            self.assert_refused(response, words)
        response = self.put(f'{self.path}/x', self.body(), user='admin')
        self.assert_refused(response, '"x"', '"jit_above_cost"')
