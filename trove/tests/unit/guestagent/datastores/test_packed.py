# SPDX-License-Identifier: Apache-2.0
"""Archives that are made while they are read."""

from __future__ import annotations

from collections.abc import Generator
import io
import pathlib
import subprocess
import tarfile

import fixtures

from trove.guestagent.datastores import packed
from trove.tests import base


class StreamTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.ended = False

    def members(
        self, files: dict[str, bytes], size: int | None = None
    ) -> Generator[bytes, None, None]:
        try:
            for name, data in files.items():
                path = self.directory / name
                path.write_bytes(data)
                with path.open('rb') as stream:
                    yield from packed.member(name, stream, size)
        finally:
            self.ended = True

    def read(self, stream: packed.Stream) -> bytes:
        found = b''
        while piece := stream.read(777):
            self.assertLessEqual(len(piece), 777)
            found += piece
        return found

    def test_it_has_the_files(self) -> None:
        # Of no byte, of blocks, and of more than is read at once
        files = {'a': b'', 'b': b'x' * 1024, 'c': b'yz' * (1 << 20) + b'!'}
        data = self.read(packed.Stream(self.members(files)))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            found = {
                member.name: archive.extractfile(member).read()
                for member in archive
            }
            modes = {member.mode for member in archive}
        self.assertEqual(files, found)
        self.assertEqual({0o600}, modes)
        # And the program that restores takes it as complete
        done = subprocess.run(
            ['tar', '-tzf', '-'], input=data, capture_output=True, check=True
        )
        self.assertEqual((b'a\nb\nc\n', b''), (done.stdout, done.stderr))

    def test_one_that_is_too_short_is_told(self) -> None:
        stream = packed.Stream(self.members({'a': b'short'}, size=4096))
        self.assertRaises(EOFError, self.read, stream)

    def test_one_that_grows_has_the_size_of_its_beginning(self) -> None:
        path = self.directory / 'a'
        path.write_bytes(b'one')
        with path.open('rb') as stream:
            pieces = packed.member('a', stream)
            header = next(pieces)
            path.write_bytes(b'one and two')
            data = header + b''.join(pieces)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            self.assertEqual(b'one', archive.extractfile('a').read())

    def test_files_are_closed_with_it(self) -> None:
        stream = packed.Stream(self.members({'a': b'x' * 4096}))
        stream.read(1)
        stream.close()
        self.assertTrue(self.ended)
