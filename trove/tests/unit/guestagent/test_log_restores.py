# SPDX-License-Identifier: Apache-2.0
"""What is read of an archived log."""

from __future__ import annotations

import datetime
import gzip
import io
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent import log_restores
from trove.objectstore import local
from trove.tests import base


class LogRestoresTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.access = {
            'driver': 'local',
            'directory': self.useFixture(fixtures.TempDir()).path,
        }
        self.store = local.LocalStore(self.access['directory'])

    def save(self, number: int, data: bytes) -> None:
        self.store.save(
            'c', f'log-0002-{number:08d}', io.BytesIO(data), {}, suffix='.gz'
        )

    def pieces(self, **changed: Any) -> list[bytes]:
        order = {
            'until': '2027-01-31T08:00:00.000001Z',
            'container': 'c',
            'prefix': 'log-',
            'series': 2,
            'first': 3,
            'last': 5,
            'store': self.access,
        }
        replay = log_restores.ordered(order | changed)
        self.assertEqual(
            datetime.datetime(2027, 1, 31, 8, 0, 0, 1), replay.until
        )
        return [b''.join(piece) for piece in replay.pieces()]

    def test_objects_are_a_sequence_of_pieces(self) -> None:
        # Given two pieces, the first one in two objects
        one, two = gzip.compress(b'one'), gzip.compress(b'two' * 999_999)
        for number, data in enumerate((one[:7], one[7:], two), 3):
            self.save(number, data)
        # Then
        self.assertEqual([b'one', b'two' * 999_999], self.pieces())

    def test_a_missing_object(self) -> None:
        self.save(3, gzip.compress(b'one'))

        self.assertRaises(exception.ObjectMissing, self.pieces)

    def test_an_object_that_is_something_else(self) -> None:
        self.save(3, b'not compressed')

        self.assertRaises(exception.ObjectDamaged, self.pieces, last=3)

    def test_a_malformed_order(self) -> None:
        for name, value in (
            ('until', 'yesterday'),
            ('first', 'one'),
            ('store', None),
        ):
            self.assertRaises(
                exception.BadRequest, self.pieces, **{name: value}
            )
