# SPDX-License-Identifier: Apache-2.0
"""A database that fails for a moment is asked again, and no other."""

from __future__ import annotations

from unittest import mock

import fixtures
from oslo_db import exception as db_exception

from trove.common import exception
from trove.peers import retrying
from trove.tests import base


class RetryingTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MockPatch('oslo_db.api.time.sleep'))

    def failing(self, *errors: Exception) -> mock.Mock:
        return mock.Mock(side_effect=[*errors, 'done'], __name__='look')

    def test_an_error_that_passes(self) -> None:
        gone = exception.ServiceUnavailable(what='The database')
        look = self.failing(gone, db_exception.DBDeadlock())

        self.assertEqual('done', retrying.wrap(look, 2)('what'))
        self.assertEqual([mock.call('what')] * 3, look.call_args_list)

    def test_it_goes_on_failing(self) -> None:
        for retries in (0, 1, 2):
            errors = [db_exception.DBDeadlock() for _ in range(9)]
            look = self.failing(*errors)

            self.assertRaises(
                db_exception.DBDeadlock, retrying.wrap(look, retries)
            )

            self.assertEqual(1 + retries, look.call_count)

    def test_an_error_that_does_not_pass(self) -> None:
        look = self.failing(db_exception.DBDataError())

        self.assertRaises(db_exception.DBDataError, retrying.wrap(look, 5))

        look.assert_called_once()

    def test_who_is_being_stopped_does_not_go_on(self) -> None:
        look = self.failing(db_exception.DBDeadlock())

        self.assertRaises(
            db_exception.DBDeadlock,
            retrying.wrap(look, 5, lambda error: False),
        )

        look.assert_called_once()
