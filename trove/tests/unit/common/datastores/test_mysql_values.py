# SPDX-License-Identifier: Apache-2.0
"""Choices of the parameters of MySQL and MariaDB."""

from __future__ import annotations

from trove.common import datastores
from trove.common.datastores import mysql_values
from trove.common.datastores import settings
from trove.tests import base


class ChoicesTest(base.TestCase):
    def test_each_choice_is_taken(self) -> None:
        for kind, known in (
            ('mysql', mysql_values.MYSQL),
            ('mariadb', mysql_values.MARIADB),
        ):
            rules = datastores.rules(kind).settings
            for name, choices in known.items():
                with self.subTest(f'{kind} {name}'):
                    parameter = settings.Parameter(name, 'string')

                    found = rules.complete(parameter)
                    self.assertEqual(choices, found.choices)
                    for value in choices:
                        self.assertTrue(rules.is_choice(choices, value))
