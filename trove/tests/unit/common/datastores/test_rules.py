# SPDX-License-Identifier: Apache-2.0

from trove.common import datastores
from trove.common import exception
from trove.tests import base

POSTGRESQL = datastores.rules('postgresql')
OTHER = datastores.rules('another-datastore')


class TestNames(base.TestCase):
    def refused(self, check, *arguments, **more):
        error = self.assertRaises(
            exception.BadRequest, check, *arguments, **more
        )
        return str(error)

    def test_what_postgresql_takes(self):
        for name in ('a', 'x' * 63, '"; --', 'é' * 31, 'a/b', '..'):
            self.assertEqual(name, POSTGRESQL.check_database(name))
            self.assertEqual(name, POSTGRESQL.check_user(name))

    def test_what_no_datastore_takes(self):
        for name, words in (
            ('', 'missing'),
            (None, 'missing'),
            (7, 'missing'),
            ('a\0b', 'U+0000'),
            ('\ud800', 'Unicode'),
            ('x' * 256, '255 bytes'),
        ):
            self.assertIn(words, self.refused(OTHER.check_database, name))
            self.assertIn(words, self.refused(OTHER.check_user, name))

    def test_names_of_the_server_and_of_trove(self):
        for name in ('postgres', 'Template0', 'OS_ADMIN'):
            self.assertIn(name, self.refused(POSTGRESQL.check_database, name))
        for name in ('root', 'public', 'PG_x', 'os_admin_heir_1', 'Postgres'):
            self.assertIn(name, self.refused(POSTGRESQL.check_user, name))

    def test_what_sql_has_made_can_be_deleted(self):
        self.assertEqual(
            'Postgres', POSTGRESQL.check_database('Postgres', new=False)
        )
        self.assertEqual('PG_x', POSTGRESQL.check_user('PG_x', new=False))
        self.refused(POSTGRESQL.check_database, 'postgres', new=False)
        self.refused(POSTGRESQL.check_user, 'pg_x', new=False)
        self.refused(POSTGRESQL.check_user, 'root', new=False)

    def test_an_operator_reserves_more(self):
        rules = datastores.rules('postgresql', ['billing'], ['Auditor'])

        self.refused(rules.check_database, 'Billing')
        self.refused(rules.check_user, 'auditor')
        self.refused(rules.check_user, 'Auditor', new=False)
        POSTGRESQL.check_database('billing')

    def test_hosts(self):
        for host in (None, '', '%'):
            self.assertEqual('%', POSTGRESQL.check_host('ann', host))
            self.assertEqual('%', OTHER.check_host('ann', host))
        self.assertEqual('::1', OTHER.check_host('ann', '::1'))
        self.assertIn(
            'no hosts', self.refused(POSTGRESQL.check_host, 'a', 'b')
        )
        for host in ('192.0.2.0/24', 'a@b', 'a b', 'x' * 256, 7):
            self.assertIn('ann', self.refused(OTHER.check_host, 'ann', host))

    def test_passwords(self):
        self.assertEqual('\'"\\ é', POSTGRESQL.check_password('\'"\\ é'))
        for password in ('', None, 'hush\0', 'hush\ud800'):
            text = self.refused(POSTGRESQL.check_password, password)
            self.assertNotIn('hush', text)


class TestEncodings(base.TestCase):
    def test_those_that_fit(self):
        for character_set, collate in (
            (None, None),
            ('utf8', None),
            ('UTF-8', 'C.UTF-8'),
            ('unicode', 'en_US.utf8'),
            (None, 'de_DE.UTF-8'),
            ('latin1', 'de_DE.ISO-8859-1'),
            ('ISO88591', 'C'),
            ('EUC_TW', 'POSIX'),
            ('KOI8R', 'ru_RU.KOI8-R'),
            ('SQL_ASCII', 'C.UTF-8'),
        ):
            POSTGRESQL.check_encoding('shop', character_set, collate)

    def test_those_that_do_not(self):
        for character_set, collate, words in (
            ('nosuch', None, '"nosuch"'),
            ('utf8mb4', None, 'Use one of'),
            ('BIG5', None, 'Use one of'),
            (None, 'nosuch', 'en_US.UTF-8'),
            ('utf8', 'utf8_general_ci', 'en_US.UTF-8'),
            (None, 'xx_YY.UTF-8', 'xx_YY.UTF-8'),
            (None, 'C.nosuch', 'C.nosuch'),
            (None, 'de_DE.ISO-8859-1', 'does not match'),
            ('LATIN1', 'C.UTF-8', 'does not match'),
            ('EUC_TW', 'zh_TW.UTF-8', 'does not match'),
        ):
            error = self.assertRaises(
                exception.BadRequest,
                POSTGRESQL.check_encoding,
                'shop',
                character_set,
                collate,
            )
            self.assertIn('"shop"', str(error))
            self.assertIn(words, str(error))

    def test_of_other_datastores_nothing_is_known(self):
        OTHER.check_encoding('shop', 'utf8mb4', 'utf8mb4_bin')
