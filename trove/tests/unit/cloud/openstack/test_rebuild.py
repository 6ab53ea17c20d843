# SPDX-License-Identifier: Apache-2.0
"""Servers that get the disk of another image."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds


class RebuildTest(clouds.TestCase):
    def rebuild(self):
        self.cloud.compute.rebuild_server(
            self.context, self.spec(image_id='image-2')
        )
        (server,) = self.services.things['server'].values()
        return server

    def check(self):
        self.cloud.compute.check_rebuild(self.context, 'i1')

    def test_nova_does_it_with_the_oldest_microversion(self):
        self.given()

        self.check()
        server = self.rebuild()

        self.assertEqual('image-2', server.image_id)
        self.assertFalse(hasattr(server, 'microversion'))

    def test_a_root_disk_on_a_volume_takes_a_newer_one(self):
        self.config(volume_rootdisk_support=True)
        self.services.newest = '2.96'
        self.given()

        self.check()
        server = self.rebuild()

        self.assertEqual(
            ('2.93', 'image-2'), (server.microversion, server.imageRef)
        )

    def test_a_nova_that_cannot_is_told(self):
        self.config(volume_rootdisk_support=True)
        self.services.newest = '2.90'
        self.given()

        for refused in (self.check, self.rebuild):
            error = self.assertRaises(exception.CloudError, refused)

            self.assertIn('2.93', str(error))
            self.assertIn('2.90', str(error))
        self.assertNotIn('rebuild_server', self.services.asked)

    def test_the_host_may_have_to_download_the_image(self):
        self.config(reboot_time_out=2, resize_time_out=1)
        self.given()
        (server,) = self.services.things['server'].values()
        self.services._become = lambda *_, **__: vars(server).update(
            task_state='rebuilding'
        )

        error = self.assertRaises(exception.CloudError, self.rebuild)

        self.assertIn('not done after 1 seconds', str(error))

    def test_a_server_that_is_gone_is_told_with_what_helps(self):
        compute = self.cloud.compute
        for change in (
            self.check,
            self.rebuild,
            lambda: compute.reboot_server(self.context, 'i1'),
            lambda: compute.resize_server(
                self.context, 'i1', self.flavor(2)
            ),
            lambda: compute.migrate_server(self.context, 'i1', None),
        ):
            error = self.assertRaises(exception.NotFound, change)

            self.assertIn('Save the data of a server', error.remedy)
