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
)


class CheckTest(base.TestCase):
    def test_what_is_taken(self) -> None:
        for name, value in (
            ('max_connections', 1),
            ('max_connections', 262143),
            ('work_mem', 2**40),
            ('work_mem', '64MB'),
            ('random_page_cost', 1),
            ('random_page_cost', 1.5),
            ('DateStyle', ''),
            ('DateStyle', 'ISO, DMY'),
            ('jit', False),
        ):
            with self.subTest(f'{name} {value}'):
                found = POSTGRESQL.check(PARAMETERS, {name: value})

                self.assertEqual({name: value}, found)

    def test_names_are_those_of_the_rules(self) -> None:
        self.assertEqual(
            {'DateStyle': 'ISO'},
            POSTGRESQL.check(PARAMETERS, {'datestyle': 'ISO'}),
        )

    def test_what_is_refused(self) -> None:
        for name, value, words in (
            ('max_connections', 0, 'value 0; it must be an integer from 1'),
            ('max_connections', 262144, 'to 262143'),
            ('max_connections', True, 'value true'),
            ('max_connections', '10', 'value "10"'),
            ('max_connections', 1.5, 'an integer'),
            ('max_connections', None, 'value null'),
            ('work_mem', 63, 'an integer of at least 64'),
            ('work_mem', 'plenty', '"64MB"'),
            ('random_page_cost', float('inf'), 'a number from 0 to 100'),
            ('DateStyle', 7, 'a string'),
            ('DateStyle', 'x' * 129, 'at most 128 characters'),
            ('DateStyle', 'a\nb', 'a line'),
            ('DateStyle', ['x'], 'a string'),
            ('jit', 1, 'true or false'),
            ('jit', 'on', 'true or false.'),
            ('port', 1, 'reserved for Trove'),
            ('nosuch', 1, 'is unknown'),
        ):
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

        self.assertTrue(str(error).endswith('of at least 64.'), str(error))

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
