# SPDX-License-Identifier: Apache-2.0
"""A guest agent without a token."""

from __future__ import annotations

import io
import json
import time

from trove.common import exception
from trove.common import numbered
from trove.objectstore import access
from trove.tests.functional.objectstore import base

KEY = 'X-Container-Meta-Temp-URL-Key'
DAY = 86400


class SignedUrlsTest(base.SwiftTestCase):
    """``self.guest`` may use what begins with ``b1``."""

    def setUp(self) -> None:
        super().setUp()
        self.guest = self.signed('GET', 'PUT', 'DELETE')

    def signed(self, *methods: str, ends: int = 600):
        """Return the store of a guest, whose permission came by message."""
        urls = self.store.sign(
            self.container,
            ['b1'],
            methods=methods,
            expires=int(time.time()) + ends,
        )
        return self.make_store(
            access.SignedUrls(json.loads(json.dumps(urls)))
        )

    def guest_saves(self, data: bytes, name: str = 'b1', **kwargs):
        return self.guest.save(
            self.container,
            name,
            io.BytesIO(data),
            self.metadata,
            suffix='.tar.gz',
            **kwargs,
        )

    def key(self) -> str:
        found = self.swift.request('HEAD', self.container)
        return found.headers[KEY]

    def assemble(self, made):
        return self.store.assemble(
            self.container,
            'b1',
            '.tar.gz',
            number=len(made.parts),
            checksum=made.checksum,
            metadata=self.metadata,
        )

    def test_an_object_of_one_part_is_there(self):
        stored = self.guest_saves(self.data(0.5))

        self.assertEqual((), tuple(stored.parts))
        self.assertEqual(self.data(0.5), self.load(stored))
        head = self.store.head(stored.location)
        self.assertEqual(self.metadata, dict(head.metadata))

    def test_an_object_that_is_deleted_after_its_time(self):
        self.guest_saves(self.data(0.5), delete_after=600)

        path = f'{self.container}/b1.tar.gz'
        head = self.swift.request('HEAD', path).headers
        self.assertIn('X-Delete-At', head)

    def test_a_large_object_is_assembled_by_somebody_else(self):
        for parts in 3, 6:
            with self.subTest(parts):
                data = self.data(parts)
                made = self.guest_saves(data)
                self.assertEqual(parts, len(made.parts))
                self.assertEqual(parts, len(self.names()))

                stored = self.assemble(made)

                self.assertEqual(len(data), stored.size)
                self.assertEqual(made.location, stored.location)
                self.assertEqual(data, self.load(stored))
                head = self.store.head(stored.location)
                self.assertEqual(self.metadata, dict(head.metadata))
                self.store.delete(stored.location)
                self.assertEqual([], self.names())

    def test_the_guest_reads_large_objects(self):
        for parts in 0.5, 3, 6, 8, 17:
            with self.subTest(parts):
                stored = self.save(self.data(parts))

                read = self.guest.read(stored.location, stored.checksum)

                self.assertEqual(self.data(parts), b''.join(read))
                self.store.delete(stored.location)

    def test_the_guest_notices_what_was_replaced(self):
        for parts, replaced in (3, 'b1_00000001'), (6, 'b1_00000005'):
            with self.subTest(parts):
                stored = self.save(self.data(parts))
                self.swift.request(
                    'PUT', f'{self.container}/{replaced}', data=b'x' * 1000
                )

                self.assertRaises(
                    exception.ObjectDamaged,
                    list,
                    self.guest.read(stored.location, stored.checksum),
                )
                self.store.delete(stored.location)

    def test_a_guest_that_fails_leaves_nothing(self):
        self.swift.break_it(
            {'match': 'PUT .*_00000002', 'do': 'status', 'status': 507}
        )

        self.assertRaises(
            exception.ObjectStoreFull, self.guest_saves, self.data(4)
        )

        self.assertEqual([], self.names())

    def test_parts_that_cannot_be_assembled_stay_until_they_are_deleted(self):
        made = self.guest_saves(self.data(6))
        self.swift.request('DELETE', f'{self.container}/b1_00000005')

        self.assertRaises(exception.ObjectMissing, self.assemble, made)
        self.assertEqual(
            [f'b1_0000000{number}' for number in range(5)], self.names()
        )
        self.store.delete(made.location)
        self.assertEqual([], self.names())

    def test_parts_that_are_not_those_that_were_written(self):
        made = self.guest_saves(self.data(3))
        self.swift.request('PUT', f'{self.container}/b1_00000001', data=b'x')

        error = self.assertRaises(
            exception.ObjectDamaged, self.assemble, made
        )

        self.assertIn(made.checksum, str(error))

    def test_a_later_permission_is_used_from_then_on(self):
        signed = [
            self.store.sign(
                self.container,
                ['b1'],
                methods=['PUT'],
                expires=int(time.time()) + seconds,
            )[0]
            for seconds in (-1, 600)
        ]
        self.guest = self.make_store(access.SignedUrls(signed[:1]))
        self.assertRaises(
            exception.ObjectStoreDenied, self.guest_saves, self.data(0.5)
        )

        self.guest.renew({'signed': signed[1:]})

        self.guest_saves(self.data(0.5))

    def test_other_objects_and_methods_are_not_allowed(self):
        stored = self.guest_saves(self.data(0.5))
        reader = self.signed('GET')

        for use in (
            lambda: self.guest_saves(b'x', name='c1'),
            lambda: reader.delete(stored.location),
            lambda: self.guest.head(f'{self.swift.url}/other/b1'),
            lambda: list(self.guest.entries(self.container)),
        ):
            error = self.assertRaises(exception.ObjectStoreDenied, use)
            self.assertIn('do not permit this', str(error))

    def test_swift_checks_the_signature_too(self):
        stored = self.guest_saves(self.data(0.5))
        (urls,) = self.store.sign(
            self.container,
            ['b1'],
            methods=['GET'],
            expires=int(time.time() + 9),
        )
        for change in (
            {'prefix': '', 'queries': {'GET': urls['queries']['GET']}},
            {
                'queries': {
                    'GET': {**urls['queries']['GET'], 'temp_url_prefix': ''}
                }
            },
            {'queries': {'DELETE': urls['queries']['GET']}},
        ):
            with self.subTest(change):
                store = self.make_store(
                    access.SignedUrls([{**urls, **change}])
                )
                if 'DELETE' in change['queries']:
                    use = store._account.delete_one
                    args = self.container, 'b1.tar.gz'
                elif 'prefix' in change:
                    use = store.head
                    args = (f'{self.swift.url}/{self.container}/a1',)
                else:
                    use, args = store.head, (stored.location,)

                self.assertRaises(exception.ObjectStoreDenied, use, *args)

    def test_urls_that_ended_are_told_without_their_signature(self):
        stored = self.guest_saves(self.data(0.5))
        guest = self.signed('GET', ends=-1)

        error = self.assertRaises(
            exception.ObjectStoreDenied,
            next,
            guest.read(stored.location, stored.checksum),
        )

        self.assertIn('401', str(error))
        self.assertNotIn('temp_url', str(error) + self.logs.output)

    def test_the_key_is_made_once(self):
        first = self.store.sign(
            self.container, ['b1'], methods=['GET'], expires=1
        )

        second = self.store.sign(
            self.container, ['b1'], methods=['GET'], expires=1
        )

        self.assertEqual(first, second)

    def test_keys_are_rotated_and_urls_stay_valid_meanwhile(self):
        stored = self.guest_saves(self.data(0.5))
        reader, now = self.signed('GET'), 1_700_000_000.0

        # Nothing happens before the key is old, and its successor known
        for later in 0, 29 * DAY, 31 * DAY, 31 * DAY + 9:
            self.store.rotate(self.container, now + later)
        key = self.key()
        self.store.rotate(self.container, now + 32 * DAY)

        self.assertNotEqual(key, self.key())
        for each in reader, self.signed('GET'):
            self.assertEqual(
                self.data(0.5),
                b''.join(each.read(stored.location, stored.checksum)),
            )

    def test_keys_of_others_are_used_as_they_are(self):
        self.store.rotate(self.container, 1)
        self.swift.request('POST', self.container, headers={KEY: 'theirs'})

        self.store.rotate(self.container, 40 * DAY)
        self.store.rotate(self.container, 80 * DAY)

        self.guest = self.signed('PUT')
        self.guest_saves(self.data(0.5))
        self.assertEqual('theirs', self.key())

    def test_a_log_is_only_appended_to(self):
        self.save(self.data(0.5), name='b1-0001-00000041')
        names = numbered.Names('b1-0001-', '.tar.gz', 42, 400)
        signed = self.store.sign(
            self.container,
            names.prefixes(),
            methods=['PUT'],
            expires=int(time.time()) + 600,
        )
        self.guest = self.make_store(access.SignedUrls(signed))

        for number in 42, 49, 99, 100, 5000:
            self.guest_saves(self.data(0.1), name=f'b1-0001-{number:08d}')

        for use in (
            lambda: self.guest_saves(b'x', name='b1-0001-00000041'),
            lambda: self.guest.delete(
                f'{self.swift.url}/{self.container}/b1-0001-00000042.tar.gz'
            ),
        ):
            self.assertRaises(exception.ObjectStoreDenied, use)
        path = f'{self.container}/b1-0001-00000041.tar.gz'
        for query in signed[0]['queries'].values():
            answer = self.swift.request('PUT', path, token='', params=query)
            self.assertEqual(401, answer.status_code)
        self.assertEqual(6, len(self.names()))
