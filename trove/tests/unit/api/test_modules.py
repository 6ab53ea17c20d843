# SPDX-License-Identifier: Apache-2.0
"""Modules: who makes, sees and changes which."""

from __future__ import annotations

import base64

from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects import module as modules
from trove.tests.unit.api import base

CONTENTS = base64.b64encode(b'message=hello').decode()


class ModuleTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(module_aes_cbc_key='secret')
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/modules'

    def given(self, name='one', user='alice', project=base.PROJECT, **values):
        """A module that somebody has made."""
        response = self.make(name, user, project, **values)
        self.assertEqual(200, response.status_code, response.text)
        return response.json['module']

    def make(self, name='one', user='alice', project=base.PROJECT, **values):
        body = {'name': name, 'module_type': 'ping', 'contents': CONTENTS}
        return self.post(
            '/modules', {'module': body | values}, user=user, project=project
        )

    def given_mysql(self):
        """A datastore of which the instance is not."""
        datastores.save('mysql')
        datastores.save_version(
            'mysql', '8.4', manager='mysql', image_id='x', version='8.4.5'
        )

    def apply(self, *found, **kwargs):
        body = {'modules': [{'id': each['id']} for each in found]}
        return self.post(self.path, body, **kwargs)

    def put_module(self, module, user='alice', **values):
        return self.put(
            f'/modules/{module["id"]}', {'module': values}, user=user
        )


class ModulesTest(ModuleTestCase):
    def listed(self, **kwargs):
        found = self.get('/modules', **kwargs).json['modules']
        return {each['name'] for each in found}

    def test_too_many(self):
        self.config(max_modules_per_tenant=1)
        made = self.given('one')

        self.assert_fault(self.make('two'), 413, 'overLimit', 'limit 1')

        # Those of others, of all and deleted ones do not count
        self.given('two', project=base.OTHER_PROJECT)
        self.given('three', user='admin', all_tenants=True)
        self.given('four', user='admin', all_tenants=True)
        self.delete(f'/modules/{made["id"]}')
        self.given('five')

    def test_a_module_is_made_listed_shown_and_deleted(self):
        made = self.given(
            'one',
            description='d',
            datastore={'type': 'postgresql', 'version': '18'},
            apply_order=3,
        )

        path = f'/modules/{made["id"]}'
        shown = self.get(path).json['module']
        (listed,) = self.get('/modules').json['modules']

        self.assertEqual(
            {
                'name': 'one',
                'type': 'ping',
                'description': 'd',
                'tenant': base.PROJECT,
                'datastore': 'postgresql',
                'datastore_version': '18',
                'apply_order': 3,
                'visible': True,
                'auto_apply': False,
                'is_admin': False,
                'instance_count': 0,
            },
            {
                **{key: listed[key] for key in ('name', 'type', 'tenant')},
                **{
                    key: shown[key]
                    for key in (
                        *('description', 'datastore', 'datastore_version'),
                        *('apply_order', 'visible', 'auto_apply'),
                        *('is_admin', 'instance_count'),
                    )
                },
            },
        )
        self.assertNotIn('contents', shown)
        deleted = self.request('DELETE', path)
        self.assertEqual((200, ''), (deleted.status_code, deleted.text))
        self.assert_fault(self.get(path), 404, 'itemNotFound')

    def test_contents_are_encrypted_as_by_released_trove(self):
        made = self.given()

        with session.reader() as db:
            row = db.get_one(models.Module, made['id'])

        self.assertNotIn(CONTENTS, row.contents)
        self.assertEqual(made['md5'], row.md5)
        self.config(module_aes_cbc_key='another')
        response = self.apply(made)
        self.assert_fault(response, 501, 'notImplemented', made['id'])
        self.assertEqual([], self.transport.sent)

    def test_without_a_key_none_is_made(self):
        self.config(module_aes_cbc_key=None)

        response = self.make()

        self.assert_fault(
            response, 501, 'notImplemented', 'module_aes_cbc_key'
        )

    def test_who_sees_which(self):
        self.given('mine')
        self.given('theirs', project=base.OTHER_PROJECT)
        self.given('of all', user='admin', all_tenants=1)
        hidden = self.given('hidden', user='admin', visible=0)

        self.assertEqual({'mine', 'of all'}, self.listed())
        self.assertEqual(
            {'mine', 'of all', 'theirs', 'hidden'}, self.listed(user='admin')
        )
        for response in (
            self.get(f'/modules/{hidden["id"]}'),
            self.apply(hidden),
        ):
            self.assert_fault(response, 404, 'itemNotFound', hidden['id'])

    def test_pages_and_datastores(self):
        for name in 'abc':
            self.given(name)
        self.given('bound', datastore={'type': 'postgresql'})

        page = self.get('/modules', query_string='limit=2').json

        self.assertEqual(2, len(page['modules']))
        self.assertEqual('next', page['links'][0]['rel'])
        self.assertEqual(
            {'bound'}, self.listed(query_string='datastore=postgresql')
        )
        self.assertEqual(
            {'a', 'b', 'c'}, self.listed(query_string='datastore=all')
        )
        response = self.get('/modules', query_string='datastore=nosuch')
        self.assert_fault(response, 404, 'itemNotFound')

    def test_what_only_administrators_may(self):
        for key, value in (
            ('all_tenants', 1),
            ('auto_apply', 1),
            ('visible', 0),
            ('priority_apply', 1),
            ('full_access', 0),
        ):
            response = self.make(**{key: value})

            self.assert_fault(response, 403, 'forbidden', key)
            mine = self.given(key)
            response = self.put_module(mine, **{key: value})
            self.assert_fault(response, 403, 'forbidden', key)
        response = self.make(user='admin', auto_apply=1, full_access=1)
        self.assert_refused(response, 'full_access')
        theirs = self.given('theirs', user='admin')
        for response in (
            self.put_module(theirs, name='mine'),
            self.request('DELETE', f'/modules/{theirs["id"]}'),
        ):
            self.assert_fault(response, 403, 'forbidden', theirs['id'])

    def test_what_is_refused(self):
        self.given('there')
        for values, code, text in (
            ({'module_type': 'nosuch'}, 404, 'nosuch'),
            ({'contents': 'not base64'}, 400, 'base64'),
            ({'contents': 'abcde'}, 400, 'base64'),
            ({'name': 'there'}, 400, 'there'),
            ({'apply_order': 10}, 400, 'apply_order'),
            ({'visible': 'yes'}, 400, 'visible'),
            ({'datastore': {'type': 'nosuch'}}, 404, 'nosuch'),
            ({'datastore': {'version': '18'}}, 400, 'type'),
            ({'unknown': 1}, 400, 'unknown'),
        ):
            response = self.make(**values)

            self.assertEqual(code, response.status_code, response.text)
            self.assertIn(text, response.text)
        self.assertEqual({'there'}, self.listed())

    def test_a_module_is_changed(self):
        made = self.given(datastore={'type': 'postgresql', 'version': '18'})
        other = base64.b64encode(b'message=bye').decode()

        changed = self.put_module(
            made, name='two', contents=other, all_datastore_versions=1
        ).json['module']

        self.assertEqual(
            ('two', 'postgresql', 'all'),
            tuple(
                changed[key]
                for key in ('name', 'datastore', 'datastore_version')
            ),
        )
        self.assertNotEqual(made['md5'], changed['md5'])
        found = modules.get(self.context(), made['id'])
        order = modules.order(self.conf, found)
        self.assertEqual(other, order['module']['contents'])
        response = self.put_module(
            made, all_datastores=1, datastore={'type': 'postgresql'}
        )
        self.assert_refused(response, 'all_datastores')
