# SPDX-License-Identifier: Apache-2.0

from urllib import parse

from trove.tests.unit.api import base
from trove.tests.unit.api import test_databases


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/users'
        for name in ('shop', 'blog'):
            self.guest.databases[name] = {'_name': name}

    def add(self, name='ann', databases=('shop',)):
        self.guest.users[name] = {
            '_name': name,
            '_host': '%',
            '_password': 's3cret',
            '_databases': [{'_name': d} for d in databases],
        }

    def quoted(self, name, host=None):
        """The path of a user as python-troveclient writes it."""
        text = f'{name}@{host}' if host else name
        return f'{self.path}/{parse.quote(text).replace(".", "%2e")}'


class TestUsers(TestCase):
    def test_create(self):
        body = {
            'users': [
                {
                    'name': 'ann',
                    'password': 's3cret',
                    'databases': [{'name': 'shop'}],
                },
                {'name': 'bob', 'password': 's3cret', 'host': '%'},
            ]
        }

        response = self.post(self.path, body)

        self.assertEqual(202, response.status_code, response.text)
        shown = self.get(self.path)
        self.assertEqual(
            [
                {'name': 'ann', 'host': '%', 'databases': [{'name': 'shop'}]},
                {'name': 'bob', 'host': '%', 'databases': []},
            ],
            shown.json['users'],
        )
        self.assertNotIn('s3cret', shown.text + self.logs.output)

    def test_create_as_openstacksdk_asks(self):
        body = {'users': {'name': 'ann', 'password': 's3cret'}}

        response = self.post(f'{self.path}/ann', body)

        self.assertEqual(202, response.status_code, response.text)
        self.assertIn('ann', self.guest.users)

    def test_create_with_two_names(self):
        body = {'users': {'name': 'bob', 'password': 's3cret'}}

        response = self.post(f'{self.path}/ann', body)

        self.assert_refused(response, 'ann', 'bob')

    def test_odd_names_go_there_and_back(self):
        for name in (*test_databases.ODD, 'me@example.org', '@x'):
            body = {'users': [{'name': name, 'password': 'pw'}]}
            created = self.post(self.path, body)
            self.assertEqual(202, created.status_code, (name, created.text))
            path = f'{self.path}/{parse.quote(name, safe="")}'
            shown = self.get(path)
            self.assertEqual(200, shown.status_code, (name, shown.text))
            self.assertEqual(name, shown.json['user']['name'])
            self.assertEqual(202, self.delete(path).status_code)
            self.assertEqual({}, self.guest.users)

    def test_names_that_are_refused(self):
        for name in (
            '',
            ' ',
            'x' * 64,
            'a\x00b',
            'postgres',
            'OS_ADMIN',
            'root',
            'pg_signal_backend',
            'os_admin_heir_1',
            'a@%',
            'a/b',
            'public',
            None,
        ):
            body = {'users': [{'name': name, 'password': 's3cret'}]}
            message = self.assert_refused(self.post(self.path, body))
            self.assertNotIn('s3cret', message)
        self.assertNotIn('create_user', self.transport.methods())

    def test_bodies_that_are_refused(self):
        user = {'name': 'ann', 'password': 's3cret'}
        for body in (
            {},
            {'users': []},
            {'users': user},
            {'users': ['ann']},
            {'users': [{'name': 'ann'}]},
            {'users': [{**user, 'password': ''}]},
            {'users': [{**user, 'password': None}]},
            {'users': [{**user, 'password': 'x' * 256}]},
            {'users': [{**user, 'host': 'a b'}]},
            {'users': [{**user, 'host': '192.0.2.1'}]},
            {'users': [{**user, 'databases': ['shop']}]},
            {'users': [{**user, 'databases': [{'name': 'nowhere'}]}]},
            {'users': [{**user, 'databases': [{'name': 'postgres'}]}]},
            {'users': [{**user, 'superuser': True}]},
            {'users': [user, user]},
        ):
            message = self.assert_refused(self.post(self.path, body))
            self.assertNotIn('s3cret', message)
        self.assertNotIn('create_user', self.transport.methods())

    def test_one_that_exists(self):
        self.add('ann')

        response = self.post(
            self.path, {'users': [{'name': 'ann', 'password': 'pw'}]}
        )

        self.assert_refused(response, 'ann', 'exists')

    def test_show(self):
        self.add('a.b')
        for path in (self.quoted('a.b'), self.quoted('a.b', '%')):
            response = self.get(path)

            self.assertEqual(
                {
                    'user': {
                        'name': 'a.b',
                        'host': '%',
                        'databases': [{'name': 'shop'}],
                    }
                },
                response.json,
            )

    def test_delete(self):
        self.add('ann')

        response = self.delete(self.quoted('ann'))

        self.assertEqual(202, response.status_code)
        self.assertEqual({}, self.guest.users)

    def test_unknown_ones_and_the_systems(self):
        for name in ('postgres', 'os_admin'):
            self.add(name)
        for name in ('nobody', 'postgres', 'os_admin', 'x' * 300):
            path = self.quoted(name)
            responses = (
                self.get(path),
                self.delete(path),
                self.put(path, {'user': {'password': 'pw'}}),
                self.get(f'{path}/databases'),
                self.put(
                    f'{path}/databases', {'databases': [{'name': 'shop'}]}
                ),
                self.delete(f'{path}/databases/shop'),
            )
            for response in responses:
                self.assert_fault(response, 404, 'itemNotFound')
        self.assertEqual(
            {'get_user', 'delete_user'}, set(self.transport.methods())
        )
        self.assertEqual(
            ['nobody'],
            [
                arguments['user']['_name']
                for method, _, arguments in self.transport.sent
                if method == 'delete_user'
            ],
        )

    def test_what_an_interrupted_deletion_has_left_can_be_deleted(self):
        # Given a user whom the guest does not list any more.
        self.add('ann')
        self.guest.hidden.add('ann')

        response = self.delete(self.quoted('ann'))

        self.assert_fault(response, 404, 'itemNotFound', 'ann')
        self.assertEqual({}, self.guest.users)

    def test_update(self):
        self.add('ann')

        response = self.put(
            self.quoted('ann'), {'user': {'name': 'eve', 'password': 'new'}}
        )

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('new', self.guest.users['eve']['_password'])

    def test_update_that_is_refused(self):
        self.add('ann')
        self.add('bob')
        for user in (
            {},
            None,
            {'name': 'bob'},
            {'name': 'postgres'},
            {'name': 'x' * 64},
            {'host': '192.0.2.1'},
            {'password': ''},
            {'databases': []},
        ):
            response = self.put(self.quoted('ann'), {'user': user})

            self.assert_refused(response)
        self.assertNotIn('update_attributes', self.transport.methods())

    def test_change_passwords(self):
        self.add('ann')
        self.add('bob')
        body = {
            'users': [
                {'name': 'ann', 'password': 'one'},
                {'name': 'bob', 'password': 'two', 'host': '%'},
            ]
        }

        response = self.put(self.path, body)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('one', self.guest.users['ann']['_password'])
        self.assertEqual('two', self.guest.users['bob']['_password'])

    def test_change_passwords_of_one_that_is_not_there(self):
        self.add('ann')
        body = {
            'users': [
                {'name': 'ann', 'password': 'one'},
                {'name': 'bob', 'password': 'two'},
            ]
        }

        response = self.put(self.path, body)

        self.assert_fault(response, 404, 'itemNotFound', 'bob')
        self.assertEqual('s3cret', self.guest.users['ann']['_password'])

    def test_a_guest_whose_list_has_no_end(self):
        # Given a guest that somebody has taken over
        pages = []

        def list_users(limit=None, marker=None, include_marker=False):
            pages.append(marker)
            return [{'_name': 'x' * 4000000}] * 2, f'm{len(pages)}'

        self.guest.list_users = list_users

        response = self.post(
            self.path, {'users': [{'name': 'bob', 'password': 'two'}]}
        )

        self.assert_fault(response, 500, 'instanceFault', 'has no end')
        self.assertEqual(5, len(pages))

    def test_a_guest_that_lists_what_has_no_name(self):
        self.guest.list_users = lambda *_, **__: ([{'_name': 7}], None)

        response = self.post(
            self.path, {'users': [{'name': 'bob', 'password': 'two'}]}
        )

        self.assert_fault(response, 500, 'instanceFault', 'has no name')

    def test_pages(self):
        self.config(users_page_size=2)
        for name in ('a', 'b@c', 'd'):
            self.add(name)

        first = self.get(self.path)
        query = first.json['links'][0]['href'].partition('?')[2]
        second = self.get(self.path, query_string=query)

        names = [
            [user['name'] for user in response.json['users']]
            for response in (first, second)
        ]
        self.assertEqual([['a', 'b@c'], ['d']], names)


