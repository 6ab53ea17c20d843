# SPDX-License-Identifier: Apache-2.0

from trove.common import exception
from trove.db import session
from trove.tests import base

_SECRET = 'XYZZY'


class TestUrls(base.TestCase):
    """Given a URL with a secret, of which nothing may be told."""

    def complaint(self, url, option='connection'):
        self.config(connection='sqlite://', group='database')
        self.config(group='database', **{option: url})
        error = self.assertRaises(
            exception.ConfigurationError, session.configure, self.conf
        )
        text = str(error)
        self.assertIn(f'[database] {option}', text)
        for part in (_SECRET, _SECRET[:3], _SECRET[-3:], '12345'):
            self.assertNotIn(part, text, url)
        self.assertIsNone(error.__cause__)
        self.assertTrue(error.__suppress_context__ or not error.__context__)
        return text

    def test_what_a_password_breaks_names_the_remedy(self):
        for password in ('XY@ZZY', 'XYZ@ZY/1', '@XYZZY', 'XYZZY@', 'X@Y/Z@Y'):
            for scheme in ('postgresql+psycopg', 'mysql+pymysql'):
                url = f'{scheme}://trove:{password}@127.0.0.1:1/trove'
                for option in ('connection', 'slave_connection'):
                    self.assertIn('%40', self.complaint(url, option))

    def test_what_is_no_url_of_a_database(self):
        for url, text in (
            (f'trove:{_SECRET}@127.0.0.1/trove', 'not a valid URL'),
            (_SECRET, 'not a valid URL'),
            (f'mysql+pymysql:/trove:{_SECRET}@h/trove', 'not a valid URL'),
            (f'mysql+pymysql://trove:{_SECRET}@h:abc/trove', 'port'),
            (f'mysql+pymysql://trove:{_SECRET}@h:12345678/trove', 'port'),
            (f'mysqll://trove:{_SECRET}@h/trove', "'mysqll'"),
            (f'postgres://trove:{_SECRET}@h/trove', "'postgres'"),
            (f'mysql+mysqlconnector://t:{_SECRET}@h/t', 'not installed'),
            (f'mysql+pymysql://t:{_SECRET}@h/t?read_timeout=x', 'parameters'),
            (f'sqlite://t:{_SECRET}@h/trove', 'sqlite:///'),
        ):
            self.assertIn(text, self.complaint(url), url)

    def test_what_can_be_looked_for(self):
        for url in (
            'sqlite://',
            'sqlite:////var/lib/a@b.sqlite',
            'mysql+pymysql://t:a%40b%2Fc@h/trove?charset=utf8mb4',
            'mysql+pymysql://t:p@/trove?unix_socket=/run/mysqld.sock',
            'postgresql+psycopg://t:p@[::1]:5432/trove',
            'postgresql+psycopg://t:p@/trove?host=h1:1&host=h2:2',
            'postgresql+psycopg:///trove?host=/run/postgresql',
        ):
            self.config(connection=url, group='database')
            session.configure(self.conf)
            session.dispose()
