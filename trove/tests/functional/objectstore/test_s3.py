# SPDX-License-Identifier: Apache-2.0
"""S3 as Swift speaks it."""

from __future__ import annotations

import io
import json
import time
import uuid

from trove import objectstore
from trove.common import exception
from trove.common import numbered
from trove.objectstore import loading
from trove.objectstore import s3
from trove.objectstore import storage
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

        self.assertEqual(32, len(stored.checksum), stored)
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


class SignedTest(S3TestCase):
    """A guest without keys, which may write and read what is signed."""

    data = bytes(range(250)) * (PART_SIZE * 5 // 2 // 250)
    metadata = {'datastore': 'postgresql', 'lsn': '1'}

    def setUp(self) -> None:
        super().setUp()
        self.config(backup_segment_max_size=PART_SIZE)
        self.driver = storage.load(self.conf, 's3', 'p')

    def guest(self, access):
        """Given what a guest makes of a message."""
        text = json.dumps(access)
        self.assertNotIn('s3-secret', text)
        return objectstore.open_store(json.loads(text))

    def writer(self, name: str = 'b1', size: int = 1 << 30):
        return self.guest(self.driver.writing('backups', name, size=size))

    def write(self, data: bytes, name: str = 'b1'):
        return self.writer(name).save(
            'backups', name, io.BytesIO(data), {'other': '1'}, suffix='.gz'
        )

    def assemble(self, stored, **changes):
        known = {'number': len(stored.parts), 'checksum': stored.checksum}
        return self.driver.store().assemble(
            'backups', 'b1', '.gz', metadata=self.metadata, **known | changes
        )

    def read(self, head) -> bytes:
        reader = self.guest(self.driver.reading([head]))
        return b''.join(reader.read(head.location, head.checksum))

    def names(self) -> list[str]:
        return self.swift.names(self.bucket)

    def test_backups_of_one_part_and_of_many(self) -> None:
        store = self.driver.store()
        for data in b'', b'x', self.data:
            with self.subTest(len(data)):
                written = self.write(data)
                # Whoever assembles it may be killed, and another one does it.
                for _ in range(2):
                    made = self.assemble(written)

                self.assertEqual(written.location, made.location)
                head = store.head(made.location)
                self.assertEqual(self.metadata, head.metadata)
                self.assertEqual(written.checksum, head.checksum)
                self.assertEqual(['backups/b1.gz'], self.names())
                self.assertEqual(data, self.read(head))
                # With keys, too
                whole = store.read(made.location, made.checksum)
                self.assertEqual(data, b''.join(whole))
                store.delete(made.location)
                self.assertEqual([], self.names())

    def test_parts_that_are_others_are_not_assembled(self) -> None:
        written = self.write(self.data)
        self.store._client.put_object(
            Bucket=self.bucket,
            Key='backups/b1_00000001',
            Body=bytes(PART_SIZE),
        )

        self.assertRaises(exception.ObjectDamaged, self.assemble, written)

        self.assertNotIn('backups/b1.gz', self.names())
        self.driver.store().discard(f's3://{self.bucket}/backups/b1')
        self.assertEqual([], self.names())

    def test_nothing_else_is_permitted(self) -> None:
        other = self.write(b'y', 'b2')
        guest = self.writer()

        for use in (
            lambda: guest.save('backups', 'b3', io.BytesIO(b'x'), {}),
            lambda: guest.save('others', 'b1', io.BytesIO(b'x'), {}),
            lambda: next(guest.read(other.location, None)),
            lambda: list(guest.entries('backups')),
            guest.check,
        ):
            self.assertRaises(exception.ObjectStoreDenied, use)
        guest.discard(other.location)
        self.assertEqual(['backups/b2_00000000'], self.names())
        # Nor with a signature for something else, nor for ever
        access = self.driver.writing('backups', 'b1', size=1)
        row = access['signed']['rows'][0]
        for changed in (
            {'rows': [{**row, 'before': 'b2_'}]},
            {
                'query': {
                    **access['signed']['query'],
                    'X-Amz-Expires': str(6 * 86400),
                }
            },
        ):
            forged = self.guest(
                {**access, 'signed': {**access['signed'], **changed}}
            )
            name = 'b2' if 'rows' in changed else 'b1'
            self.assertRaises(
                exception.ObjectStoreDenied,
                forged.save,
                'backups',
                name,
                io.BytesIO(b'forged'),
                {},
            )
        self.assertEqual(['backups/b2_00000000'], self.names())

    def test_an_access_that_is_renewed(self) -> None:
        self.config(group='objectstore', signed_lifetime=60)
        access = self.driver.writing('backups', 'b1', size=1)
        self.assertLess(access['expires'], time.time() + 61)
        self.assertFalse(self.driver.needs_renewal(access['expires']))
        # Given one that is over
        old = {**access['signed'], 'query': {
            **access['signed']['query'], 'X-Amz-Date': '20200101T000000Z'
        }}
        guest = self.guest({**access, 'signed': old})
        self.assertRaises(
            exception.ObjectStoreDenied,
            guest.save,
            'backups',
            'b1',
            io.BytesIO(b'x'),
            {},
        )

        guest.renew(self.driver.writing('backups', 'b1', size=1))

        guest.save('backups', 'b1', io.BytesIO(b'x'), {})
        self.assertEqual(['backups/b1_00000000'], self.names())

    def test_a_log_is_appended_to_and_read(self) -> None:
        names = numbered.Names('log-1-0001-', '.gz', 7, 3)
        guest = self.guest(self.driver.appending('logs', 'log-1-', [names]))
        for number in 7, 8:
            guest.save(
                'logs',
                f'log-1-0001-0000000{number}',
                io.BytesIO(b'%d' % number),
                {'log-until': f'time {number}'},
                suffix='.gz',
            )

        store = self.driver.store()
        locations = [store.location('logs', name) for name in names]
        self.assertEqual(
            {'log-until': 'time 8'}, store.head(locations[1]).metadata
        )
        reader = self.guest(self.driver.reading_all('logs', 'log-1-', names))
        self.assertEqual(
            [b'7', b'8'],
            [b''.join(reader.read(each, None)) for each in locations[:2]],
        )
        self.assertRaises(
            exception.ObjectMissing, next, reader.read(locations[2], None)
        )
        for each in locations:
            store.delete(each)
        self.assertEqual([], self.names())

    def test_logs_for_users_are_not_published_there(self) -> None:
        self.assertRaises(
            exception.NotSupported,
            self.driver.publishing,
            'logs',
            'log',
            size=1,
        )
        guest = self.writer()
        self.assertRaises(
            exception.ObjectRefused,
            guest.save,
            'backups',
            'b1',
            io.BytesIO(b'x'),
            {},
            delete_after=60,
        )