class TestGrants(TestCase):
    def setUp(self):
        super().setUp()
        self.add('a.b')
        self.grants = self.quoted('a.b') + '/databases'

    def test_list(self):
        response = self.get(self.grants)

        self.assertEqual({'databases': [{'name': 'shop'}]}, response.json)

    def test_grant_and_revoke(self):
        granted = self.put(
            self.grants, {'databases': [{'name': 'blog'}, {'name': 'blog'}]}
        )
        listed = self.get(self.grants)
        revoked = self.delete(f'{self.grants}/shop')

        self.assertEqual(202, granted.status_code, granted.text)
        self.assertEqual(
            [{'name': 'shop'}, {'name': 'blog'}], listed.json['databases']
        )
        self.assertEqual(202, revoked.status_code, revoked.text)
        self.assertEqual(
            [{'_name': 'blog'}], self.guest.users['a.b']['_databases']
        )

    def test_grant_of_a_database_that_is_not_there(self):
        for name in ('nowhere', 'postgres'):
            response = self.put(self.grants, {'databases': [{'name': name}]})

            self.assert_fault(response, 404, 'itemNotFound', name)

    def test_grant_that_is_refused(self):
        for body in ({}, {'databases': []}, {'databases': ['shop']}):
            self.assert_refused(self.put(self.grants, body))

    def test_revoke_what_was_not_granted(self):
        response = self.delete(f'{self.grants}/blog')

        self.assert_fault(response, 404, 'itemNotFound', 'blog')
