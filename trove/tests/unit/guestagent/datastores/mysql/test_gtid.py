# SPDX-License-Identifier: Apache-2.0
"""Positions of MySQL."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.guestagent.datastores.mysql import gtid
from trove.guestagent.datastores.mysql_common import gtid as common
from trove.tests import base

_A = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
_B = '4e11fa47-71ca-11e1-9e33-c80aa9429562'


class DialectTest(base.TestCase):
    dialect = gtid.Dialect(lambda: (9, 7, 4))

    def test_transactions_are_counted(self) -> None:
        for position, count in (
            ('', 0),
            (f'{_A}:1', 1),
            (f'{_A}:1-5', 5),
            (f'{_A}:1-5:7:9-10', 8),
            (f'{_A}:1-5,{_B}:1-3', 8),
            (f'{_A}:1-5:tag:1-3', 8),
        ):
            self.assertEqual(count, self.dialect.count(position), position)

    def test_a_replica_that_follows(self) -> None:
        found: dict[str, Any] = {
            'Replica_IO_Running': 'Yes',
            'Replica_SQL_Running': 'Yes',
            'Replica_IO_State': 'Waiting for source to send event',
            'Last_IO_Errno': 0,
            'Last_IO_Error': '',
            'Last_SQL_Error': '',
            'Retrieved_Gtid_Set': f'{_A}:1-5,\n{_B}:1-3',
            'Seconds_Behind_Source': 0,
        }
        self.assertEqual(
            common.Status(True, f'{_A}:1-5,{_B}:1-3', '', lag=0),
            self.dialect.status(mock.Mock(row=lambda _: found)),
        )
        self.assertIsNone(self.dialect.status(mock.Mock(row=lambda _: None)))

    def test_sets_on_several_lines_are_read(self) -> None:
        asked = mock.Mock(return_value=[(f'{_A}:1,\n{_B}:1',)])
        found = self.dialect.errant(mock.Mock(execute=asked), 'own', 'its')
        self.assertEqual(f'{_A}:1,{_B}:1', found)
        asked.assert_called_once_with(
            'SELECT GTID_SUBTRACT(%s, %s)', ['own', 'its']
        )
