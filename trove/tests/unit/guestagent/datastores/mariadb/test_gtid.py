# SPDX-License-Identifier: Apache-2.0
"""Positions of MariaDB."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.common import exception
from trove.guestagent.datastores.mariadb import gtid
from trove.guestagent.datastores.mysql_common import gtid as common
from trove.tests import base


def row(**changes: Any) -> dict[str, Any]:
    return {
        'Slave_IO_Running': 'Yes',
        'Slave_SQL_Running': 'Yes',
        'Slave_IO_State': 'Waiting for master to send event',
        'Last_IO_Errno': 0,
        'Last_IO_Error': '',
        'Last_SQL_Error': '',
        'Gtid_IO_Pos': '0-1-5,\n1-2-7',
        'Seconds_Behind_Master': 3,
    } | changes


class PositionTest(base.TestCase):
    dialect = gtid.Dialect()

    def test_errant_transactions_are_noticed(self) -> None:
        for own, primary, errant in (
            ('', '', ''),
            ('0-1-5', '0-1-5', ''),
            ('0-1-5', '0-2-9,1-1-1', ''),
            ('0-1-6', '0-1-5', '0-1-6'),
            ('0-2-5', '0-1-5', '0-2-5'),
            ('0-1-5,3-1-1', '0-1-5', '3-1-1'),
        ):
            found = self.dialect.errant(mock.Mock(), own, primary)
            self.assertEqual(errant, found, (own, primary))

    def test_what_is_applied(self) -> None:
        connection = mock.Mock(execute=lambda _: [('0-1-5,1-2-7',)])
        for position, applied in (
            ('', True),
            ('0-1-5', True),
            ('0-3-4,1-2-7', True),
            ('0-1-6', False),
            ('2-1-1', False),
        ):
            self.assertEqual(
                applied, self.dialect.has(connection, position), position
            )

    def test_the_position_of_a_copy_is_the_last_that_it_has(self) -> None:
        for applied, written, found in (
            ('', '', ''),
            (None, '0-1-5', '0-1-5'),
            ('0-1-5', '', '0-1-5'),
            ('0-1-5,3-1-1', '0-2-6,1-2-7', '0-2-6,3-1-1,1-2-7'),
            ('0-3-8', '0-2-6', '0-3-8'),
        ):
            rows = [(applied, written)]
            connection = mock.Mock(execute=mock.Mock(return_value=rows))
            self.assertEqual(found, self.dialect.inherited(connection))

    def test_what_is_no_position(self) -> None:
        for wrong in ('x', '0-1', '0-1-2;', "0-1-2' --"):
            self.assertRaises(exception.BadRequest, gtid.parse, wrong)

    def test_more_transactions_count_more(self) -> None:
        self.assertEqual(0, self.dialect.count(''))
        self.assertEqual(12, self.dialect.count('0-1-5,1-2-7'))


class StatusTest(base.TestCase):
    def status(self, found: dict[str, Any] | None) -> common.Status | None:
        return gtid.Dialect().status(mock.Mock(row=lambda _: found))

    def test_nobody_is_followed(self) -> None:
        self.assertIsNone(self.status(None))

    def test_it_follows(self) -> None:
        self.assertEqual(
            common.Status(True, '0-1-5,1-2-7', '', lag=3), self.status(row())
        )

    def test_it_may_follow_soon(self) -> None:
        for changes in (
            {'Slave_IO_Running': 'Connecting'},
            {'Slave_IO_State': 'Requesting binlog dump'},
            {'Slave_SQL_Running': 'No'},
        ):
            found = self.status(row(**changes))
            self.assertEqual((False, ''), (found.follows, found.error))

    def test_it_does_not_follow(self) -> None:
        found = self.status(
            row(
                Slave_IO_Running='No',
                Last_IO_Errno=1236,
                Last_IO_Error='not in the log',
                # Of a thread that runs again.
                Last_SQL_Error='of before',
            )
        )
        self.assertEqual(
            (False, 'not in the log', True),
            (found.follows, found.error, found.differs),
        )
