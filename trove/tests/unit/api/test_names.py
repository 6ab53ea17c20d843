# SPDX-License-Identifier: Apache-2.0

from trove.api import names
from trove.common import exception
from trove.tests import base

POSTGRESQL = names.rules('postgresql')
OTHER = names.rules('another-datastore')


class TestSplitUser(base.TestCase):
    def test_where_users_have_hosts(self):
        for text, expected in (
            ('ann', ('ann', '%')),
            ('ann@%', ('ann', '%')),
            ('ann@192.0.2.1', ('ann', '192.0.2.1')),
            ('me@example.org@192.0.2.1', ('me@example.org', '192.0.2.1')),
            ('ann@', ('ann', '%')),
            ('@', ('@', '%')),
        ):
            self.assertEqual(expected, names.split_user(OTHER, text))

    def test_where_users_have_none(self):
        for text, expected in (
            ('ann', ('ann', '%')),
            ('ann@%', ('ann', '%')),
            ('me@example.org', ('me@example.org', '%')),
            ('me@example.org@%', ('me@example.org', '%')),
            ('ann@', ('ann@', '%')),
        ):
            self.assertEqual(expected, names.split_user(POSTGRESQL, text))


class TestRules(base.TestCase):
    def test_a_host_where_users_have_hosts(self):
        self.assertEqual(
            ('ann', '192.0.2.1'), names.check_user(OTHER, 'ann', '192.0.2.1')
        )

    def test_a_host_where_users_have_none(self):
        error = self.assertRaises(
            exception.BadRequest,
            names.check_user,
            POSTGRESQL,
            'ann',
            '192.0.2.1',
        )

        self.assertIn('no hosts', str(error))

    def test_length_is_counted_in_bytes(self):
        self.assertEqual('ü' * 31, names.check_database(POSTGRESQL, 'ü' * 31))
        for name in ('x' * 64, 'ü' * 32, '\U0001f418' * 16):
            error = self.assertRaises(
                exception.BadRequest, names.check_database, POSTGRESQL, name
            )
            self.assertIn('63 bytes', str(error))
        self.assertEqual('x' * 64, names.check_database(OTHER, 'x' * 64))

    def test_prefixes_of_the_server(self):
        self.assertRaises(
            exception.BadRequest, names.check_user, POSTGRESQL, 'PG_x', None
        )
        names.check_user(OTHER, 'pg_x', None)
        names.check_database(POSTGRESQL, 'pg_x')

    def test_nul(self):
        self.assertRaises(
            exception.BadRequest, names.check_database, OTHER, 'a\0b'
        )

    def test_the_same_name_with_two_hosts(self):
        ann = {'name': 'ann', 'password': 'pw'}

        _, users = names.check_new(OTHER, (), [{**ann, 'host': '::1'}, ann])

        self.assertEqual(['::1', '%'], [user['_host'] for user in users])
