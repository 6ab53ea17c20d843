# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.objectstore import access
from trove.objectstore import loading
from trove.objectstore import local
from trove.objectstore import swift
from trove.tests import base


class LoadTest(base.TestCase):
    def test_the_default_is_an_option(self):
        self.config(storage_strategy='local')

        self.assertIsInstance(loading.load(self.conf), local.LocalStore)

    def test_the_local_store_is_where_the_options_say(self):
        directory = self.useFixture(fixtures.TempDir()).path
        self.config(
            local_directory=directory,
            local_min_free=1 << 40,
            group='objectstore',
        )
        store = loading.load(self.conf, 'local')

        error = self.assertRaises(
            exception.ObjectStoreFull,
            store.save,
            'backups',
            'b1',
            io.BytesIO(b'x'),
            {},
        )

        self.assertIn(directory, str(error))

    def test_swift_needs_somebody(self):
        who = access.Token('http://swift/v1/AUTH_p', lambda: 't')

        self.assertIsInstance(
            loading.load(self.conf, 'swift', who), swift.SwiftStore
        )
        error = self.assertRaises(
            exception.ConfigurationError, loading.load, self.conf
        )
        self.assertIn('neither a token nor TempURLs', str(error))

    def test_an_unknown_store_is_refused_with_the_known_ones(self):
        error = self.assertRaises(
            exception.ConfigurationError, loading.load, self.conf, 'tape'
        )

        self.assertIn('local, s3, swift', str(error))

    def test_the_container_that_is_named_first(self):
        self.assertEqual(
            'database_backups', loading.container(self.conf, None, None)
        )
        self.assertEqual('b', loading.container(self.conf, None, 'b', 'c'))


class StorageUrlTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.context = trove_context.TroveContext(
            project_id='p1',
            service_catalog=[
                {'type': 'compute', 'endpoints': [{'publicURL': 'http://n'}]},
                {
                    'type': 'object-store',
                    'endpoints': [
                        {
                            'region': region,
                            'publicURL': f'http://{region}/public',
                            'internalURL': f'http://{region}/internal',
                        }
                        for region in ('one', 'two')
                    ],
                },
            ],
        )

    def test_from_the_catalog(self):
        for region, kind, url in (
            (None, 'publicURL', 'http://one/public'),
            ('two', 'publicURL', 'http://two/public'),
            ('two', 'internalURL', 'http://two/internal'),
        ):
            self.config(os_region_name=region, swift_endpoint_type=kind)

            self.assertEqual(
                url, loading.storage_url(self.conf, self.context)
            )

    def test_from_the_option(self):
        self.config(swift_url='http://swift:8080/v1/AUTH_')

        self.assertEqual(
            'http://swift:8080/v1/AUTH_p1',
            loading.storage_url(self.conf, self.context),
        )

    def test_nowhere(self):
        self.config(os_region_name='three')

        error = self.assertRaises(
            exception.ConfigurationError,
            loading.storage_url,
            self.conf,
            self.context,
        )

        self.assertIn('in region three', str(error))
