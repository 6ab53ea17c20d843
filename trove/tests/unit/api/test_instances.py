# SPDX-License-Identifier: Apache-2.0

import uuid

import fixtures
import oslo_messaging

from trove.common import exception
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests.unit.api import base


class TestShow(base.TestCase):
    def test_running(self):
        instance = self.active()

        response = self.get(f'/instances/{instance.id}')

        it = response.json['instance']
        self.assertEqual(200, response.status_code)
        self.assertEqual('HEALTHY', it['operating_status'])
        self.assertEqual(
            [{'address': '127.0.0.9', 'type': 'private'}], it['addresses']
        )
        self.assertEqual(['127.0.0.9'], it['ip'])
        self.assertEqual({'size': 1, 'used': 0.25}, it['volume'])
        self.assertEqual({'is_public': False}, it['access'])
        self.assertEqual([2.0], self.transport.timeouts)

    def test_a_silent_guest_is_left_alone_for_a_while(self):
        instance = self.active()
        self.transport.errors['get_filesystem_stats'] = (
            oslo_messaging.MessagingTimeout()
        )

        views = [self.get(f'/instances/{instance.id}') for _ in range(3)]

        for view in views:
            self.assertEqual(200, view.status_code)
            self.assertEqual({'size': 1}, view.json['instance']['volume'])
        self.assertEqual(1, len(self.transport.timeouts))

    def test_without_a_broker_no_guest_is_asked(self):
        first, second = self.active(), self.active()
        self.broker_is_gone()

        for instance in (first, second):
            response = self.get(f'/instances/{instance.id}')
            self.assertEqual(200, response.status_code)

        self.assertEqual(1, len(self.transport.timeouts))

    def test_the_question_can_be_turned_off(self):
        self.config(volume_used_timeout=0)
        instance = self.active()

        self.get(f'/instances/{instance.id}')

        self.assertEqual([], self.transport.timeouts)

    def test_no_guest_is_asked_while_it_builds(self):
        instance = self.building()

        response = self.get(f'/instances/{instance.id}')

        self.assertEqual('BUILD', response.json['instance']['status'])
        self.assertEqual([], self.transport.timeouts)

    def test_fault(self):
        instance = self.building()
        workflows.claim_workflow(instance.id, 'create_instance', 'me')
        tasks.fail_task(
            instance.id,
            'me',
            task=states.Task.BUILDING_ERROR_SERVER,
            message='create_server failed',
            details='no host',
        )

        it = self.get(f'/instances/{instance.id}').json['instance']

        self.assertEqual('ERROR', it['status'])
        self.assertEqual('create_server failed', it['fault']['message'])
        self.assertNotIn('details', it['fault'])
        self.assertRegex(it['fault']['created'], r'^\d{4}-\d\d-\d\dT')
        for path in ('/mgmt/instances', '/instances'):
            it = self.get(f'{path}/{instance.id}', user='admin').json[
                'instance'
            ]
            self.assertEqual('no host', it['fault']['details'])
        (it,) = self.get('/instances/detail').json['instances']
        self.assertNotIn('details', it['fault'])

    def test_a_name_is_not_found(self):
        self.active(name='mine')

        response = self.get('/instances/mine')

        self.assert_fault(response, 404, 'itemNotFound', 'mine')

    def test_unknown_id(self):
        response = self.get(f'/instances/{uuid.uuid4()}')

        self.assert_fault(response, 404, 'itemNotFound')

    def test_that_of_another_project(self):
        instance = self.active(project=base.OTHER_PROJECT)

        mine = self.get(f'/instances/{instance.id}')
        admins = self.get(f'/instances/{instance.id}', user='admin')

        self.assert_fault(mine, 404, 'itemNotFound')
        self.assertEqual(200, admins.status_code)
        self.assertEqual(
            base.OTHER_PROJECT, admins.json['instance']['tenant_id']
        )

    def test_public_addresses_are_shown_while_it_is_public(self):
        instance = self.active()
        instances.set_addresses(
            instance.id, [('10.0.0.1', 'private'), ('192.0.2.1', 'public')]
        )
        path = f'/instances/{instance.id}'

        before = self.get(path).json['instance']
        self.put(path, {'instance': {'access': {'is_public': False}}})
        after = self.get(path).json['instance']

        self.assertEqual(['10.0.0.1', '192.0.2.1'], before['ip'])
        self.assertTrue(before['access']['is_public'])
        self.assertEqual(['10.0.0.1'], after['ip'])
        self.assertFalse(after['access']['is_public'])


