# SPDX-License-Identifier: Apache-2.0
"""What is in the cloud of instances that are not in the database."""

from __future__ import annotations

from unittest import mock

import fixtures

from trove import cloud as trove_cloud
from trove.cloud import noop
from trove.cmd import _orphans
from trove.common import context as trove_context
from trove.common import exception
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.tests.unit.cmd import base


class OrphansTest(base.ManageTestCase):
    context = trove_context.TroveContext(project_id='p1', overwrite=False)

    def setUp(self):
        super().setUp()
        self.synced()
        self.cloud = noop.NoopCloud(self.conf)
        self.useFixture(
            fixtures.MockPatchObject(
                trove_cloud, 'load', return_value=self.cloud
            )
        )
        datastores.save('postgresql')
        version = datastores.save_version(
            'postgresql', '18', manager='postgresql', version='18.6'
        )
        self.owned = instances.create(
            self.conf,
            self.context,
            name='db',
            flavor_id='1',
            ram=512,
            volume_size=1,
            datastore_version_id=version.id,
        ).id
        for instance_id in (self.owned, 'gone'):
            self.cloud.volumes.create(self.context, instance_id, 1)

    def test_they_are_listed(self):
        self.assertEqual(0, self.run_manage('orphans'))

        self.assertEqual('gone  volume\n', self.out)
        self.assertEqual(2, len(self.cloud.volume_sizes))

    def test_those_that_are_named_are_deleted(self):
        self.cloud.volumes.create(self.context, 'another', 1)

        self.assertEqual(0, self.run_manage('orphans', '--delete', 'gone'))

        self.assertEqual('gone  volume\n', self.out)
        self.assertEqual(
            {self.owned, 'another'}, set(self.cloud.volume_sizes)
        )

    def test_accounts_at_the_broker(self):
        accounts = mock.Mock()
        accounts.instances.return_value = [self.owned, 'gone', 'long-gone']
        self.useFixture(
            fixtures.MockPatchObject(
                _orphans, '_accounts', return_value=accounts
            )
        )

        self.assertEqual(
            0, self.run_manage('orphans', '--delete', 'gone', 'long-gone')
        )

        self.assertEqual(
            'gone  broker account, volume\nlong-gone  broker account\n',
            self.out,
        )
        self.assertEqual(
            [mock.call('gone'), mock.call('long-gone')],
            accounts.delete.mock_calls,
        )

    def test_one_that_is_owned_is_not_deleted(self):
        self.assertEqual(
            1, self.run_manage('orphans', '--delete', 'gone', self.owned)
        )

        self.assertIn(f'has the value {self.owned}', self.error)
        self.assertEqual(2, len(self.cloud.volume_sizes))

    def test_what_cannot_be_deleted_is_told(self):
        error = exception.CloudError(action='delete it', reason='locked')
        self.cloud.fail('volumes.delete', error)

        self.assertEqual(1, self.run_manage('orphans', '--delete', 'gone'))

        self.assertIn('locked', self.out)
        self.assertIn('run the command again', self.error)
        self.assertIn(('network.release', 'gone'), self.cloud.calls)
