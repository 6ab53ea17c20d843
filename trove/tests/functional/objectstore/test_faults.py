# SPDX-License-Identifier: Apache-2.0
"""What happens to an object when Swift, or the way there, fails."""

from __future__ import annotations

import io

from trove.common import exception
from trove.objectstore import access
from trove.tests.functional.objectstore import base
from trove.tests.unit.objectstore import contract


class SavingTest(base.SwiftTestCase):
    """An object is there as a whole, or nothing of it."""

    def setUp(self) -> None:
        super().setUp()
        self.store_data = self.data(4.5)

    def assert_saved(self) -> None:
        stored = self.save(self.store_data)

        self.assertEqual(self.store_data, self.load(stored))
        self.assertEqual(8, len(self.names()))

    def assert_fails(self, error: type[Exception]) -> str:
        raised = self.assertRaises(error, self.save, self.store_data)

        self.swift.break_it()
        self.assertEqual([], self.names())
        return str(raised)

    def test_what_passes_is_repeated(self):
        part, manifest = 'PUT .*_00000003', 'PUT .*manifest'
        for match, rule in (
            (part, {'do': 'status', 'status': 500}),
            (part, {'do': 'status', 'status': 422}),
            (part, {'do': 'cut', 'bytes': 300}),
            (part, {'do': 'late'}),
            (manifest, {'do': 'status', 'status': 498}),
            (manifest, {'do': 'late'}),
            ('PUT .*tar.gz', {'do': 'cut', 'bytes': 10}),
            ('PUT .*/c-[^/]*$', {'do': 'status', 'status': 503}),
        ):
            with self.subTest(rule, match=match):
                self.swift.break_it(
                    {'match': match, 'times': base.ATTEMPTS - 1, **rule}
                )

                self.assert_saved()

    def test_the_store_says_when_to_repeat(self):
        self.store = self.make_store(delay=60)
        self.swift.break_it(
            {
                'match': 'PUT .*_00000001',
                'do': 'status',
                'status': 429,
                'headers': {'Retry-After': '0'},
                'times': 2,
            }
        )

        self.assert_saved()

        told = self.logs.output
        self.assertEqual(2, told.count('it answered 429 Fault'))

    def test_what_does_not_pass_fails(self):
        for match in 'PUT .*_00000003', 'PUT .*manifest', 'PUT .*tar.gz':
            for rule in (
                {'do': 'status', 'status': 503},
                {'do': 'late'},
            ):
                with self.subTest(rule, match=match):
                    self.swift.break_it({'match': match, 'times': 99, **rule})

                    said = self.assert_fails(
                        exception.ObjectStoreUnreachable
                    )

                    self.assertIn('Check that it is running', said)

    def test_a_slow_store_is_given_up(self):
        self.store = self.make_store(timeout=0.3)
        self.swift.break_it(
            {
                'match': 'PUT .*_00000001',
                'do': 'slow',
                'seconds': 1.5,
                'times': 99,
            }
        )

        self.assertIn(
            'store', self.assert_fails(exception.ObjectStoreUnreachable)
        )

    def test_a_store_that_is_not_there(self):
        self.store = self.make_store(
            access.Token('http://127.0.0.1:9/v1/AUTH_test', lambda: 't')
        )

        error = self.assertRaises(
            exception.ObjectStoreUnreachable, self.save, b'x'
        )

        self.assertIn('Connection refused', str(error))

    def test_a_full_store_fails_at_once(self):
        for status in 413, 507:
            with self.subTest(status):
                self.swift.break_it(
                    {
                        'match': 'PUT .*_00000003',
                        'do': 'status',
                        'status': status,
                        'times': 99,
                    }
                )

                said = self.assert_fails(exception.ObjectStoreFull)

                self.assertIn('Delete backups', said)

    def test_a_container_with_a_quota(self):
        quota = {'X-Container-Meta-Quota-Bytes': '3500'}
        self.swift.request('PUT', self.container, headers=quota)
        self.store_data = self.data(4)

        # The container servers count what was stored some time later, so all
        # of it is in one part.
        self.store = self.make_store(part_size=10000)
        said = self.assert_fails(exception.ObjectStoreFull)

        self.assertIn('Upload exceeds quota', said)

    def test_a_token_is_renewed_once(self):
        def renew(_):
            self.swift.break_it(revoked=['first'])

        stored = self.save(
            self.store_data, progress=lambda size: size == 3000 and renew(size)
        )

        self.assertEqual(self.store_data, self.load(stored))
        self.assertEqual('third', next(self.tokens))

    def test_a_token_that_stays_invalid_is_told(self):
        asked = []

        def source() -> str:
            asked.append('bad')
            return 'bad'

        self.swift.break_it(revoked=['bad'])
        self.store = self.make_store(access.Token(self.swift.url, source))

        error = self.assertRaises(
            exception.ObjectStoreDenied, self.save, self.store_data
        )

        self.assertEqual(2, len(asked))
        self.assertIn('new token', str(error))

    def test_a_part_that_went_missing_is_told(self):
        def lose(size: int) -> None:
            if size == len(self.store_data) - 500:
                self.swift.request('DELETE', f'{self.container}/b1_00000003')

        error = self.assertRaises(
            exception.ObjectDamaged,
            self.save,
            self.store_data,
            progress=lose,
        )

        self.assertIn('b1_00000003, 404', str(error))
        self.assertEqual([], self.names())

    def test_what_cannot_be_cleaned_up_is_told(self):
        self.swift.break_it(
            {
                'match': 'PUT .*_00000002|DELETE',
                'do': 'status',
                'status': 503,
                'times': 99,
            }
        )

        self.assertRaises(
            exception.ObjectStoreUnreachable, self.save, self.store_data
        )

        self.assertIn(f'container {self.container}: b1', self.logs.output)
        self.assertIn('Delete the backup', self.logs.output)

    def test_a_source_that_fails_in_the_middle(self):
        self.assertRaises(
            RuntimeError,
            self.store.save,
            self.container,
            'b1',
            contract.Broken(self.store_data),
            {},
        )

        self.assertEqual([], self.names())


