# SPDX-License-Identifier: Apache-2.0

from urllib import parse
import uuid

import oslo_messaging

from trove.common import exception
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.tests.unit.api import base

#: Names that are legal in PostgreSQL and break what does not quote them.
ODD = (
    'a b',
    "o'hara",
    'say "hi"',
    'a;drop table x--',
    'a.b',
    'ü' * 31,
    'x' * 63,
    'back`tick',
    'a\\b',
    'detail',
)


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/databases'

    def names(self, **kwargs):
        response = self.get(self.path, **kwargs)
        self.assertEqual(200, response.status_code, response.text)
        return [item['name'] for item in response.json['databases']]


class TestDatabases(TestCase):
    def test_create(self):
        body = {
            'databases': [
                {'name': 'a', 'character_set': 'utf8', 'collate': 'C'},
                {'name': 'b'},
            ]
        }

        response = self.post(self.path, body)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('', response.text)
        self.assertEqual(
            {'_name': 'a', '_character_set': 'utf8', '_collate': 'C'},
            self.transport.sent[-1][2]['databases'][0],
        )
        self.assertEqual(['a', 'b'], self.names())

    def test_create_as_openstacksdk_asks(self):
        response = self.post(self.path, {'database': {'name': 'a'}})

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(['a'], self.names())

    def test_odd_names_go_there_and_back(self):
        for name in ODD:
            response = self.post(self.path, {'databases': [{'name': name}]})
            self.assertEqual(202, response.status_code, (name, response.text))
            self.assertEqual([name], list(self.guest.databases))

            response = self.delete(f'{self.path}/{parse.quote(name, safe="")}')
            self.assertEqual(202, response.status_code, (name, response.text))
            self.assertEqual({}, self.guest.databases)

    def test_names_that_are_refused(self):
        for name in (
            '',
            ' ',
            'x' * 64,
            'ü' * 32,
            'x' * 256,
            'a\x00b',
            'postgres',
            'Template0',
            'template1',
            'os_admin',
            None,
            5,
        ):
            response = self.post(self.path, {'databases': [{'name': name}]})

            self.assert_refused(response)
        self.assertNotIn('create_database', self.transport.methods())

    def test_bodies_that_are_refused(self):
        for body in (
            {},
            {'databases': []},
            {'databases': {'name': 'a'}},
            {'databases': ['a']},
            {'databases': [{}]},
            {'databases': [{'name': 'a', 'size': 1}]},
            {'database': [{'name': 'a'}]},
            {'users': []},
            [],
        ):
            self.assert_refused(self.post(self.path, body))

    def test_twice_in_a_request(self):
        response = self.post(
            self.path, {'databases': [{'name': 'a'}, {'name': 'a'}]}
        )

        self.assert_refused(response, '"a"', 'twice')
        self.assertNotIn('create_database', self.transport.methods())

    def test_one_that_exists(self):
        self.post(self.path, {'databases': [{'name': 'a'}]})

        response = self.post(
            self.path, {'databases': [{'name': 'b'}, {'name': 'a'}]}
        )

        self.assert_refused(response, '"a"', 'exists')
        self.assertEqual(['a'], self.names())

    def test_delete_one_that_is_not_there(self):
        for name in ('a', 'postgres', 'x' * 300):
            response = self.delete(f'{self.path}/{name}')

            self.assert_fault(response, 404, 'itemNotFound')

    def test_the_systems_are_not_deleted_even_if_listed(self):
        self.guest.databases['postgres'] = {'_name': 'postgres'}

        response = self.delete(f'{self.path}/postgres')

        self.assert_fault(response, 404, 'itemNotFound')
        self.assertNotIn('delete_database', self.transport.methods())

    def test_a_single_one_is_not_shown(self):
        response = self.get(f'{self.path}/a')

        self.assert_fault(response, 501, 'notImplemented')

    def test_pages_as_python_troveclient_reads_them(self):
        odd = sorted(ODD)
        for name in odd:
            self.guest.databases[name] = {'_name': name}
        found, query = [], 'limit=2'
        while query:
            response = self.get(self.path, query_string=query)
            found += [d['name'] for d in response.json['databases']]
            links = response.json.get('links')
            query = None
            if links:
                url = parse.urlparse(links[0]['href'])
                marker = dict(parse.parse_qsl(url.query))['marker']
                # It puts the marker into the query as it is.
                query = f'limit=2&marker={marker}'

        self.assertEqual(odd, found)

    def test_pages_by_following_the_links(self):
        odd = sorted(ODD)
        for name in odd:
            self.guest.databases[name] = {'_name': name}
        found, query = [], 'limit=2'
        while query:
            response = self.get(self.path, query_string=query)
            found += [d['name'] for d in response.json['databases']]
            links = response.json.get('links')
            query = links and links[0]['href'].partition('?')[2]

        self.assertEqual(odd, found)

    def test_the_limit_is_capped(self):
        self.config(databases_page_size=3)
        for name in 'abcde':
            self.guest.databases[name] = {'_name': name}

        self.assertEqual(['a', 'b', 'c'], self.names())
        self.assertEqual(['a', 'b', 'c'], self.names(query_string='limit=9'))
        self.assertEqual(['a'], self.names(query_string='limit=1'))
        self.assertEqual(
            ['d', 'e'], self.names(query_string='limit=3&marker=c')
        )
        self.assert_refused(self.get(self.path, query_string='limit=0'))


