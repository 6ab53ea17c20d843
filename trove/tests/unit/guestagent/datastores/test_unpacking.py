# SPDX-License-Identifier: Apache-2.0
"""Compressed archives that are read as streams."""

from __future__ import annotations

from collections.abc import Generator
import gzip
import io
import pathlib
import tarfile

import fixtures

from trove.common import exception
from trove.guestagent.datastores import unpacking
from trove.tests import base


class UnpackingTest(base.TestCase):
    def pieces(
        self, data: bytes, size: int = 777
    ) -> Generator[bytes, None, None]:
        self.ended = False
        try:
            for start in range(0, len(data), size):
                yield data[start:start + size]
        finally:
            self.ended = True

    def decompress(self, data: bytes, size: int = 777) -> list[bytes]:
        return list(
            unpacking.decompressed('restore it', self.pieces(data, size))
        )

    def test_what_was_compressed_comes_out(self) -> None:
        data = bytes(range(256)) * 9999
        # Joined streams are one, as the program takes them
        for stored, wanted in (
            (gzip.compress(data), data),
            (gzip.compress(data) + gzip.compress(b'more'), data + b'more'),
            (gzip.compress(b''), b''),
        ):
            for size in 1000, len(stored):
                found = self.decompress(stored, size)
                self.assertEqual(wanted, b''.join(found))

    def test_it_is_a_mebibyte_at_most(self) -> None:
        # Given some KiB that 64 MiB were compressed to
        found = self.decompress(gzip.compress(bytes(1 << 26)), 1 << 20)

        self.assertEqual(1 << 26, sum(map(len, found)))
        self.assertEqual(1 << 20, max(map(len, found)))

    def test_what_is_no_whole_stream_is_told(self) -> None:
        whole = gzip.compress(b'data' * 999)
        damaged = whole[:-8] + bytes(8)
        for data in b'', whole[:-1], whole + whole[:9], damaged, b'not that':
            self.assertRaises(
                exception.DatastoreError, self.decompress, data
            )
        self.assertTrue(self.ended)

    def test_what_the_source_says_at_its_end_comes_first(self) -> None:
        def pieces() -> Generator[bytes, None, None]:
            yield b'not that'
            yield b'nor this'
            raise exception.ObjectDamaged('another checksum')

        self.assertRaises(
            exception.ObjectDamaged,
            list,
            unpacking.decompressed('restore it', pieces()),
        )

    def test_files_are_extracted(self) -> None:
        target = self.useFixture(fixtures.TempDir()).path
        stored = io.BytesIO()
        with tarfile.open(fileobj=stored, mode='w:gz') as archive:
            about = tarfile.TarInfo('base/1')
            about.size = 3 << 20
            archive.addfile(about, io.BytesIO(b'abc' * (1 << 20)))

        unpacking.extract(
            'restore it', self.pieces(stored.getvalue()), target
        )

        found = pathlib.Path(target, 'base', '1').read_bytes()
        self.assertEqual(b'abc' * (1 << 20), found)

    def test_what_is_no_archive_is_told(self) -> None:
        target = self.useFixture(fixtures.TempDir()).path
        for data in gzip.compress(b'no archive' * 99), gzip.compress(b'')[:9]:
            self.assertRaises(
                exception.DatastoreError,
                unpacking.extract,
                'restore it',
                self.pieces(data),
                target,
            )