class ReadingTest(base.SwiftTestCase):
    """What is read is right, or the reader is told before its end."""

    def setUp(self) -> None:
        super().setUp()
        self.stored_data = self.data(6.5)
        self.stored = self.save(self.stored_data)

    def read_some(self, error: type[Exception]) -> tuple[bytes, str]:
        """Return what came before the error, and what that says."""
        came = io.BytesIO()

        def consume() -> None:
            for piece in self.store.read(
                self.stored.location, self.stored.checksum
            ):
                came.write(piece)

        raised = self.assertRaises(error, consume)
        return came.getvalue(), str(raised)

    def test_what_breaks_is_taken_up_where_it_was(self):
        for rule in (
            {'do': 'cut', 'bytes': 1500},
            {'do': 'status', 'status': 503},
            {'do': 'status', 'status': 429},
        ):
            with self.subTest(rule):
                self.swift.break_it(
                    {'match': 'GET .*tar.gz$', 'times': 3, **rule}
                )

                self.assertEqual(self.stored_data, self.load(self.stored))

    def test_a_token_is_renewed_in_the_middle(self):
        self.swift.break_it(
            {'match': 'GET .*tar.gz$', 'do': 'cut', 'bytes': 1500},
            revoked=['first'],
        )

        self.assertEqual(self.stored_data, self.load(self.stored))
        self.assertEqual('third', next(self.tokens))

    def test_what_is_cut_again_and_again_is_given_up(self):
        self.swift.break_it(
            {'match': 'GET .*tar.gz$', 'do': 'cut', 'bytes': 0, 'times': 99}
        )

        came, said = self.read_some(exception.ObjectStoreUnreachable)

        self.assertEqual(b'', came)
        self.assertIn('RemoteDisconnected', said)

    def test_a_truncated_object(self):
        self.swift.break_it(
            {'match': 'GET .*tar.gz$', 'do': 'truncate', 'bytes': 2500}
        )

        came, said = self.read_some(exception.ObjectDamaged)

        self.assertEqual(b'', came)
        self.assertIn('2500 bytes', said)
        self.assertIn('instead of 6500', said)

    def test_data_that_changed_on_the_way(self):
        self.swift.break_it({'match': 'GET .*tar.gz$', 'do': 'change'})

        came, said = self.read_some(exception.ObjectDamaged)

        self.assertNotIn(self.stored_data, came)
        self.assertIn('checksum of the data of b1_00000000', said)

    def test_a_part_that_was_replaced(self):
        for data in (b'x' * 1000, b'x'):
            with self.subTest(len(data)):
                self.swift.request(
                    'PUT', f'{self.container}/b1_00000004', data=data
                )

                came, _ = self.read_some(exception.ObjectDamaged)

                self.assertEqual(self.stored_data[: len(came)], came)
                self.assertLessEqual(len(came), 4000)

    def test_a_part_that_is_missing(self):
        self.swift.request('DELETE', f'{self.container}/b1_00000004')

        came, said = self.read_some(exception.ObjectDamaged)

        self.assertEqual(self.stored_data[:4000], came)
        self.assertIn('a part of it is missing', said)

    def test_a_first_part_that_is_missing(self):
        self.swift.request('DELETE', f'{self.container}/b1_00000000')

        self.read_some(exception.ObjectDamaged)

    def test_an_object_that_was_replaced(self):
        self.swift.request(
            'PUT', f'{self.container}/b1.tar.gz', data=self.stored_data
        )

        came, said = self.read_some(exception.ObjectDamaged)

        self.assertEqual(b'', came)
        self.assertIn(self.stored.checksum, said)

    def test_an_object_that_is_replaced_meanwhile(self):
        pieces = self.store.read(self.stored.location, self.stored.checksum)
        self.swift.break_it(
            {'match': 'GET .*tar.gz$', 'do': 'cut', 'bytes': 1500}
        )
        next(pieces)
        self.swift.request(
            'PUT', f'{self.container}/b1.tar.gz', data=self.stored_data
        )

        self.assertRaises(exception.ObjectDamaged, list, pieces)

    def test_a_reader_that_stops_is_no_harm(self):
        pieces = self.store.read(self.stored.location, self.stored.checksum)
        next(pieces)
        pieces.close()

        self.assertEqual(self.stored_data, self.load(self.stored))


class DeletingTest(base.SwiftTestCase):
    def test_an_object_without_some_of_its_parts(self):
        stored = self.save(self.data(18))
        for name in 'b1_00000004', 'b1_manifest_00000001':
            self.swift.request('DELETE', f'{self.container}/{name}')

        self.store.delete(stored.location)

        self.assertEqual([], self.names())

    def test_what_fails_is_told_and_may_be_repeated(self):
        stored = self.save(self.data(6))
        self.swift.break_it(
            {'match': 'DELETE', 'do': 'status', 'status': 503, 'times': 99}
        )

        self.assertRaises(
            exception.ObjectStoreUnreachable,
            self.store.delete,
            stored.location,
        )
        self.swift.break_it()
        self.store.delete(stored.location)

        self.assertEqual([], self.names())