class TestList(base.TestCase):
    def test_mine_only(self):
        mine = self.active()
        self.active(project=base.OTHER_PROJECT)

        listed = self.get('/instances').json['instances']
        detailed = self.get('/instances/detail').json['instances']

        self.assertEqual([mine.id], [it['id'] for it in listed])
        self.assertEqual([mine.id], [it['id'] for it in detailed])
        self.assertNotIn('created', listed[0])
        self.assertIn('created', detailed[0])

    def test_an_administrator_too_sees_those_of_the_project_only(self):
        self.active(project=base.OTHER_PROJECT)

        response = self.get('/instances', user='admin')

        self.assertEqual([], response.json['instances'])

    def test_all_projects(self):
        """As Skyline asks on its pages for administrators."""
        made = {self.active().id, self.active(project=base.OTHER_PROJECT).id}
        for path in '/instances', '/instances/detail':
            path += '?all_projects=true'

            found = self.get(path, user='admin').json['instances']

            self.assertEqual(made, {each['id'] for each in found})
            self.assert_fault(self.get(path), 401, 'unauthorized')

    def test_pages(self):
        made = {self.active().id for _ in range(3)}
        found = []
        path, query = '/instances', 'limit=2'
        while path:
            response = self.get(path, query_string=query)
            found.extend(it['id'] for it in response.json['instances'])
            links = response.json.get('links')
            path = None
            if links:
                self.assertEqual('next', links[0]['rel'])
                path, _, query = links[0]['href'].partition('?')
                self.assertIn('limit=2', query)
                path = path.partition(base.PROJECT)[2]

        self.assertEqual(made, set(found))
        self.assertEqual(3, len(found))

    def test_the_limit_is_capped(self):
        self.config(instances_page_size=1)
        self.active()
        self.active()

        response = self.get('/instances', query_string='limit=100')

        self.assertEqual(1, len(response.json['instances']))

    def test_bad_limit(self):
        for limit in ('abc', '0', '-1', '1.5', '', '%20', '²'):
            for path in ('/instances', '/instances/detail'):
                response = self.get(path, query_string=f'limit={limit}')

                self.assert_refused(response, 'limit')

    def test_huge_limit(self):
        response = self.get('/instances', query_string='limit=' + '9' * 5000)

        self.assertEqual(200, response.status_code)

    def test_bad_marker(self):
        response = self.get('/instances', query_string='marker=nonsense')

        self.assert_refused(response)


