# SPDX-License-Identifier: Apache-2.0
"""Modules of instances."""

from __future__ import annotations

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import reapplied
from trove.tests.unit.api import base
from trove.tests.unit.api import test_modules


class InstanceModulesTest(test_modules.ModuleTestCase):
    def listed(self, **kwargs):
        return self.get(self.path, **kwargs).json['modules']

    def test_there_are_none(self):
        self.assertEqual([], self.listed())

    def test_a_module_is_applied_listed_and_removed(self):
        made = self.given()
        self.guest.modules = [{'id': made['id'], 'status': 'OK', 'odd': 1}]

        applied = self.apply(made).json['modules']

        self.assertEqual('OK', applied[0]['status'])
        self.assertNotIn('odd', applied[0])
        ((order, _, sent),) = self.transport.sent
        self.assertEqual('module_apply', order)
        told = sent['modules'][0]['module']
        self.assertEqual(
            (made['id'], test_modules.CONTENTS, made['md5'], base.PROJECT),
            tuple(told[k] for k in ('id', 'contents', 'md5', 'tenant')),
        )
        (listed,) = self.listed()
        self.assertEqual(made['md5'], listed['md5'])
        (has,) = self.get(f'/modules/{made["id"]}/instances').json['instances']
        self.assertEqual(self.instance.id, has['id'])
        (count,) = self.get(
            f'/modules/{made["id"]}/instances', query_string='count_only=1'
        ).json['instances']
        self.assertEqual(1, count['instance_count'])
        self.assertIs(True, count['current'])

        response = self.request('DELETE', f'{self.path}/{made["id"]}')

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('module_remove', self.transport.methods()[-1])
        self.assertEqual([], self.listed())
        response = self.request('DELETE', f'{self.path}/{made["id"]}')
        self.assert_fault(response, 404, 'itemNotFound', made['id'])

    def test_one_that_the_guest_no_longer_has_is_removed(self):
        made = self.given()
        self.apply(made)
        self.guest.refuses = exception.NotFound('It is not applied.')

        response = self.request('DELETE', f'{self.path}/{made["id"]}')

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual([], self.listed())

    def test_applied_modules_are_neither_changed_nor_deleted(self):
        made = self.given()
        self.apply(made)

        for response in (
            self.put_module(made, name='other'),
            self.request('DELETE', f'/modules/{made["id"]}'),
        ):
            self.assert_refused(response, 'live_update')

        live = self.given('live', live_update=1)
        self.apply(live)
        self.assertEqual(200, self.put_module(live, name='x').status_code)

    def test_those_of_administrators_stay(self):
        theirs = self.given('theirs', user='admin')
        self.apply(theirs)
        path = f'{self.path}/{theirs["id"]}'

        response = self.request('DELETE', path)

        self.assert_fault(response, 403, 'forbidden', theirs['id'])
        response = self.request('DELETE', path, user='admin')
        self.assertEqual(200, response.status_code)

    def test_those_of_another_datastore(self):
        self.given_mysql()
        other = self.given(datastore={'type': 'mysql'})

        response = self.apply(other)

        self.assert_refused(response, other['id'], 'mysql')
        self.assertEqual([], self.transport.sent)

    def test_hidden_ones_are_listed_for_administrators(self):
        hidden = self.given(user='admin', visible=0)
        self.apply(hidden, user='admin')

        self.assertEqual([], self.listed())
        self.assertEqual(1, len(self.listed(user='admin')))

    def test_what_the_guest_has(self):
        self.guest.modules = [{'id': 'm', 'status': 'OK', 'odd': 1}, 'odd']

        (shown,) = self.listed(
            query_string='from_guest=1&include_contents=true'
        )

        self.assertEqual(('m', 'OK'), (shown['id'], shown['status']))
        ((order, _, arguments),) = self.transport.sent
        self.assertEqual('module_list', order)
        self.assertEqual({'include_contents': True}, arguments)

    def test_a_reader_gets_no_contents(self):
        headers = {'X-Roles': 'reader'}
        for query, code in (
            ('from_guest=1', 200),
            ('from_guest=1&include_contents=1', 403),
            ('include_contents=1', 403),
        ):
            response = self.get(
                self.path, query_string=query, headers=headers
            )
            self.assertEqual(code, response.status_code, query)

    def test_another_projects(self):
        made = self.given()
        response = self.get(self.path, project=base.OTHER_PROJECT)
        self.assert_fault(response, 404, 'itemNotFound')

        response = self.apply(made, project=base.OTHER_PROJECT)

        self.assert_fault(response, 404, 'itemNotFound')

    def test_reapply(self):
        made = self.given()

        response = self.put(
            f'/modules/{made["id"]}/instances',
            {'reapply': {'batch_size': 1000, 'force': 1}},
        )

        self.assertEqual(202, response.status_code, response.text)
        ((job, _, told),) = self.transport.sent
        self.assertEqual('reapply_module', job)
        self.assertEqual(
            (made['id'], 50, 2, True, True),
            tuple(
                told[key]
                for key in (
                    *('module_id', 'batch_size', 'batch_delay'),
                    *('force', 'recorded'),
                )
            ),
        )

    def test_reapply_with_a_long_pause(self):
        made = self.given()

        response = self.put(
            f'/modules/{made["id"]}/instances',
            {'reapply': {'batch_size': 1, 'batch_delay': 3601}},
        )

        self.assert_refused(response, 'a number from 0 to 3600')
        self.assertEqual([], self.transport.sent)

    def test_reapply_again_while_it_goes_on(self):
        made = self.given()
        path, body = f'/modules/{made["id"]}/instances', {'reapply': {}}
        self.put(path, body)
        order = reapplied.claim(made['id'], 60)
        reapplied.proceed(order, self.instance.id, True)

        response = self.put(path, body)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('', reapplied.claim(made['id'], 60).after)

    def test_reapply_without_a_broker(self):
        made = self.given()
        self.broker_is_gone()

        response = self.put(
            f'/modules/{made["id"]}/instances', {'reapply': {}}
        )

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual([made['id']], reapplied.due(9))


