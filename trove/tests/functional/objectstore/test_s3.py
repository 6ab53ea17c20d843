# SPDX-License-Identifier: Apache-2.0
"""S3 as Swift speaks it."""

from __future__ import annotations

import io
import uuid

from trove.common import exception
from trove.objectstore import loading
from trove.objectstore import s3
from trove.tests import base
from trove.tests.functional.objectstore import base as swift_base
from trove.tests.unit.objectstore import contract

#: The least that S3 allows.
PART_SIZE = 5 << 20


class S3TestCase(base.TestCase):
    container = 'backups'

    def setUp(self) -> None:
        super().setUp()
        self.swift = swift_base.shared()
        self.addCleanup(self.swift.break_it)
        self.bucket = f'b-{uuid.uuid4()}'
        self.swift.request('PUT', self.bucket)
        self.swift.request('PUT', f'{self.bucket}+segments')
        self.config(
            s3_endpoint=self.swift.endpoint,
            s3_bucket=self.bucket,
            s3_access_key='s3-key',
            s3_secret_key='s3-secret',
            attempts=2,
            timeout=20,
            group='objectstore',
        )
        self.store = loading.load(self.conf, 's3')
        self.store._part_size = PART_SIZE


class PromisesTest(contract.Contract, S3TestCase):
    #: One part and a bit.
    data = bytes(5 << 20) + b'x'

    def test_the_tests_speak_s3(self):
        self.assertIsInstance(self.store, s3.S3Store)


class LargeTest(S3TestCase):
    """Objects of several parts."""

    data = bytes(range(250)) * (PART_SIZE * 5 // 2 // 250)

    def save(self, **kwargs):
        return self.store.save(
            'backups', 'b1', io.BytesIO(self.data), {'lsn': '1'}, **kwargs
        )

    def load(self, stored) -> bytes:
        return b''.join(self.store.read(stored.location, stored.checksum))

    def left(self) -> list[str]:
        return [
            *self.swift.names(self.bucket),
            *self.swift.names(f'{self.bucket}+segments'),
        ]

    def test_round_trip(self):
        stored = self.save()

        self.assertTrue(stored.checksum.endswith('-3'), stored)
        self.assertEqual(self.data, self.load(stored))
        head = self.store.head(stored.location)
        self.assertEqual({'lsn': '1'}, head.metadata)
        self.store.delete(stored.location)
        # Swift deletes the parts later, by its expirer.
        self.assertEqual([], self.swift.names(self.bucket))

    def test_what_is_kept_for_a_time_is_refused(self):
        error = self.assertRaises(
            exception.ObjectStoreError, self.save, delete_after=60
        )

        self.assertIn('rules of the bucket', str(error))
        self.assertEqual([], self.left())

    def test_what_fails_leaves_nothing(self):
        for status, error in (
            (507, exception.ObjectStoreFull),
            (403, exception.ObjectStoreDenied),
            (503, exception.ObjectStoreUnreachable),
        ):
            with self.subTest(status):
                self.swift.break_it(
                    {
                        'match': 'PUT .*partNumber=2',
                        'do': 'status',
                        'status': status,
                        'times': 9,
                    }
                )

                self.assertRaises(error, self.save)

                self.assertEqual([], self.left())

    def test_a_cut_is_taken_up(self):
        stored = self.save()
        self.swift.break_it(
            {'match': 'GET .*b1', 'do': 'cut', 'bytes': 6000000}
        )

        self.assertEqual(self.data, self.load(stored))

    def test_changed_data_do_not_end_well(self):
        stored = self.save()
        self.swift.break_it({'match': 'GET .*b1', 'do': 'change'})

        self.assertRaises(exception.ObjectDamaged, self.load, stored)

    def test_what_a_killed_writer_left_is_deleted(self):
        key = {'Bucket': self.bucket, 'Key': 'backups/b1'}
        self.store._client.create_multipart_upload(**key)
        self.assertNotEqual([], self.left())

        self.store.delete(f's3://{self.bucket}/backups/b1')

        self.assertEqual([], self.left())

    def test_other_buckets_are_refused(self):
        self.assertRaises(
            exception.ObjectRefused, self.store.head, 's3://other/c/x'
        )
