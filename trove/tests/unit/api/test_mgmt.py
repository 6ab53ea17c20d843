# SPDX-License-Identifier: Apache-2.0

import uuid

import oslo_messaging

from trove.cloud import base as cloud_base
from trove.cloud.local import driver
from trove.common import exception
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.unit.api import base

IMAGE = str(uuid.uuid4())


class TestMgmt(base.TestCase):
    def admin(self, path, **kwargs):
        return self.get(f'/mgmt/instances{path}', user='admin', **kwargs)

    def ids(self, **kwargs):
        found = self.admin('', **kwargs).json['instances']
        return {it['id'] for it in found}

    def test_everything_is_for_administrators(self):
        instance = self.active()
        path = f'/mgmt/instances/{instance.id}'
        for response in (
            self.get('/mgmt/instances'),
            self.get(path),
            self.get(f'{path}/root'),
            self.get(f'{path}/rpc_ping'),
            self.get(f'{path}/diagnostics'),
            self.get(f'{path}/hwinfo'),
            self.post(f'{path}/action', {'reboot': {}}),
            self.post(f'{path}/action', {'nonsense': {}}),
        ):
            self.assert_fault(
                response,
                401,
                'unauthorized',
                'User does not have admin privileges.',
            )
        self.assertEqual([], self.transport.sent)

    def act(self, instance, body, **kwargs):
        return self.post(
            f'/mgmt/instances/{instance.id}/action',
            body,
            user='admin',
            **kwargs,
        )

    def test_stop(self):
        instance = self.active()

        response = self.act(instance, {'stop': {}})

        self.assertEqual(202, response.status_code, response.text)
        self.assertTrue(self.guest.stopped)

    def test_stop_of_one_that_is_busy(self):
        response = self.act(self.building(), {'stop': {}})

        self.assert_fault(response, 422, 'unprocessableEntity')
        self.assertFalse(self.guest.stopped)

    def test_stop_while_a_backup_is_being_made(self):
        self.config(storage_strategy='local')
        instance = self.active()
        body = {'name': 'nightly', 'instance': instance.id}
        made = self.post('/backups', {'backup': body})
        self.assertEqual(202, made.status_code, made.text)

        response = self.act(instance, {'stop': {}})

        self.assert_fault(response, 422, 'unprocessableEntity')
        self.assertIn('a backup of instance', response.text)
        self.assertFalse(self.guest.stopped)

    def test_reset_of_the_task(self):
        instance = self.active()
        self.act(instance, {'reboot': {}})

        response = self.act(instance, {'reset-task-status': {}})

        self.assertEqual(202, response.status_code, response.text)
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual('ACTIVE', shown['status'])
        self.assertIsNone(workflows.get_workflow(instance.id))

    def assert_sent(self, response, *message):
        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual([message], self.transport.sent)
        self.transport.sent.clear()

    def test_migrate(self):
        for value, host in ({}, None), (None, None), ({'host': 'h'}, 'h'):
            instance = self.active()

            response = self.act(instance, {'migrate': value})

            self.assert_sent(
                response,
                'migrate',
                '1.0',
                {'instance_id': instance.id, 'host': host},
            )
            kept = workflows.get_workflow(instance.id)
            self.assertEqual({'host': host}, kept.details)

    def test_migrate_where_there_is_one_host(self):
        self.cloud.refuses = driver.LocalCloud.refuses
        instance = self.active()

        response = self.act(instance, {'migrate': {}})

        self.assert_fault(response, 501, 'notImplemented', 'on one host')
        self.assertEqual([], self.transport.sent)
        self.assertIsNone(workflows.get_workflow(instance.id))

    def test_rebuild(self):
        instance = self.active()

        response = self.act(instance, {'rebuild': {'image_id': IMAGE}})

        self.assert_sent(
            response,
            'rebuild',
            '1.1',
            {'instance_id': instance.id, 'image_id': IMAGE},
        )
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual('BUILD', shown['status'])
        again = self.act(instance, {'rebuild': {'image_id': IMAGE}})
        self.assert_fault(again, 422, 'unprocessableEntity')

    def test_rebuild_from_what_is_no_image(self):
        instance = self.active()

        response = self.act(instance, {'rebuild': {'image_id': 'newest'}})

        self.assert_refused(response, 'image_id', 'UUID of an image')
        self.assertEqual([], self.transport.sent)

    def test_rebuild_of_one_that_is_broken(self):
        instance = self.active()
        self.reports(instance, states.ServiceStatus.FAILED)

        response = self.act(instance, {'rebuild': {'image_id': IMAGE}})

        self.assertEqual(202, response.status_code, response.text)
        refused = self.act(self.building(), {'rebuild': {'image_id': IMAGE}})
        self.assert_fault(refused, 422, 'unprocessableEntity')

    def test_rebuild_of_what_would_lose_its_data(self):
        lone = self.active()
        instances.update(lone.id, volume_size=None)

        response = self.act(lone, {'rebuild': {'image_id': IMAGE}})

        self.assert_refused(response, 'no volume')
        self.assertEqual([], self.transport.sent)

    def test_a_service_looks_and_changes_nothing(self):
        instance = self.active(project=base.OTHER_PROJECT)
        headers = {'X-Roles': 'service'}
        path = f'/mgmt/instances/{instance.id}'

        shown = self.get(path, headers=headers)
        listed = self.get('/mgmt/instances', headers=headers)
        refused = self.post(f'{path}/action', {'reboot': {}}, headers=headers)

        self.assertEqual(instance.id, shown.json['instance']['id'])
        self.assertEqual(1, len(listed.json['instances']))
        self.assert_fault(refused, 401, 'unauthorized')

    def test_a_role_of_the_operators_choice(self):
        instance = self.active(project=base.OTHER_PROJECT)
        self.useFixture(
            base.Policy(self, {'mgmt:instance:reboot': 'role:night'})
        )

        response = self.post(
            f'/mgmt/instances/{instance.id}/action',
            {'reboot': {}},
            headers={'X-Roles': 'night'},
        )

        self.assertEqual(202, response.status_code, response.text)

    def test_list(self):
        mine = self.active()
        others = self.active(project=base.OTHER_PROJECT)
        gone = self.active()
        instances.mark_deleted(gone.id)

        self.assertEqual(
            {mine.id, others.id}, self.ids(query_string='deleted=False')
        )
        self.assertEqual({gone.id}, self.ids(query_string='deleted=true'))
        self.assertEqual({mine.id, others.id, gone.id}, self.ids())
        self.assertEqual(
            {others.id},
            self.ids(query_string=f'project_id={base.OTHER_PROJECT}'),
        )

    def test_list_in_pages(self):
        self.active()
        self.active()

        first = self.admin('', query_string='limit=1')
        query = first.json['links'][0]['href'].partition('?')[2]
        second = self.admin('', query_string=query)

        self.assertNotEqual(
            first.json['instances'][0]['id'], second.json['instances'][0]['id']
        )
        self.assert_refused(self.admin('', query_string='limit=abc'))

    def test_show(self):
        instance = self.active(project=base.OTHER_PROJECT)

        it = self.admin(f'/{instance.id}').json['instance']

        self.assertEqual(base.OTHER_PROJECT, it['tenant_id'])
        self.assertEqual(instance.compute_instance_id, it['server']['id'])
        self.assertEqual(instance.compute_instance_id, it['server_id'])
        self.assertIs(False, it['deleted'])
        self.assertIsNone(it['deleted_at'])
        self.assertEqual('1.4', it['guest_version'])
        self.assertIn('state_description', it['guest_status'])
        self.assertIn('task_description', it)
        self.assertNotIn('root_enabled', it)

    def test_show_where_it_is(self):
        instance = self.active()
        self.cloud.compute.create_server(
            None,
            cloud_base.ServerSpec(
                instance.id, 'db', self.cloud.compute.get_flavor(None, '1')
            ),
        )

        it = self.admin(f'/{instance.id}').json['instance']

        self.assertEqual('noop', it['server']['host'])
        self.assertIn('used', it['volume'])

    def test_a_cloud_that_does_not_tell_where_it_is(self):
        instance = self.active()
        self.cloud.fail('get_server', exception.CloudError('no answer'))

        it = self.admin(f'/{instance.id}').json['instance']

        self.assertIsNone(it['server']['host'])

    def test_show_one_without_a_server(self):
        instance = self.building()

        it = self.admin(f'/{instance.id}').json['instance']

        self.assertIsNone(it['server'])

    def test_show_one_that_is_gone(self):
        instance = self.active()
        instances.mark_deleted(instance.id)

        plain = self.admin(f'/{instance.id}')
        deleted = self.admin(f'/{instance.id}', query_string='deleted=true')

        self.assert_fault(plain, 404, 'itemNotFound')
        self.assertIs(True, deleted.json['instance']['deleted'])

    def test_show_who_enabled_root(self):
        instance = self.active()
        self.post(f'/instances/{instance.id}/root')

        it = self.admin(f'/{instance.id}').json['instance']

        self.assertEqual('alice', it['root_enabled_by'])
        self.assertRegex(it['root_enabled'], r'^\d{4}-')

    def test_unknown(self):
        for name in (uuid.uuid4(), 'a-name'):
            for path in ('', '/root', '/rpc_ping', '/diagnostics', '/hwinfo'):
                response = self.admin(f'/{name}{path}')

                self.assert_fault(response, 404, 'itemNotFound')

    def test_ping(self):
        instance = self.active()

        response = self.admin(f'/{instance.id}/rpc_ping')

        self.assertEqual(204, response.status_code)
        self.assertEqual('', response.text)
        self.assertEqual(['rpc_ping'], self.transport.methods())

    def test_ping_without_an_answer(self):
        instance = self.active()
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.admin(f'/{instance.id}/rpc_ping')

        self.assert_fault(response, 500, 'instanceFault', instance.id)

    def test_diagnostics(self):
        instance = self.active()

        response = self.admin(f'/{instance.id}/diagnostics')

        self.assertEqual(
            {
                'version': '27.0.0',
                'threads': 5,
                'fdSize': 12,
                'vmSize': 100,
                'vmPeak': 120,
                'vmRss': 50,
                'vmHwm': 60,
            },
            response.json['diagnostics'],
        )

    def test_hwinfo(self):
        instance = self.active()

        response = self.admin(f'/{instance.id}/hwinfo')

        self.assertEqual(
            {'hwinfo': {'mem_total': 2048, 'num_cpus': 2}}, response.json
        )

    def test_a_guest_that_is_too_old(self):
        self.guest_version = '1.3'
        instance = self.active()

        for path in ('diagnostics', 'hwinfo'):
            response = self.admin(f'/{instance.id}/{path}')

            self.assert_fault(
                response,
                409,
                'conflict',
                instance.id,
                '1.3',
                '1.4',
                'Upgrade the guest agent',
            )
        self.assertEqual([], self.transport.sent)

    def test_reboot(self):
        instance = self.active(project=base.OTHER_PROJECT)
        path = f'/mgmt/instances/{instance.id}/action'

        response = self.post(path, {'reboot': {}}, user='admin')
        again = self.post(path, {'reboot': {}}, user='admin')

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(
            [('reboot', '1.0', {'instance_id': instance.id})],
            self.transport.sent,
        )
        self.assert_fault(again, 409, 'conflict')

    def test_actions_that_are_refused(self):
        instance = self.active()
        path = f'/mgmt/instances/{instance.id}/action'
        for body in ({}, {'dance': {}}, {'reboot': {}, 'stop': {}}, []):
            response = self.post(path, body, user='admin')

            self.assert_refused(response)
        self.assertEqual([], self.transport.sent)
