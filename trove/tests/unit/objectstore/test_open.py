# SPDX-License-Identifier: Apache-2.0
"""A store from what an order says of it."""

from __future__ import annotations

import io

import fixtures

from trove import objectstore
from trove.common import exception
from trove.objectstore import access
from trove.tests import base


class OpenTest(base.TestCase):
    def test_a_directory(self) -> None:
        directory = self.useFixture(fixtures.TempDir()).path
        store = objectstore.open_store(
            {'driver': 'local', 'directory': directory}
        )

        stored = store.save('c', 'n', io.BytesIO(b'x'), {}, suffix='.gz')

        self.assertEqual(stored.location, store.location('c', 'n.gz'))

    def test_free_space_is_kept(self) -> None:
        directory = self.useFixture(fixtures.TempDir()).path
        store = objectstore.open_store(
            {'driver': 'local', 'directory': directory, 'min_free': 1 << 60}
        )

        self.assertRaises(
            exception.ObjectStoreFull,
            store.save,
            'c',
            'n',
            io.BytesIO(b'x'),
            {},
        )

    def test_swift_with_a_token_or_with_signed_urls(self) -> None:
        url = 'http://swift/v1/AUTH_p'
        for how in (
            {'storage_url': url, 'token': 't'},
            {
                'signed': [
                    access.sign(
                        url, 'k', 'c', 'n', methods=['PUT'], expires=1
                    )
                ]
            },
        ):
            store = objectstore.open_store({'driver': 'swift'} | how)

            self.assertEqual(f'{url}/c/n.gz', store.location('c', 'n.gz'))

    def test_one_that_is_not_known(self) -> None:
        for how in {'driver': 'tape'}, {}:
            self.assertRaises(
                exception.NotSupported, objectstore.open_store, how
            )
