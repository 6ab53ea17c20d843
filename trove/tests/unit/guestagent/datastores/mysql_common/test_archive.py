# SPDX-License-Identifier: Apache-2.0
"""Which files of a binary log are handed over, and how."""

from __future__ import annotations

import datetime
import io
import pathlib
import tarfile
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import archive as archives
from trove.guestagent.datastores.mysql_common import archive
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mysql import fakes

_NOW = datetime.datetime(2026, 11, 30, 4, 5, 6, 789)


class ArchiveTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.now: Any = _NOW
        self.numbers = [7, 8, 9]
        self.connector: Any = fakes.Connector(self.answer)
        self.archive = archive.Archive(self.directory, self.connector)

    def answer(self, statement: str) -> Any:
        if statement.startswith('FLUSH'):
            self.numbers.append(self.numbers[-1] + 1)
        if 'UTC_TIMESTAMP' in statement:
            return [(self.now,)]
        # Not in the order of their numbers.
        return [(self.name(each), 4096) for each in reversed(self.numbers)]

    def name(self, number: int) -> str:
        return f'mysql-bin.{number:06d}'

    def closed(self, after: int | None) -> archives.Closed:
        return self.archive.close(after and self.name(after))

    def found(self, after: int | None) -> list[str]:
        return [each.name for each in self.closed(after).pieces]

    def test_it_begins_with_what_is_written_now(self) -> None:
        closed = self.closed(None)
        self.assertTrue(closed.continues)
        self.assertEqual([self.name(9)], [each.name for each in closed.pieces])
        # What is known of changes are whole seconds.
        self.assertEqual(_NOW.replace(microsecond=0), closed.until)

    def test_it_goes_on_without_the_one_that_is_written(self) -> None:
        self.assertEqual([self.name(8), self.name(9)], self.found(7))
        self.assertEqual([self.name(10)], self.found(9))
        # When the numbers need another digit
        self.numbers = [999_999, 1_000_000]
        self.assertEqual([self.name(1_000_000)], self.found(999_999))

    def test_a_gap_is_told(self) -> None:
        closed = self.closed(5)
        self.assertFalse(closed.continues)
        self.assertEqual([self.name(9)], [each.name for each in closed.pieces])

    def test_nothing_new_is_no_gap(self) -> None:
        closed = self.closed(10)
        self.assertEqual((True, []), (closed.continues, closed.pieces))

    def test_a_piece_is_an_archive_of_the_file(self) -> None:
        (piece,) = self.closed(None).pieces
        (self.directory / piece.name).write_bytes(b'events')
        for _ in range(2):
            with piece.open() as source:
                data = b''.join(iter(lambda: source.read(100), b''))
            with tarfile.open(fileobj=io.BytesIO(data)) as found:
                stream = found.extractfile(piece.name)
                self.assertEqual(b'events', stream.read())

    def test_what_is_gone_or_leads_elsewhere_is_told(self) -> None:
        (piece,) = self.closed(None).pieces
        path = self.directory / piece.name
        secret = self.directory / 'secret'
        secret.write_text('secret')
        for make in (lambda: None, lambda: path.symlink_to(secret)):
            make()
            with piece.open() as source:
                error = self.assertRaises(
                    exception.DatastoreError, source.read, 100
                )
            self.assertIn(f'{piece.name} is not there any more', str(error))

    def test_what_a_server_may_say_is_not_trusted(self) -> None:
        for name in 'mysql-bin', 'mysql-bin.x', '../x.000007', 'x.٣', 'x.-1':
            error = self.assertRaises(
                exception.DatastoreError, archive.number, name
            )
            self.assertIn('is no file of a log', str(error))
        self.now = 'noon'
        error = self.assertRaises(exception.DatastoreError, self.closed, None)
        self.assertIn("'noon' is no time", str(error))
