# SPDX-License-Identifier: Apache-2.0
"""Parameters of MySQL and MariaDB."""

from __future__ import annotations

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import mysql_settings
from trove.common.datastores import settings
from trove.tests import base

MARIADB = datastores.rules('mariadb').settings
MYSQL = datastores.rules('mysql').settings

_GIB = 1024**3

CATALOGUE = (
    ('MAX_CONNECTIONS', 'INT UNSIGNED', '10', '100000', 'NO', 'REQUIRED'),
    ('LONG_QUERY_TIME', 'DOUBLE', '0', '31536000', 'NO', 'REQUIRED'),
    ('SQL_MODE', 'SET', 'NULL', 'NULL', 'NO', 'REQUIRED'),
    ('BACK_LOG', 'BIGINT', '-1', '65535', 'YES', 'REQUIRED'),
    ('SKIP_SHOW_DATABASE', 'BOOLEAN', '\\N', '\\N', 'YES', 'NONE'),
    ('AUTOCOMMIT', 'BOOLEAN', '\\N', '\\N', 'NO', '\\N'),
    ('LAST_INSERT_ID', 'BIGINT UNSIGNED', '0', '9', 'NO', 'NULL'),
    ('SERVER_ID', 'INT UNSIGNED', '1', '4294967295', 'NO', 'REQUIRED'),
    ('SSL_KEY', 'VARCHAR', 'NULL', 'NULL', 'YES', 'REQUIRED'),
)


def printed(rows=CATALOGUE):
    """Return lines as ``mariadb --batch`` prints them, with more columns."""
    lines = [('GLOBAL_VALUE', *mysql_settings.COLUMNS)]
    lines += [('anything', *row) for row in rows]
    return ''.join('\t'.join(line) + '\n' for line in lines)


class CatalogueTest(base.TestCase):
    def test_a_catalogue_becomes_rules(self) -> None:
        found = MARIADB.read_catalogue(printed())

        self.assertEqual(
            [
                settings.Parameter(
                    'max_connections', 'integer', False, 10, 100000
                ),
                settings.Parameter(
                    'long_query_time', 'float', False, 0, 31536000
                ),
                settings.Parameter('sql_mode', 'string'),
                settings.Parameter('back_log', 'integer', True, -1, 65535),
                settings.Parameter('skip_show_database', 'boolean', True),
                settings.Parameter('autocommit', 'boolean'),
            ],
            found,
        )

    def test_what_is_no_catalogue(self) -> None:
        for text in (
            '',
            '{}',
            printed(()),
            printed().replace('\t', ' '),
            printed().partition('\n')[2],
            printed().replace('DOUBLE', 'COLOUR'),
            printed().replace('READ_ONLY', 'OTHER'),
        ):
            error = self.assertRaises(
                exception.BadRequest, MARIADB.read_catalogue, text
            )

            self.assertIn('SYSTEM_VARIABLES', str(error))

    def test_what_trove_keeps_for_itself(self) -> None:
        for name in (
            'datadir',
            'Server-ID',
            'log_bin',
            'log-bin-index',
            'init_file',
            # A replica carries it out with all privileges.
            'init_slave',
            'ft_stopword_file',
            'plugin_load_add',
            'ssl_key',
            'loose_server_id',
            'skip-log-bin',
            'wsrep_provider',
            'innodb_page_size',
        ):
            self.assertTrue(MARIADB.is_denied(name), name)
            self.assertTrue(MYSQL.is_denied(name), name)
        for name in ('max_connections', 'sql_mode', 'skip_show_database'):
            self.assertFalse(MARIADB.is_denied(name), name)


class ChoiceTest(base.TestCase):
    RULES = (
        settings.Parameter('key_buffer_size', 'integer', False, 0, 2**32),
        settings.Parameter('max_allowed_packet', 'integer'),
        settings.Parameter('delay_key_write', 'string'),
        settings.Parameter('query_cache_type', 'string'),
    )

    def test_choices_are_taken_by_name_and_by_number(self) -> None:
        for value in 'ALL', 'all', 'of', '2':
            given = {'delay_key_write': value}

            self.assertEqual(given, MARIADB.check(self.RULES, given))
            self.assertEqual(given, MYSQL.check(self.RULES, given))

    def test_what_is_refused(self) -> None:
        for name, value, words in (
            ('key_buffer_size', '64M', 'without quotes and suffix, such as '),
            ('key_buffer_size', '64m', 'such as 67108864.'),
            ('key_buffer_size', '64', 'such as 64.'),
            ('key_buffer_size', '64MB', '4294967296, without quotes.'),
            ('key_buffer_size', 2**33, 'an integer from 0 to 4294967296.'),
            ('max_allowed_packet', 2**64, 'to 18446744073709551615.'),
            ('delay_key_write', '3', 'one of OFF, ON, ALL.'),
            ('delay_key_write', 'OFFF', 'one of OFF, ON, ALL.'),
            ('delay_key_write', '', 'one of OFF, ON, ALL.'),
            ('delay_key_write', 'true', 'one of OFF, ON, ALL.'),
            ('query_cache_type', 'always', 'one of OFF, ON, DEMAND.'),
        ):
            with self.subTest(f'{name} {value}'):
                error = self.assertRaises(
                    exception.Unprocessable,
                    MARIADB.check,
                    self.RULES,
                    {name: value},
                )

                self.assertIn(words, str(error))


