# SPDX-License-Identifier: Apache-2.0
"""Segments of the write-ahead log: which, and as an archive."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import io
import pathlib
import tarfile

import fixtures

from trove.common import exception
from trove.guestagent.datastores.postgresql import wal
from trove.tests import base

_MIB = 1 << 20


class UntrustedTest(base.TestCase):
    """What a superuser may have the server say."""

    def test_positions(self) -> None:
        self.assertEqual(0xA_0200_0028, wal.parse_position('A/2000028'))
        for text in (
            '',
            '0',
            '0/',
            '0/2000028\n',
            '0/200002g',
            '0/-1',
            '0/1_0',
            '123456789/0',
            '٣/0',
            None,
            7,
        ):
            error = self.assertRaises(
                exception.DatastoreError, wal.parse_position, text
            )
            self.assertIn('is not a position', str(error))
        error = self.assertRaises(
            exception.DatastoreError, wal.parse_position, 'x' * 100_000
        )
        self.assertLess(len(str(error)), 400)

    def test_sizes_of_segments(self) -> None:
        for text, size in (('1MB', 1), ('16MB', 16), ('1GB', 1024)):
            self.assertEqual(size * _MIB, wal.parse_segment_size(text))
        for text in '0MB', '3MB', '2GB', '512kB', '1', '-1MB', '2048MB', '':
            error = self.assertRaises(
                exception.DatastoreError, wal.parse_segment_size, text
            )
            self.assertIn('is not the size of a segment', str(error))

    def test_timelines(self) -> None:
        self.assertEqual(7, wal.parse_timeline(7))
        for value in 0, -1, 1 << 32, '1', None:
            self.assertRaises(
                exception.DatastoreError, wal.parse_timeline, value
            )


class SegmentTest(base.TestCase):
    def test_names_are_those_of_postgresql(self) -> None:
        for size, position, name in (
            (16 * _MIB, '0/2000100', '000000010000000000000002'),
            # What ends where a segment ends is in it.
            (16 * _MIB, '0/3000000', '000000010000000000000002'),
            (16 * _MIB, '1/1', '000000010000000100000000'),
            (16 * _MIB, '1/0', '0000000100000000000000FF'),
            (_MIB, '1/0', '000000010000000000000FFF'),
            (1024 * _MIB, 'A/80000001', '000000010000000A00000002'),
        ):
            found = wal.Segment.ending(1, wal.parse_position(position), size)

            self.assertEqual(name, found.name)
            self.assertEqual(found, wal.Segment.parse(name, size))

    def test_those_in_between(self) -> None:
        first = wal.Segment.parse('0000000200000000000000FE', 16 * _MIB)
        last = wal.Segment.parse('000000020000000100000001', 16 * _MIB)

        self.assertEqual(
            [
                '0000000200000000000000FF',
                '000000020000000100000000',
                '000000020000000100000001',
            ],
            [each.name for each in first.until(last)],
        )
        self.assertEqual([], list(last.until(last)))
        # However many they are
        many = dataclasses.replace(last, number=1 << 62)
        self.assertEqual(last.number + 1, next(last.until(many)).number)


class StreamTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.segments = [wal.Segment(1, number, _MIB) for number in (1, 2)]
        for segment in self.segments:
            path = self.directory / segment.name
            path.write_bytes(bytes([segment.number]) * _MIB)

    def read(self, check: Callable[[], None] = lambda: None) -> bytes:
        stream = wal.SegmentStream(self.directory, self.segments, {}, check)
        found = b''
        while piece := stream.read(777):
            self.assertLessEqual(len(piece), 777)
            found += piece
        return found

    def test_it_is_an_archive_of_them(self) -> None:
        with tarfile.open(fileobj=io.BytesIO(self.read())) as archive:
            for member, segment in zip(
                archive.getmembers(), self.segments, strict=True
            ):
                self.assertEqual(segment.name, member.name)
                self.assertEqual(0o600, member.mode)
                self.assertEqual(
                    bytes([segment.number]) * _MIB,
                    archive.extractfile(member).read(),
                )

    def test_what_is_not_there_any_more_is_told(self) -> None:
        last = self.directory / self.segments[1].name
        for break_it in (
            lambda: last.write_bytes(b'short'),
            last.unlink,
            # The server's administrator may want to have a secret read.
            lambda: last.symlink_to(self.directory / self.segments[0].name),
        ):
            break_it()
            error = self.assertRaises(exception.DatastoreError, self.read)
            self.assertIn(self.segments[1].name, str(error))
            self.assertIn('Make a full backup', str(error))

    def test_the_check_comes_before_the_end(self) -> None:
        def fail() -> None:
            raise wal.gone('they were recycled')

        error = self.assertRaises(exception.DatastoreError, self.read, fail)
        self.assertIn('recycled', str(error))