class TestGuestsInTrouble(TestCase):
    def all_verbs(self, path=None):
        path = path or self.path
        return (
            self.get(path),
            self.post(path, {'databases': [{'name': 'a'}]}),
            self.delete(f'{path}/a'),
        )

    def test_an_instance_that_builds(self):
        instance = self.building()

        for response in self.all_verbs(f'/instances/{instance.id}/databases'):
            self.assertIn(response.status_code, (409, 422))
        self.assertEqual([], self.transport.sent)

    def test_a_busy_instance(self):
        tasks.begin_task(
            self.context(),
            self.instance.id,
            states.Task.REBOOTING,
            action='restart',
        )

        for response in self.all_verbs():
            self.assertIn(response.status_code, (409, 422))
        self.assertEqual([], self.transport.sent)

    def test_unknown_and_foreign_instances(self):
        foreign = self.active(project=base.OTHER_PROJECT)
        for instance_id in (uuid.uuid4(), 'a-name', foreign.id):
            path = f'/instances/{instance_id}/databases'
            for response in self.all_verbs(path):
                self.assert_fault(response, 404, 'itemNotFound')
        self.assertEqual([], self.transport.sent)

    def test_a_guest_that_does_not_answer(self):
        self.transport.error = oslo_messaging.MessagingTimeout()

        first, *others = self.all_verbs()

        self.assert_fault(first, 500, 'instanceFault', self.instance.id)
        for response in others:
            self.assert_fault(
                response, 503, 'serviceUnavailable', self.instance.id
            )

    def test_a_guest_that_fails(self):
        self.transport.error = oslo_messaging.RemoteError(
            'OperationalError', 'PostgreSQL is gone', ['a traceback']
        )

        for response in self.all_verbs():
            message = self.assert_fault(
                response, 500, 'instanceFault', 'PostgreSQL is gone'
            )
            self.assertNotIn('traceback', message)

    def test_the_broker_is_gone(self):
        self.broker_is_gone()

        for response in self.all_verbs():
            self.assert_fault(response, 503, 'serviceUnavailable', 'broker')

    def test_policy(self):
        self.useFixture(
            base.Policy(
                self, {'instance:extension:database:index': 'role:admin'}
            )
        )

        self.assert_fault(self.get(self.path), 403, 'forbidden')
        self.assertEqual(200, self.get(self.path, user='admin').status_code)

    def test_an_error_of_the_guest_that_users_know(self):
        self.transport.error = oslo_messaging.RemoteError(
            exception.DatabaseExists.__name__, 'It exists.', []
        )

        response = self.post(self.path, {'databases': [{'name': 'a'}]})

        self.assert_refused(response, 'It exists.')