class CreateTest(test_modules.ModuleTestCase):
    def order(self, **values):
        return self.post(
            '/instances',
            {
                'instance': {
                    'name': 'i',
                    'flavorRef': '1',
                    'volume': {'size': 1},
                    **values,
                }
            },
        )

    def test_new_instances_get_those_asked_for_and_the_automatic(self):
        self.given_mysql()
        mine = self.given('mine')
        self.given('other')
        auto = self.given('auto', user='admin', auto_apply=1, visible=0)
        self.given(
            'of another',
            user='admin',
            auto_apply=1,
            datastore={'type': 'mysql'},
        )

        response = self.order(modules=[{'id': mine['id']}])

        self.assertEqual(200, response.status_code, response.text)
        ((_, _, sent),) = self.transport.sent
        self.assertEqual(
            {mine['id'], auto['id']},
            {each['module']['id'] for each in sent['modules']},
        )
        instance_id = response.json['instance']['id']
        listed = self.get(f'/instances/{instance_id}/modules', user='admin')
        self.assertEqual(2, len(listed.json['modules']))
        with session.reader() as db:
            row = db.get_one(models.Workflow, instance_id)
            self.assertNotIn(test_modules.CONTENTS, str(row.details))

    def test_unknown_ones_and_too_many(self):
        response = self.order(modules=[{'id': 'nosuch'}])
        self.assert_fault(response, 404, 'itemNotFound', 'nosuch')
        response = self.order(modules=[{'id': 'x'}] * 21)
        self.assert_refused(response, 'modules')
        self.assertEqual([], self.transport.sent)

    def test_replicas_have_none_of_their_own(self):
        response = self.order(
            replica_of=self.instance.id, modules=[{'id': self.given()['id']}]
        )

        self.assert_refused(response, 'instance.')
