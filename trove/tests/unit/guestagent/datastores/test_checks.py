# SPDX-License-Identifier: Apache-2.0
"""Databases and users of an order, before any is created."""

from __future__ import annotations

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import checks
from trove.tests import base


class CheckTest(base.TestCase):
    rules = datastores.rules('postgresql')

    def test_one_bad_of_many_is_found(self) -> None:
        fine = {'_name': 'fine'}
        for check, wrong in (
            (checks.check_databases, {'_name': 'postgres'}),
            (checks.check_databases, {'_name': 'x', '_collate': 'klingon'}),
            (checks.check_users, {'_name': 'root'}),
            (checks.check_users, {'_name': 'x', '_host': '::1'}),
            (checks.check_users, {'_name': 'x', '_password': ''}),
            (
                checks.check_users,
                {'_name': 'x', '_databases': [{'_name': ''}]},
            ),
        ):
            check(self.rules, [fine])
            self.assertRaises(
                exception.BadRequest, check, self.rules, [fine, wrong]
            )

    def test_databases_of_the_system_are_not_there(self) -> None:
        checks.check_granted(self.rules, ['shop'])
        self.assertRaises(
            exception.DatabaseNotFound,
            checks.check_granted,
            self.rules,
            ['shop', 'postgres'],
        )