class TestUpdate(base.TestCase):
    def test_name(self):
        instance = self.active()

        response = self.put(
            f'/instances/{instance.id}', {'instance': {'name': 'new'}}
        )

        self.assertEqual(202, response.status_code)
        self.assertEqual('', response.text)
        it = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual('new', it['name'])

    def test_access(self):
        instance = self.active()
        path = f'/instances/{instance.id}'

        self.put(path, {'instance': {'access': {'is_public': True}}})
        self.put(path, {'instance': {'access': {'allowed_cidrs': []}}})

        access = self.get(path).json['instance']['access']
        self.assertEqual({'is_public': True, 'allowed_cidrs': []}, access)

    def test_one_change_beside_the_name(self):
        target = self.active()
        path = f'/instances/{target.id}'
        access = {'access': {'is_public': False}}
        for both in (
            {**access, 'configuration': None},
            {'replica_of': None, 'configuration': None},
        ):
            response = self.put(path, {'instance': both})

            self.assert_refused(response, 'configuration')

        response = self.put(path, {'instance': {**access, 'name': 'other'}})

        self.assertEqual(202, response.status_code)

    def test_access_that_nothing_applies(self):
        instance = self.active()

        response = self.put(
            f'/instances/{instance.id}',
            {'instance': {'access': {'allowed_cidrs': ['10.0.0.0/8']}}},
        )

        self.assert_fault(
            response, 501, 'notImplemented', 'access.allowed_cidrs'
        )
        self.assertIsNone(instances.get(self.context(), instance.id).access)

    def test_access_from_everywhere_where_nothing_restricts_it(self):
        # Given what Horizon sends with each name
        instance = self.active()
        everywhere = {'allowed_cidrs': ['0.0.0.0/0']}
        # When
        response = self.put(
            f'/instances/{instance.id}',
            {'instance': {'name': 'other', 'access': everywhere}},
        )
        # Then
        self.assertEqual(202, response.status_code)
        shown = instances.get(self.context(), instance.id)
        self.assertEqual(('other', everywhere), (shown.name, shown.access))

    def test_two_changes_of_access_at_once(self):
        instance = self.active()
        read = instances.get

        def read_and_be_overtaken(*args, **kwargs):
            found = read(*args, **kwargs)
            instances.change(
                self.context(), instance.id, access={'allowed_cidrs': ['x']}
            )
            return found

        with fixtures.MonkeyPatch(
            'trove.objects.instance.instances.get', read_and_be_overtaken
        ):
            self.put(
                f'/instances/{instance.id}',
                {'instance': {'access': {'is_public': False}}},
            )

        self.assertEqual(
            {'allowed_cidrs': ['x'], 'is_public': False},
            instances.get(self.context(), instance.id).access,
        )

    def test_refused(self):
        instance = self.active()
        for body in (
            {'name': ''},
            {'name': None},
            {'access': {}},
            {'access': {'allowed_cidrs': ['x']}},
            {'replica_of': None},
            {'replica_of': ''},
            {'unknown': 1},
        ):
            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assert_refused(response)

    def test_an_instance_does_not_become_a_replica(self):
        instance = self.active()

        response = self.put(
            f'/instances/{instance.id}',
            {'instance': {'replica_of': self.active().id}},
        )

        self.assert_refused(response, 'does not become a replica')

    def test_what_comes_later_and_is_not_there(self):
        instance = self.active()
        for key in 'configuration', 'replica_of', 'slave_of':
            body = {key: str(uuid.uuid4())}
            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assert_fault(response, 404, 'itemNotFound', body[key])

    def test_that_of_another_project(self):
        instance = self.active(project=base.OTHER_PROJECT)

        response = self.put(
            f'/instances/{instance.id}', {'instance': {'name': 'mine'}}
        )

        self.assert_fault(response, 404, 'itemNotFound')


class TestDelete(base.TestCase):
    def test_running(self):
        instance = self.active()

        response = self.delete(f'/instances/{instance.id}')

        self.assertEqual(202, response.status_code)
        self.assertEqual(['delete_instance'], self.transport.methods())
        again = instances.get(self.context(), instance.id)
        self.assertIs(states.Task.DELETING, again.task)

    def test_that_of_another_project(self):
        instance = self.active(project=base.OTHER_PROJECT)

        response = self.delete(f'/instances/{instance.id}')

        self.assert_fault(response, 404, 'itemNotFound')
        self.assertEqual([], self.transport.sent)

    def test_one_that_is_gone(self):
        instance = self.active()
        instances.mark_deleted(instance.id)

        response = self.delete(f'/instances/{instance.id}')

        self.assert_fault(response, 404, 'itemNotFound')

    def test_the_broker_is_gone(self):
        instance = self.active()
        self.broker_is_gone()

        response = self.delete(f'/instances/{instance.id}')

        self.assert_fault(response, 503, 'serviceUnavailable', 'broker')
        again = instances.get(self.context(), instance.id)
        self.assertIs(states.Task.NONE, again.task)

    def test_an_unexpected_failure_undoes_it_too(self):
        instance = self.active()
        self.transport.error = exception.TroveError('boom')

        response = self.delete(f'/instances/{instance.id}')

        self.assert_fault(response, 500, 'instanceFault')
        again = instances.get(self.context(), instance.id)
        self.assertIs(states.Task.NONE, again.task)
