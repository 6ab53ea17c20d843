# SPDX-License-Identifier: Apache-2.0
"""Values of parameters, held against the rules."""

from __future__ import annotations

from trove.common import datastores
from trove.common import exception
from trove.common.datastores import settings
from trove.tests import base

POSTGRESQL = datastores.rules('postgresql').settings
OTHER = datastores.rules('another-datastore').settings

PARAMETERS = (
    settings.Parameter('max_connections', 'integer', True, 1, 262143),
    settings.Parameter('work_mem', 'integer', False, 64),
    settings.Parameter('random_page_cost', 'float', False, 0, 100),
    settings.Parameter('DateStyle', 'string'),
    settings.Parameter('jit', 'boolean'),
    settings.Parameter('wal_level', 'string', True),
    settings.Parameter('huge_pages', 'string', True),
    settings.Parameter('shared_buffers', 'integer', True, 16, 1073741823),
    settings.Parameter('vacuum_cost_delay', 'float', False, 0, 100),
    # As the rules of release 26.0 have it.
    settings.Parameter('checkpoint_timeout', 'string'),
)

#: What is not taken, and what the error says.
REFUSED = (
    ('max_connections', 0, 'value 0; it must be an integer from 1'),
    ('max_connections', 262144, 'to 262143'),
    ('max_connections', True, 'value true'),
    ('max_connections', '10', 'value "10"'),
    ('max_connections', 1.5, 'an integer'),
    ('max_connections', None, 'value null'),
    ('work_mem', 63, 'an integer from 64 to 2147483647, in units'),
    ('work_mem', 2**31, 'to 2147483647'),
    ('work_mem', 10**400, 'to 2147483647'),
    ('work_mem', -(10**400), 'from 64'),
    ('work_mem', 'plenty', '"64MB"'),
    ('work_mem', '', '"64MB"'),
    ('work_mem', '1e400', '"64MB"'),
    ('work_mem', '64MX', 'units B, kB, MB, GB or TB, such as "64MB"'),
    ('work_mem', '64mb', 'units B, kB, MB, GB or TB'),
    ('work_mem', '64kb', 'units B, kB, MB, GB or TB'),
    ('work_mem', '5s', 'units B, kB, MB, GB or TB'),
    ('work_mem', '64MB\n', '"64MB"'),
    ('work_mem', '64MB\0', '"64MB"'),
    ('work_mem', '-64MB', 'from 64'),
    ('work_mem', '9' * 128 + 'kB', 'to 2147483647'),
    ('work_mem', ['64MB'], 'an integer'),
    ('work_mem', {'MB': 64}, 'an integer'),
    ('work_mem', False, 'an integer'),
    ('shared_buffers', '64MX', 'in units of 8kB, or a string with'),
    ('shared_buffers', '100kB', 'from 16'),
    ('shared_buffers', '64TB', 'to 1073741823'),
    ('vacuum_cost_delay', '1s', 'us, ms, s, min, h or d'),
    ('checkpoint_timeout', '5 minutes', '"5s"'),
    ('checkpoint_timeout', 300, 'a string with an integer from'),
    ('wal_level', 'nonsense', 'one of minimal, replica, logical.'),
    ('wal_level', '', 'one of minimal, replica, logical.'),
    ('wal_level', 'on', 'one of minimal, replica, logical.'),
    ('wal_level', 'replica\n', 'one of minimal, replica, logical.'),
    ('wal_level', True, 'one of minimal, replica, logical.'),
    ('max_connections', '100MB', 'to 262143, without quotes.'),
    ('random_page_cost', float('inf'), 'a number from 0 to 100'),
    ('DateStyle', 7, 'a string'),
    ('DateStyle', 'x' * 129, 'at most 128 characters'),
    ('DateStyle', 'a\nb', 'a line'),
    ('DateStyle', ['x'], 'a string'),
    ('jit', 1, 'true or false'),
    ('jit', 'on', 'true or false, without quotes.'),
    ('jit', '1', 'true or false, without quotes.'),
    ('jit', ' true', 'true or false, without quotes.'),
    ('jit', '', 'true or false, without quotes.'),
    ('max_connections', 'true', 'value "true"'),
    ('port', 1, 'reserved for Trove'),
    ('nosuch', 1, 'is unknown'),
)


