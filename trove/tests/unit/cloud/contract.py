# SPDX-License-Identifier: Apache-2.0
"""What the task manager relies on, of each driver of a cloud."""

from trove.cloud import base as cloud_base
from trove.common import context as trove_context
from trove.common import exception


class Contract:
    """Tests for a test case that has the cloud ``self.cloud``."""

    context = trove_context.make_admin_context()

    def given_server(self):
        flavor = self.cloud.compute.list_flavors(self.context)[0]
        volume = self.cloud.volumes.create(self.context, 'i1', 2)
        spec = cloud_base.ServerSpec(
            'i1', 'db', flavor, 'image', volume_id=volume.id
        )
        self.addCleanup(self.delete)
        return self.cloud.compute.create_server(self.context, spec)

    def delete(self):
        self.cloud.compute.delete_server(self.context, 'i1')
        self.cloud.volumes.delete(self.context, 'i1')
        self.cloud.network.release(self.context, 'i1')

    def test_what_is_made_twice_is_made_once(self):
        server = self.given_server()
        volume = self.cloud.volumes.get(self.context, 'i1')

        self.assertEqual(server.id, self.given_server().id)
        self.assertEqual(volume, self.cloud.volumes.get(self.context, 'i1'))

    def test_deletion_leaves_nothing_and_may_be_repeated(self):
        self.given_server()

        self.delete()
        self.delete()

        cloud = self.cloud
        self.assertIsNone(cloud.compute.get_server(self.context, 'i1'))
        self.assertIsNone(cloud.volumes.get(self.context, 'i1'))
        self.assertEqual([], cloud.network.addresses(self.context, 'i1'))

    def test_what_is_there_is_listed_by_instance(self):
        instance_id = '0f8c8d3e-5b1a-4a53-9c4e-7d3b1a2c4e5f'
        volumes = self.cloud.volumes
        self.assertEqual({}, dict(self.cloud.inventory(self.context)))
        volumes.create(self.context, instance_id, 1)

        found = self.cloud.inventory(self.context)

        self.assertEqual([instance_id], list(found))
        self.assertIn('volume', found[instance_id][0])
        volumes.delete(self.context, instance_id)
        self.assertEqual({}, dict(self.cloud.inventory(self.context)))

    def test_addresses_have_a_type(self):
        self.given_server()

        found = self.cloud.network.addresses(self.context, 'i1')

        types = {type_ for _, type_ in found}
        self.assertEqual(set(), types - {'private', 'public'})
        self.assertEqual(found, sorted(found, key=lambda pair: pair[1]))

    def test_what_is_not_there_cannot_be_changed(self):
        compute, volumes = self.cloud.compute, self.cloud.volumes
        flavor = compute.list_flavors(self.context)[-1]
        for change in (
            lambda: compute.reboot_server(self.context, 'i1'),
            lambda: compute.resize_server(self.context, 'i1', flavor),
            lambda: compute.rebuild_server(
                self.context,
                cloud_base.ServerSpec('i1', 'db', flavor, 'image'),
            ),
            lambda: volumes.extend(self.context, 'i1', 3),
        ):
            self.assertRaises(exception.NotFound, change)

    def test_a_rebuilt_server_keeps_volume_address_and_id(self):
        flavor = self.cloud.compute.list_flavors(self.context)[0]
        server = self.given_server()
        volume = self.cloud.volumes.get(self.context, 'i1')
        spec = cloud_base.ServerSpec(
            'i1', 'db', flavor, 'image', volume_id=volume.id
        )

        for _ in range(2):
            rebuilt = self.cloud.compute.rebuild_server(self.context, spec)

            self.assertEqual(
                (server.id, server.addresses), (rebuilt.id, rebuilt.addresses)
            )
        self.assertEqual(volume, self.cloud.volumes.get(self.context, 'i1'))

    def test_the_console_ends_with_the_server(self):
        compute = self.cloud.compute
        self.assertEqual('', compute.console(self.context, 'i1'))
        self.given_server()

        self.prints('i1', 'Began.\n\x1b[1mno route to broker\n')

        shown = compute.console(self.context, 'i1')
        self.assertIn('Began.\n\\x1b[1mno route to broker', shown)
        self.delete()
        self.assertEqual('', compute.console(self.context, 'i1'))

    def test_a_server_moves_or_the_cloud_says_why_not(self):
        self.given_server()
        if 'migrate_server' in self.cloud.refuses:
            self.assertRaises(
                exception.CloudError,
                self.cloud.compute.migrate_server,
                self.context,
                'i1',
                None,
            )
            return
        moved = self.cloud.compute.migrate_server(self.context, 'i1', 'h2')
        self.assertEqual('h2', moved.host)

    def test_a_server_that_is_stopped_runs_after_a_reboot(self):
        compute = self.cloud.compute
        self.given_server()

        for _ in range(2):
            compute.stop_server(self.context, 'i1')
            server = compute.get_server(self.context, 'i1')
            self.assertEqual(cloud_base.SHUTOFF, server.status)
        self.assertEqual([], self.cloud.resume())
        compute.reboot_server(self.context, 'i1')
        compute.stop_server(self.context, 'nobody')

        server = compute.get_server(self.context, 'i1')
        self.assertEqual(cloud_base.ACTIVE, server.status)

    def test_a_volume_grows_and_does_not_shrink(self):
        volumes = self.cloud.volumes
        self.given_server()

        self.assertEqual(3, volumes.extend(self.context, 'i1', 3).size)
        self.assertEqual(3, volumes.extend(self.context, 'i1', 3).size)
        self.assertRaises(
            exception.CloudError, volumes.extend, self.context, 'i1', 2
        )

    def test_a_volume_leaves_its_server_or_the_cloud_says_not(self):
        volumes = self.cloud.volumes
        self.given_server()
        if not volumes.detachable:
            for change in (volumes.detach, volumes.attach):
                self.assertRaises(
                    exception.NotSupported, change, self.context, 'i1'
                )
            return
        before = volumes.get(self.context, 'i1')
        for change in (volumes.detach, volumes.attach):
            for _ in range(2):
                change(self.context, 'i1')
                self.assertEqual(before, volumes.get(self.context, 'i1'))

    def test_flavors_are_found_by_id(self):
        compute = self.cloud.compute
        for flavor in compute.list_flavors(self.context):
            self.assertEqual(
                flavor, compute.get_flavor(self.context, flavor.id)
            )
        self.assertRaises(
            exception.FlavorNotFound, compute.get_flavor, self.context, '99'
        )
