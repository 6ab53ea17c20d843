# SPDX-License-Identifier: Apache-2.0
"""Configuration groups: made, listed, shown, deleted."""

from __future__ import annotations

import uuid

from trove.db import models
from trove.db import session
from trove.objects import parameter as parameters
from trove.objects.instance import instances
from trove.tests.unit.api import base


class TestCase(base.TestCase):
    """Given rules, and means to make groups and instances that have them."""

    def setUp(self):
        super().setUp()
        parameters.save(
            self.version.id,
            [
                parameters.Parameter(
                    'max_connections', 'integer', True, 1, 9999
                ),
                parameters.Parameter('work_mem', 'integer', False, 64),
                parameters.Parameter('jit', 'boolean'),
                parameters.Parameter('DateStyle', 'string'),
            ],
        )

    def group(self, project=base.PROJECT, **values):
        response = self.post(
            '/configurations',
            {'configuration': {'name': 'mine', 'values': values}},
            project=project,
        )
        self.assertEqual(200, response.status_code, response.text)
        return response.json['configuration']['id']

    def values(self, group_id):
        response = self.get(f'/configurations/{group_id}')
        return response.json['configuration']['values']

    def attached(self, group_id, **values):
        """Given an instance that has a group, and whose guest knows."""
        instance = self.active()
        instances.update(instance.id, configuration_id=group_id)
        return instance


class TestGroups(TestCase):
    def test_one_is_made_and_shown(self):
        response = self.post(
            '/configurations',
            {
                'configuration': {
                    'name': 'mine',
                    'description': 'for me',
                    'values': {
                        'max_connections': 100,
                        'work_mem': '8MB',
                        'jit': False,
                        'datestyle': 'ISO',
                    },
                    'datastore': {'type': 'postgresql', 'version': '18'},
                }
            },
        )

        self.assertEqual(200, response.status_code, response.text)
        made = response.json['configuration']
        self.assertEqual(
            {
                'name': 'mine',
                'description': 'for me',
                'values': {
                    'max_connections': 100,
                    'work_mem': '8MB',
                    'jit': False,
                    'DateStyle': 'ISO',
                },
                'instance_count': 0,
                'datastore_name': 'postgresql',
                'datastore_version_id': self.version.id,
                'datastore_version_name': '18',
                'datastore_version_number': '18.6',
            },
            {
                key: value
                for key, value in made.items()
                if key not in ('id', 'created', 'updated')
            },
        )
        self.assertRegex(made['created'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$')
        shown = self.get(f'/configurations/{made["id"]}').json
        self.assertEqual({'configuration': made}, shown)

    def test_they_are_listed_in_pages(self):
        mine = sorted(self.group(jit=True) for _ in range(3))
        self.group(project=base.OTHER_PROJECT)

        first = self.get('/configurations?limit=2').json
        last = self.get(f'/configurations?limit=2&marker={mine[1]}').json

        self.assertEqual(mine[:2], [c['id'] for c in first['configurations']])
        self.assertIn(f'marker={mine[1]}', first['links'][0]['href'])
        self.assertEqual(mine[2:], [c['id'] for c in last['configurations']])
        self.assertNotIn('links', last)
        self.assertNotIn('values', first['configurations'][0])

    def test_values_that_are_refused(self):
        for values, words in (
            ({'max_connections': 0}, ('max_connections', '0', '1 to 9999')),
            ({'max_connections': '9'}, ('"9"', 'an integer')),
            ({'jit': 1}, ('jit', 'true or false')),
            ({'nosuch': 1}, ('"nosuch"', 'unknown')),
            ({'port': 1}, ('"port"', 'reserved')),
        ):
            response = self.post(
                '/configurations',
                {'configuration': {'name': 'mine', 'values': values}},
            )

            self.assert_fault(response, 422, 'unprocessableEntity', *words)
        listed = self.get('/configurations').json
        self.assertEqual({'configurations': []}, listed)

    def test_too_many(self):
        self.config(max_configurations_per_tenant=1)
        first = self.group(jit=False)
        body = {'configuration': {'name': 'mine', 'values': {'jit': True}}}

        self.assert_fault(
            self.post('/configurations', body), 413, 'overLimit', 'limit 1'
        )

        # Those of others, and deleted ones, do not count
        self.group(project=base.OTHER_PROJECT, jit=False)
        self.delete(f'/configurations/{first}')
        self.group(jit=True)

    def test_bodies_that_are_refused(self):
        good = {'name': 'mine', 'values': {}}
        for changes, words in (
            ({'name': ' '}, 'configuration.name'),
            ({'name': 'x' * 65}, '64'),
            ({'values': []}, 'configuration.values'),
            ({'description': 'x' * 257}, 'configuration.description'),
            ({'more': 1}, '"more"'),
        ):
            response = self.post(
                '/configurations', {'configuration': {**good, **changes}}
            )

            self.assert_refused(response, words)

    def test_what_is_not_there(self):
        theirs = self.group(project=base.OTHER_PROJECT)
        for group_id in theirs, str(uuid.uuid4()), 'a-name':
            path = f'/configurations/{group_id}'
            body = {'configuration': {'values': {}}}
            for response in (
                self.get(path),
                self.patch(path, body),
                self.put(path, body),
                self.delete(path),
                self.get(f'{path}/instances'),
            ):
                self.assert_fault(response, 404, 'itemNotFound', group_id)

    def test_its_instances_are_listed_in_pages(self):
        group_id = self.group(jit=True)
        mine = sorted(self.attached(group_id).id for _ in range(3))
        self.active()
        path = f'/configurations/{group_id}/instances'

        first = self.get(f'{path}?limit=2').json
        last = self.get(f'{path}?limit=2&marker={mine[1]}').json

        self.assertEqual(
            [{'id': each, 'name': 'db1'} for each in mine[:2]],
            first['instances'],
        )
        self.assertEqual(mine[2:], [each['id'] for each in last['instances']])
        shown = self.get(f'/configurations/{group_id}').json
        self.assertEqual(3, shown['configuration']['instance_count'])

    def test_one_is_deleted(self):
        group_id = self.group(jit=True)
        path = f'/configurations/{group_id}'

        self.assertEqual(202, self.delete(path).status_code)

        self.assert_fault(self.delete(path), 404, 'itemNotFound')

    def test_one_that_instances_have_is_kept(self):
        group_id = self.group(jit=True)
        instance = self.attached(group_id)

        response = self.delete(f'/configurations/{group_id}')

        self.assert_refused(response, instance.id, 'Detach')
        self.assertEqual({'jit': True}, self.values(group_id))

    def test_what_release_26_left(self):
        """Values of parameters that there is no rule for any more."""
        group_id = self.group(jit=True)
        with session.writer() as db:
            for name, deleted in (('old', False), ('gone', True)):
                db.add(
                    models.ConfigurationParameter(
                        configuration_id=group_id,
                        configuration_key=name,
                        configuration_value='1',
                        deleted=deleted,
                    )
                )

        self.assertEqual({'jit': True, 'old': '1'}, self.values(group_id))
        body = {'configuration': {'values': {'jit': False}}}
        response = self.patch(f'/configurations/{group_id}', body)
        self.assert_fault(response, 422, 'unprocessableEntity', '"old"')
        response = self.put(f'/configurations/{group_id}', body)
        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual({'jit': False}, self.values(group_id))
