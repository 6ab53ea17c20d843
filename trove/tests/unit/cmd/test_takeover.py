# SPDX-License-Identifier: Apache-2.0
"""Instances of a release, as this one finds them after the upgrade."""

from __future__ import annotations

import fixtures
import sqlalchemy as sa

from trove import cloud as trove_cloud
from trove.cloud import base as cloud_base
from trove.cloud import noop
from trove.common import context as trove_context
from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.cmd import base


class TakeoverTest(base.ManageTestCase):
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
        self.version = datastores.save_version(
            'postgresql', '18', manager='postgresql', version='18.6'
        ).id

    def instance(self, server=True, volume=True, **columns):
        """An instance of a release: nothing but its row and the cloud."""
        made = instances.create(
            self.conf,
            self.context,
            name='db',
            flavor_id='1',
            ram=512,
            volume_size=1,
            datastore_version_id=self.version,
        ).id
        values = {'task_id': states.Task.NONE.code, **columns}
        if volume:
            found = self.cloud.volumes.create(self.context, made, 1)
            values.setdefault('volume_id', found.id)
        if server:
            flavor = self.cloud.compute.list_flavors(self.context)[0]
            spec = cloud_base.ServerSpec(made, 'db', flavor, 'image')
            found = self.cloud.compute.create_server(self.context, spec)
            values.setdefault('compute_instance_id', found.id)
        with session.writer() as db:
            db.execute(
                sa.update(models.Instance)
                .where(models.Instance.id == made)
                .values(**values)
            )
        return made

    def addresses(self, instance_id):
        found = instances.get(self.context, instance_id)
        return [each.address for each in found.addresses]

    def test_addresses_are_recorded_once(self):
        made = self.instance()
        expected = self.cloud.network.addresses(self.context, made)

        self.assertEqual(0, self.run_manage('takeover'), self.error)

        self.assertEqual([a for a, _ in expected], self.addresses(made))
        self.assertIn(f'{made}  recorded {expected[0][0]}', self.out)
        self.assertIn('1 instances, addresses of 1 recorded', self.out)

        self.assertEqual(0, self.run_manage('takeover'), self.error)
        self.assertIn('1 instances, addresses of 0 recorded', self.out)

    def test_what_differs_from_the_cloud_is_told(self):
        lost = self.instance(server=False)
        empty = self.instance(volume=False)
        other = self.instance(compute_instance_id='s0', volume_id='v0')
        good = self.instance()

        self.assertEqual(1, self.run_manage('takeover'))

        self.assertIn(f'{lost}  has no server', self.out)
        self.assertIn(f'{empty}  has no volume', self.out)
        self.assertIn('and s0 in the database', self.out)
        self.assertIn('and v0 in the database', self.out)
        self.assertIn('3 instances differ', self.error)
        self.assertEqual([], self.addresses(other))
        self.assertNotEqual([], self.addresses(good))

    def test_one_with_a_job_is_not_compared(self):
        made = self.instance(task_id=states.Task.REBOOTING.code)
        gone = self.instance(server=False, task_id=states.Task.DELETING.code)

        self.assertEqual(0, self.run_manage('takeover'), self.error)

        self.assertIn(f'{made}  not compared: REBOOT', self.out)
        self.assertIn(f'{gone}  not compared: SHUTDOWN', self.out)
        self.assertNotEqual([], self.addresses(made))
        self.assertIn('2 instances, addresses of 1 recorded', self.out)
