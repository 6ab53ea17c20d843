# SPDX-License-Identifier: Apache-2.0
"""What is promised of stores, and how it lies in Swift."""

from __future__ import annotations

import json
from urllib import parse

import fixtures

from trove.common import exception
from trove.tests.functional.objectstore import base
from trove.tests.unit.objectstore import contract


class PromisesTest(contract.Contract, base.SwiftTestCase):
    """As every store, with objects of several parts."""

    data = bytes(range(256)) * 20

    def save(self, data=None, name='b1', **kwargs):
        data = self.data if data is None else data
        return super().save(data, name=name, **kwargs)

    def test_pieces_are_small(self):
        self.store = self.make_store(part_size=3 << 20)
        self.data = bytes(7 << 20)
        super().test_pieces_are_small()

    def names(self):
        return [each.name for each in self.store.entries(self.container)]


class LayoutTest(base.SwiftTestCase):
    def manifest(self, name: str):
        path = f'{self.container}/{name}?multipart-manifest=get'
        return self.swift.request('GET', path).json()

    def test_what_fits_into_a_part_is_an_object(self):
        for parts in 0, 0.5, 1:
            with self.subTest(parts):
                stored = self.save(self.data(parts))

                self.assertEqual(['b1.tar.gz'], self.names())
                self.assertEqual(
                    f'{self.swift.url}/{self.container}/b1.tar.gz',
                    stored.location,
                )
                self.assertEqual(
                    contract.md5(self.data(parts)), stored.checksum
                )

    def test_more_is_a_large_object_of_parts_beside_it(self):
        data = self.data(2.5)

        stored = self.save(data)

        parts = [data[:1000], data[1000:2000], data[2000:]]
        names = ['b1_00000000', 'b1_00000001', 'b1_00000002']
        self.assertEqual(['b1.tar.gz', *names], self.names())
        self.assertEqual(
            [
                (f'/{self.container}/{name}', contract.md5(part), len(part))
                for name, part in zip(names, parts, strict=True)
            ],
            [
                (each['name'], each['hash'], each['bytes'])
                for each in self.manifest('b1.tar.gz')
            ],
        )
        self.assertEqual(
            contract.md5(''.join(map(contract.md5, parts)).encode()),
            stored.checksum,
        )

    def test_all_of_it_is_deleted_after_its_time(self):
        self.save(self.data(1), name='b0', delete_after=600)
        self.save(self.data(2.5), delete_after=600)

        for name in self.names():
            path = f'{self.container}/{name}'
            head = self.swift.request('HEAD', path).headers
            self.assertIn('X-Delete-At', head, name)

    def test_metadata_are_of_the_whole_object(self):
        for parts in 1, 3, 5:
            with self.subTest(parts):
                stored = self.save(self.data(parts))

                got = self.swift.request(
                    'HEAD', stored.location.partition('AUTH_test/')[2]
                )
                self.assertEqual(
                    '15.1', got.headers['X-Object-Meta-Datastore-Version']
                )
                self.assertEqual(
                    stored.checksum, got.headers['ETag'].strip('"')
                )
                self.store.delete(stored.location)

    def test_manifests_list_manifests_when_there_are_too_many_parts(self):
        for parts in 4, 5, 45:
            with self.subTest(parts):
                data = self.data(parts)

                stored = self.save(data)

                self.assertEqual(
                    parts > 4,
                    any(
                        each.get('sub_slo', False)
                        for each in self.manifest('b1.tar.gz')
                    ),
                )
                self.assertEqual(data, self.load(stored))
                got = self.swift.request('GET', f'{self.container}/b1.tar.gz')
                self.assertEqual(data, got.content)
                head = self.store.head(stored.location)
                self.assertEqual(stored.checksum, head.checksum)
                self.assertEqual(len(data), head.size)
                self.store.delete(stored.location)
                self.assertEqual([], self.names())

    def test_what_others_stored_is_read(self):
        """Released Trove names the path without a slash before it."""
        self.swift.request('PUT', self.container)
        parts = {'old_00000000': b'abc', 'old_00000001': b'defg'}
        for name, data in parts.items():
            self.swift.request('PUT', f'{self.container}/{name}', data=data)
        listed = [
            {'path': f'{self.container}/{name}', 'size_bytes': len(data)}
            for name, data in parts.items()
        ]
        path = f'{self.container}/old.tar.gz'
        answer = self.swift.request(
            'PUT', f'{path}?multipart-manifest=put', data=json.dumps(listed)
        )
        location = f'http://former-name/v1/AUTH_test/{path}'
        checksum = answer.headers['ETag'].strip('"')

        self.assertEqual(
            b'abcdefg', b''.join(self.store.read(location, checksum))
        )
        self.store.delete(location)
        self.assertEqual([], self.names())

    def test_locations_of_other_accounts_are_refused(self):
        for location in (
            f'{self.swift.url}2/c/x',
            self.swift.url,
            f'{self.swift.url}/c',
            'file:///c/x',
        ):
            with self.subTest(location):
                error = self.assertRaises(
                    exception.ObjectStoreError, self.store.head, location
                )
                self.assertIn('AUTH_test', str(error))

    def test_a_list_of_many_pages(self):
        self.swift.request('PUT', self.container)
        self.useFixture(
            fixtures.MonkeyPatch('trove.objectstore._account.PAGE', 2)
        )
        for number in range(5):
            self.swift.request('PUT', f'{self.container}/n{number}')

        self.assertEqual(
            [f'n{number}' for number in range(5)],
            [each.name for each in self.store.entries(self.container, 'n')],
        )

    def test_what_a_killed_writer_left_is_deleted(self):
        self.save(self.data(6))
        self.swift.request('DELETE', f'{self.container}/b1.tar.gz')
        for other in 'b1_more', 'b10_00000000':
            self.swift.request('PUT', f'{self.container}/{other}')

        self.store.delete(f'{self.swift.url}/{self.container}/b1.tar.gz')

        self.assertEqual(['b10_00000000', 'b1_more'], self.names())

    def test_what_users_store_beside_it_stays(self):
        """Whatever it is called, and whatever it names."""
        victim = self.given_another_account()
        self.save(self.data(6))
        names = [
            'b1/../../../AUTH_other/box/o',
            'b1/../../../AUTH_other',
            'b1_%2e%2e',
            'b1_\x7f',
            'b1_more',
        ]
        for name in names:
            self.put(name, b'x')
        self.put('mine', b'12345')
        for name, entry in (
            ('b1_00000009', {'path': f'/{self.container}/mine'}),
            ('b1_manifest_00000009', {'data': 'aGk='}),
        ):
            listed = [{'path': f'/{self.container}/mine'}, entry]
            self.put(name, json.dumps(listed), '?multipart-manifest=put')

        self.assertTrue(
            self.store.discard(f'{self.swift.url}/{self.container}/b1')
        )

        self.assertEqual(sorted([*names, 'mine']), sorted(self.left()))
        self.assertEqual('data', victim.text)
        self.assertEqual('data', self.other('GET', 'box/o').text)

    def left(self):
        return [each.name for each in self.store.entries(self.container)]

    def put(self, name, data, query='', **headers):
        path = f'{self.container}/{parse.quote(name, safe="")}{query}'
        answer = self.swift.request('PUT', path, data=data, headers=headers)
        self.assertEqual(201, answer.status_code, answer.text)

    def given_another_account(self):
        for path, data in ('', None), ('box', None), ('box/o', b'data'):
            self.other('PUT', path, data=data)
        return self.other('GET', 'box/o')

    def other(self, method, path, **kwargs):
        url = f'{self.swift.endpoint}/v1/AUTH_other'
        return self.swift.request(method, path, url=url, **kwargs)

    def test_names_that_are_paths_of_others_are_refused(self):
        self.given_another_account()
        name = f'{self.container}/b1/../../../AUTH_other/box/o'

        for use in self.store.head, self.store.delete:
            self.assertRaises(
                exception.ObjectRefused, use, f'{self.swift.url}/{name}'
            )

        self.assertEqual('data', self.other('GET', 'box/o').text)

    def test_links_are_not_followed(self):
        self.given_another_account()
        self.swift.request('PUT', self.container)
        link = {
            'X-Symlink-Target': 'box/o',
            'X-Symlink-Target-Account': 'AUTH_other',
        }
        self.put('b1.tar.gz', b'', **link)

        error = self.assertRaises(
            exception.ObjectRefused,
            self.store.head,
            f'{self.swift.url}/{self.container}/b1.tar.gz',
        )

        self.assertIn('is a link', str(error))

    def test_as_many_are_deleted_at_once_as_is_asked_for(self):
        self.save(self.data(3))
        location = f'{self.swift.url}/{self.container}/b1'

        for left in 3, 2, 1:
            self.assertFalse(self.store.discard(location, 1))
            self.assertEqual(left, len(self.names()))
        self.assertTrue(self.store.discard(location, 1))
