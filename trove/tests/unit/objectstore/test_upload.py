# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import threading

from trove.objectstore import _upload
from trove.tests import base
from trove.tests.unit.objectstore import contract


class Drips(io.BytesIO):
    """A pipe: what is there is less than what is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 3))


class SplitTest(base.TestCase):
    def test_all_but_the_last_part_are_full(self):
        for make in io.BytesIO, Drips:
            for size in range(30):
                with self.subTest(make=make, size=size):
                    data = bytes(range(size))

                    parts = list(_upload.split(make(data), 10))

                    self.assertEqual(
                        data, b''.join(bytes(part) for part, _ in parts)
                    )
                    self.assertEqual(
                        [10] * (len(parts) - 1),
                        [len(part) for part, _ in parts[:-1]],
                    )
                    self.assertEqual(
                        [False] * (len(parts) - 1) + [True],
                        [last for _, last in parts],
                    )


class UploadTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.parts: dict[int, bytes] = {}
        self.whole: list[bytes] = []

    def put(self, number: int, data: bytearray) -> None:
        self.parts[number] = bytes(data)

    def upload(self, source, put=None) -> None:
        _upload.upload(source, 10, put or self.put, self.whole.append)

    def test_a_single_part_is_all(self):
        self.upload(io.BytesIO(b'x' * 10))

        self.assertEqual([b'x' * 10], self.whole)
        self.assertEqual({}, self.parts)

    def test_several_parts_are_numbered(self):
        self.upload(io.BytesIO(b'a' * 10 + b'b' * 10 + b'c'))

        self.assertEqual([], self.whole)
        self.assertEqual(
            {0: b'a' * 10, 1: b'b' * 10, 2: b'c'}, self.parts
        )

    def test_the_next_part_is_read_while_one_is_uploaded(self):
        was_read = threading.Event()
        waited = []

        class Source(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell() == 20:
                    was_read.set()
                return super().read(5)

        def put(number: int, data: bytearray) -> None:
            if not number:
                waited.append(was_read.wait(30))

        self.upload(Source(bytes(30)), put)

        self.assertEqual([True], waited)

    def test_what_fails_in_the_upload_is_raised(self):
        def put(number: int, data: bytearray) -> None:
            raise RuntimeError(f'no part {number}')

        for size in 15, 100:
            error = self.assertRaises(
                RuntimeError, self.upload, io.BytesIO(bytes(size)), put
            )
            self.assertEqual('no part 0', str(error))

    def test_what_fails_in_the_source_is_raised(self):
        self.assertRaises(
            RuntimeError, self.upload, contract.Broken(bytes(25))
        )
