# SPDX-License-Identifier: Apache-2.0
"""The cloud that only remembers."""

from trove.cloud import base as cloud_base
from trove.cloud import noop
from trove.common import context
from trove.common import exception
from trove.tests import base


class NoopTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.cloud = noop.NoopCloud(self.conf)
        self.context = context.make_admin_context()

    def spec(self, instance_id='i1'):
        return cloud_base.ServerSpec(instance_id, 'db', noop.FLAVORS[0])

    def test_a_server_is_made_once_and_found_again(self):
        compute = self.cloud.compute

        first = compute.create_server(self.context, self.spec())
        second = compute.create_server(self.context, self.spec())

        self.assertEqual(first, second)
        self.assertEqual(first, compute.get_server(self.context, 'i1'))
        self.assertEqual(
            first.addresses, self.cloud.network.addresses(self.context, 'i1')
        )

    def test_deleting_leaves_nothing_and_may_be_repeated(self):
        self.cloud.volumes.create(self.context, 'i1', 2)
        self.cloud.compute.create_server(self.context, self.spec())

        for _ in range(2):
            self.cloud.compute.delete_server(self.context, 'i1')
            self.cloud.volumes.delete(self.context, 'i1')
            self.cloud.network.release(self.context, 'i1')

        self.assertEqual({}, self.cloud.servers)
        self.assertEqual({}, self.cloud.volume_sizes)
        self.assertIsNone(self.cloud.compute.get_server(self.context, 'i1'))
        self.assertIsNone(self.cloud.volumes.get(self.context, 'i1'))
        self.assertEqual(
            [], self.cloud.network.addresses(self.context, 'i1')
        )

    def test_a_step_fails_as_often_as_it_is_told_to(self):
        error = exception.CloudError(action='create', reason='no host')
        self.cloud.fail('create_server', error, times=2)

        for _ in range(2):
            self.assertRaises(
                exception.CloudError,
                self.cloud.compute.create_server,
                self.context,
                self.spec(),
            )
        self.cloud.compute.create_server(self.context, self.spec())

        self.assertEqual([('create_server', 'i1')] * 3, self.cloud.calls)

    def test_a_step_that_always_fails_can_be_healed(self):
        error = exception.CloudError(action='look', reason='broken')
        for step in (None, 'volumes.create'):
            self.cloud.fail('volumes.create', error)
            self.assertRaises(
                exception.CloudError,
                self.cloud.volumes.create,
                self.context,
                'i1',
                1,
            )

            self.cloud.heal(step)

            self.cloud.volumes.create(self.context, 'i1', 1)

    def test_a_hook_runs_at_the_start_of_its_step(self):
        seen = []
        self.cloud.on('reboot_server', seen.append)
        self.cloud.compute.create_server(self.context, self.spec())

        self.cloud.compute.reboot_server(self.context, 'i1')

        self.assertEqual(['i1'], seen)

    def test_a_server_may_be_made_in_any_status_and_change_it(self):
        self.cloud.build_as(cloud_base.BUILD)
        server = self.cloud.compute.create_server(self.context, self.spec())
        self.assertEqual('BUILD', server.status)

        self.cloud.set_status('i1', cloud_base.ERROR, 'no host')

        server = self.cloud.compute.get_server(self.context, 'i1')
        self.assertEqual(('ERROR', 'no host'), (server.status, server.reason))

    def test_resizing_changes_the_flavor_and_the_volume(self):
        self.cloud.volumes.create(self.context, 'i1', 1)
        self.cloud.compute.create_server(self.context, self.spec())

        self.cloud.compute.resize_server(
            self.context, 'i1', noop.FLAVORS[1]
        )
        self.cloud.volumes.extend(self.context, 'i1', 3)

        self.assertEqual('2', self.cloud.specs['i1'].flavor.id)
        self.assertEqual({'i1': 3}, self.cloud.volume_sizes)

    def test_a_volume_is_detached_until_it_is_attached(self):
        self.cloud.volumes.detach(self.context, 'i1')
        self.assertEqual({'i1'}, self.cloud.detached)

        self.cloud.volumes.attach(self.context, 'i1')

        self.assertEqual(set(), self.cloud.detached)

    def test_there_is_nothing_to_resume(self):
        self.assertEqual([], self.cloud.resume())