class TemplateTest(base.TestCase):
    def test_half_of_what_is_left_is_for_the_pool(self) -> None:
        for memory, pool, connections in (
            (64, '8M', 50),
            (512, '208M', 51),
            (4096, '2000M', 409),
        ):
            found = MARIADB.template(memory, 10 * _GIB)
            self.assertEqual(pool, found['innodb_buffer_pool_size'])
            self.assertEqual(connections, found['max_connections'])
            self.assertEqual('mysql-bin', found['log_bin'])

    def test_logs_are_a_small_part_of_the_volume(self) -> None:
        for size, redo, binlog in (
            (_GIB // 10, '16M', '16M'),
            (_GIB, '51M', '51M'),
            (1000 * _GIB, '512M', '512M'),
        ):
            found = mysql_settings.sizing(4096, size)
            self.assertEqual(redo, found['innodb_log_file_size'])
            self.assertEqual(binlog, found['max_binlog_size'])


class MySQLTest(base.TestCase):
    CATALOGUE = (
        ('max_connections', 'GLOBAL', 'Integer', '1', '100000', 'Text'),
        ('long_query_time', 'SESSION', 'Numeric', '0', '31536000', 'Text'),
        ('sql_mode', 'SESSION', 'Set', '', '', 'Text'),
        ('back_log', 'GLOBAL', 'Integer', '0', '65535', 'A\\nB'),
        ('autocommit', 'SESSION', 'Boolean', '', '', ''),
        ('binlog_row_image', 'SESSION', 'Enumeration', '', '', ''),
        ('init_connect', 'GLOBAL', 'String', '', '', ''),
        # Of a session, no option of the server, and Trove's own
        ('last_insert_id', 'SESSION_ONLY', 'Integer', '0', '9', ''),
        ('version_comment', 'GLOBAL', 'String', '', '', ''),
        ('mysqlx_port', 'GLOBAL', 'Integer', '1', '65535', ''),
        ('server_id', 'GLOBAL', 'Integer', '0', '4294967295', ''),
    )

    @staticmethod
    def printed(rows: tuple = CATALOGUE) -> str:
        lines = [(*mysql_settings.MYSQL_COLUMNS, 'DOCUMENTATION'), *rows]
        return ''.join('\t'.join(line) + '\n' for line in lines)

    def test_a_catalogue_becomes_rules(self) -> None:
        self.assertEqual(
            [
                settings.Parameter(
                    'max_connections', 'integer', False, 1, 100000
                ),
                settings.Parameter(
                    'long_query_time', 'float', False, 0, 31536000
                ),
                settings.Parameter('sql_mode', 'string'),
                settings.Parameter('back_log', 'integer', True, 0, 65535),
                settings.Parameter('autocommit', 'boolean'),
                settings.Parameter('binlog_row_image', 'string'),
                settings.Parameter('init_connect', 'string'),
            ],
            MYSQL.read_catalogue(self.printed()),
        )

    def test_what_is_no_catalogue(self) -> None:
        for text in (
            '',
            printed(),
            self.printed(()),
            self.printed().replace('Numeric', 'Colour'),
            self.printed().replace('MIN_VALUE', 'OTHER'),
        ):
            error = self.assertRaises(
                exception.BadRequest, MYSQL.read_catalogue, text
            )

            self.assertIn('variables_metadata', str(error))

    def test_small_servers_do_not_watch_themselves(self) -> None:
        small = MYSQL.template(512, 10 * _GIB)
        large = MYSQL.template(4096, 10 * _GIB)
        self.assertIs(False, small['performance_schema'])
        self.assertIs(True, large['performance_schema'])
        self.assertEqual('160M', small['innodb_buffer_pool_size'])
        self.assertEqual('256M', small['innodb_redo_log_capacity'])
        self.assertEqual('mysql-bin', small['log_bin'])