class CheckTest(base.TestCase):
    def test_what_is_taken(self) -> None:
        for name, value in (
            ('max_connections', 1),
            ('max_connections', 262143),
            ('work_mem', 2**31 - 1),
            ('work_mem', '64MB'),
            ('work_mem', '1.5 GB'),
            ('work_mem', '100'),
            ('work_mem', '0x4000'),
            ('work_mem', ' 64  MB'),
            ('work_mem', '2147483647.4'),
            ('shared_buffers', '128kB'),
            ('shared_buffers', '2TB'),
            ('vacuum_cost_delay', '1500us'),
            ('checkpoint_timeout', '5min'),
            ('checkpoint_timeout', '300'),
            ('wal_level', 'logical'),
            ('wal_level', 'Replica'),
            ('huge_pages', 'false'),
            ('random_page_cost', 1),
            ('random_page_cost', 1.5),
            ('DateStyle', ''),
            ('DateStyle', 'ISO, DMY'),
            ('jit', False),
        ):
            with self.subTest(f'{name} {value}'):
                found = POSTGRESQL.check(PARAMETERS, {name: value})

                self.assertEqual({name: value}, found)

    def test_booleans_are_taken_as_trove_dashboard_quotes_them(self) -> None:
        for text, value in (
            ('true', True),
            ('True', True),
            ('false', False),
            ('False', False),
            ('FALSE', False),
        ):
            found = POSTGRESQL.check(PARAMETERS, {'jit': text})

            self.assertEqual({'jit': value}, found)
            self.assertIs(value, found['jit'])

    def test_names_are_those_of_the_rules(self) -> None:
        self.assertEqual(
            {'DateStyle': 'ISO'},
            POSTGRESQL.check(PARAMETERS, {'datestyle': 'ISO'}),
        )

    def test_what_is_refused(self) -> None:
        for name, value, words in REFUSED:
            with self.subTest(f'{name} {value}'):
                error = self.assertRaises(
                    exception.Unprocessable,
                    POSTGRESQL.check,
                    PARAMETERS,
                    {name: value},
                )

                self.assertIn(name, str(error))
                self.assertIn(words, str(error))

    def test_units_are_for_those_who_know_them(self) -> None:
        error = self.assertRaises(
            exception.Unprocessable,
            OTHER.check,
            PARAMETERS,
            {'work_mem': '64MB'},
        )

        self.assertIn('an integer of at least 64, without', str(error))

    def test_a_parameter_given_twice(self) -> None:
        error = self.assertRaises(
            exception.Unprocessable,
            POSTGRESQL.check,
            PARAMETERS,
            {'jit': True, 'JIT': False},
        )

        self.assertIn('twice', str(error))

    def test_no_rules(self) -> None:
        error = self.assertRaises(
            exception.Unprocessable, OTHER.check, (), {'jit': True}
        )

        self.assertIn('trove-manage', str(error))


class StoredTest(base.TestCase):
    def test_values_come_back(self) -> None:
        for parameter, value, text in (
            (PARAMETERS[0], 100, '100'),
            (PARAMETERS[1], '64MB', '64MB'),
            (PARAMETERS[1], '010000', '010000'),
            (PARAMETERS[1], ' 64', ' 64'),
            (PARAMETERS[2], 1.5, '1.5'),
            (PARAMETERS[3], 'ISO', 'ISO'),
            (PARAMETERS[4], True, '1'),
            (PARAMETERS[4], False, '0'),
        ):
            stored = settings.store(value)

            self.assertEqual(text, stored)
            self.assertEqual(value, parameter.read(stored))

    def test_what_cannot_be_a_parameter(self) -> None:
        for arguments, words in (
            (('x', 'list'), 'boolean, float, integer, string'),
            (('x', 'integer', False, 2, 1), 'above its maximum'),
        ):
            error = self.assertRaises(
                exception.BadRequest, settings.Parameter, *arguments
            )

            self.assertIn(words, str(error))
