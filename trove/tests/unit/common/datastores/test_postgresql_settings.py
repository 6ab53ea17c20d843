# SPDX-License-Identifier: Apache-2.0
"""Parameters of PostgreSQL."""

from __future__ import annotations

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.common.datastores import settings
from trove.tests import base

POSTGRESQL = datastores.rules('postgresql').settings

CATALOGUE = (
    ('max_connections', 'postmaster', 'INTEGER', '0', '1', '262143'),
    ('random_page_cost', 'user', 'REAL', '0', '0', '1.79769e+308'),
    ('DateStyle', 'user', 'STRING', 'ISO, MDY', '', ''),
    ('wal_level', 'postmaster', 'ENUM', 'replica', '', ''),
    ('jit', 'superuser', 'BOOLEAN', 'FALSE', '', ''),
    ('block_size', 'internal', 'INTEGER', '0', '8192', '8192'),
    ('archive_command', 'sighup', 'STRING', '', '', ''),
    ('ssl_key_file', 'sighup', 'STRING', 'server.key', '', ''),
)


def printed(rows=CATALOGUE):
    """Return lines as ``postgres --describe-config`` prints them."""
    return ''.join(
        f'{name}\t{context}\tSome / Group\t{kind}\t{default}\t{low}\t{high}'
        '\tText.\tMore.\n'
        for name, context, kind, default, low, high in rows
    )


class CatalogueTest(base.TestCase):
    def test_a_catalogue_becomes_rules(self) -> None:
        found = POSTGRESQL.read_catalogue(printed())

        self.assertEqual(
            [
                settings.Parameter(
                    'max_connections', 'integer', True, 1, 262143
                ),
                settings.Parameter(
                    'random_page_cost', 'float', False, 0, 1.79769e308
                ),
                settings.Parameter('DateStyle', 'string'),
                settings.Parameter('wal_level', 'string', True),
                settings.Parameter('jit', 'boolean'),
            ],
            found,
        )

    def test_what_is_no_catalogue(self) -> None:
        for text in ('{}', printed().replace('\t', ' ')):
            error = self.assertRaises(
                exception.BadRequest, POSTGRESQL.read_catalogue, text
            )

            self.assertIn('--describe-config', str(error))

    def test_what_trove_keeps_for_itself(self) -> None:
        for name in (
            'port',
            'SSL_key_file',
            'restore_command',
            'data_directory',
            'log_directory',
            'stats_temp_directory',
            'jit_provider',
            'db_user_namespace',
            'primary_conninfo',
            'ssl',
        ):
            self.assertTrue(POSTGRESQL.is_denied(name), name)
        for name in ('work_mem', 'max_connections', 'DateStyle'):
            self.assertFalse(POSTGRESQL.is_denied(name), name)


class ChoiceTest(base.TestCase):
    #: What the server takes, though it does not list it among the choices.
    TAKEN = (
        ('log_min_messages', 'debug'),
        ('log_min_error_statement', 'DEBUG'),
        ('client_min_messages', 'debug'),
        ('client_min_messages', 'info'),
        ('icu_validation_level', 'debug'),
        ('icu_validation_level', 'info'),
        ('wal_level', 'archive'),
        ('wal_level', 'hot_standby'),
        ('synchronous_commit', 'true'),
        ('wal_compression', 'yes'),
        ('huge_pages', '0'),
    )
    REFUSED = (
        ('client_min_messages', 'fatal'),
        ('session_replication_role', 'hot_standby'),
        ('synchronous_commit', 't'),
        ('xmlbinary', 'true'),
    )

    def test_choices_that_are_not_listed(self) -> None:
        for name, value in self.TAKEN:
            rule = settings.Parameter(name, 'string')

            self.assertEqual(
                {name: value}, POSTGRESQL.check([rule], {name: value})
            )
            self.assertNotIn(value, POSTGRESQL.complete(rule).wanted.split())

    def test_others_are_refused(self) -> None:
        for name, value in self.REFUSED:
            self.assertRaises(
                exception.Unprocessable,
                POSTGRESQL.check,
                [settings.Parameter(name, 'string')],
                {name: value},
            )


class SizingTest(base.TestCase):
    def test_memory_is_divided(self) -> None:
        self.assertEqual(
            {
                'max_connections': 102,
                'shared_buffers': '256MB',
                'effective_cache_size': '640MB',
                'work_mem': '5140kB',
                'maintenance_work_mem': '64MB',
            },
            postgresql_settings.memory(1024),
        )

    def test_it_never_plans_with_more_than_there_is(self) -> None:
        for memory in (64, 128, 512, 2048, 65536, 1024 * 1024):
            found = postgresql_settings.memory(memory)
            shared = int(found['shared_buffers'].removesuffix('MB'))
            work = int(found['work_mem'].removesuffix('kB'))
            sessions = work * found['max_connections'] / 1024
            self.assertLessEqual(shared + sessions, memory * 1.1)

    def test_the_log_is_a_part_of_the_volume(self) -> None:
        for size, largest, smallest in (
            (1, '102MB', '80MB'),
            (20, '2048MB', '80MB'),
            (1000, '4096MB', '80MB'),
        ):
            found = postgresql_settings.volume(size * 1024**3)
            self.assertEqual(largest, found['max_wal_size'])
            self.assertEqual(smallest, found['min_wal_size'])
