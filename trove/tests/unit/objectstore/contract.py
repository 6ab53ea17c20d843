# SPDX-License-Identifier: Apache-2.0
"""What is promised of every object store, as tests."""

from __future__ import annotations

import hashlib
import io

from trove.common import exception

META = {'datastore': 'postgresql', 'parent-checksum': 'abc'}


class Broken(io.RawIOBase):
    """A source that fails after its data: its writer died."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        data = self._data.read(size)
        if not data:
            raise RuntimeError('the writer died')
        return data


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Contract:
    """``self.store`` is a store; ``self.container`` a new name in it."""

    #: More than two pieces, and more than one part in the tests.
    data = bytes(range(256)) * 10000

    def save(self, data: bytes | None = None, name: str = 'b1', **kwargs):
        return self.store.save(
            self.container,
            name,
            io.BytesIO(self.data if data is None else data),
            META,
            suffix='.tar.gz',
            **kwargs,
        )

    def load(self, stored, checksum: str | None = None) -> bytes:
        return b''.join(
            self.store.read(stored.location, checksum or stored.checksum)
        )

    def names(self) -> list[str]:
        return [each.name for each in self.store.entries(self.container)]

    def test_what_is_stored_is_read_again(self):
        for data in (b'', b'x', self.data):
            with self.subTest(len(data)):
                stored = self.save(data)

                self.assertEqual(data, self.load(stored))
                self.assertEqual(len(data), stored.size)
                self.assertTrue(stored.location.endswith('/b1.tar.gz'))

    def test_head_tells_what_was_stored(self):
        stored = self.save()

        head = self.store.head(stored.location)

        self.assertEqual(stored.location, head.location)
        self.assertEqual(stored.checksum, head.checksum)
        self.assertEqual(stored.size, head.size)
        self.assertEqual(META, META | dict(head.metadata))

    def test_progress_is_told(self):
        written, read = [], []

        stored = self.save(progress=written.append)
        list(
            self.store.read(
                stored.location, stored.checksum, progress=read.append
            )
        )

        for told in written, read:
            self.assertEqual(sorted(told), told)
            self.assertGreater(len(told), 1)
            self.assertEqual(len(self.data), told[-1])

    def test_pieces_are_small(self):
        stored = self.save()

        sizes = [
            len(piece)
            for piece in self.store.read(stored.location, stored.checksum)
        ]

        self.assertLessEqual(max(sizes), 1 << 20)

    def test_another_checksum_is_told_before_any_data(self):
        stored = self.save()

        error = self.assertRaises(
            exception.ObjectDamaged,
            next,
            self.store.read(stored.location, 'f' * 32),
        )

        self.assertIn('f' * 32, str(error))
        self.assertIn(stored.checksum, str(error))

    def test_a_deleted_object_is_gone_and_may_be_deleted_again(self):
        stored = self.save()

        for _ in range(2):
            self.store.delete(stored.location)

        self.assertEqual([], self.names())
        for use in (
            self.store.head,
            lambda location: next(self.store.read(location, None)),
        ):
            error = self.assertRaises(
                exception.ObjectMissing, use, stored.location
            )
            self.assertIn('b1.tar.gz', str(error))

    def test_entries_begin_with_the_prefix(self):
        for name in 'b2', 'a1', 'b1':
            self.save(b'12', name=name)

        found = list(self.store.entries(self.container, 'b'))

        self.assertEqual(
            [('b1.tar.gz', 2), ('b2.tar.gz', 2)],
            [(each.name, each.size) for each in found],
        )
        self.assertEqual([], list(self.store.entries('nothing-here')))

    def test_a_source_that_fails_leaves_nothing(self):
        self.assertRaises(
            RuntimeError,
            self.store.save,
            self.container,
            'b1',
            Broken(self.data),
            META,
        )

        self.assertEqual([], self.names())
