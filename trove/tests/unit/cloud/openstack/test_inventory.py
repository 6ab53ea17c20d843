# SPDX-License-Identifier: Apache-2.0
"""What there is in the cloud, by its marks."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.tests.unit.cloud.openstack import clouds

ID = '0f8c8d3e-5b1a-4a53-9c4e-7d3b1a2c4e5f'


class InventoryTest(clouds.TestCase):
    def found(self):
        return self.cloud.inventory(self.context)

    def given_all(self):
        volume = self.cloud.volumes.create(self.context, ID, 1)
        self.cloud.compute.create_server(
            self.context,
            self.spec(
                instance_id=ID,
                volume_id=volume.id,
                locality='affinity',
                access=cloud_base.Access(is_public=True),
            ),
        )

    def test_all_of_an_instance_is_found(self):
        self.given_all()

        (things,) = self.found().values()
        kinds = {each.rpartition(' ')[0] for each in things}
        self.assertEqual(
            {'server', 'volume', 'port', 'security group', 'floating IP'},
            kinds,
        )

    def test_what_is_left_is_found_and_can_be_deleted(self):
        self.given_all()
        self.cloud.compute.delete_server(self.context, ID)
        self.assertEqual([ID], list(self.found()))

        self.cloud.volumes.delete(self.context, ID)
        self.cloud.network.release(self.context, ID)

        self.assertEqual({}, self.found())

    def test_a_server_group_without_servers_is_found(self):
        self.services.create_server_group(f'locality_{ID}', ['affinity'])

        (things,) = self.found().values()
        self.assertIn('server group', things[0])
        self.cloud.compute.delete_server(self.context, ID)
        self.assertEqual({}, self.found())

    def test_names_of_others_are_not_taken_for_ids(self):
        # Of "i1", as an operator may call something.
        self.given(access=cloud_base.Access(is_public=True))

        self.assertEqual({}, self.found())
