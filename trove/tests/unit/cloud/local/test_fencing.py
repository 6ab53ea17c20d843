# SPDX-License-Identifier: Apache-2.0
"""Work that somebody else has taken over."""

import fixtures

from trove.cloud.local import locks
from trove.common import exception
from trove.tests.unit.cloud.local import guests


class NotOurs(Exception):
    """The work is somebody else's."""


class FencingTest(guests.LocalCloudTestCase):
    def refuse(self):
        raise NotOurs

    def changes(self, cloud):
        flavor = cloud.compute.list_flavors(self.context)[1]
        one = (self.context, 'i1')
        return {
            'create_server': lambda: cloud.compute.create_server(
                self.context, self.spec()
            ),
            'reboot_server': lambda: cloud.compute.reboot_server(*one),
            'resize_server': lambda: cloud.compute.resize_server(*one, flavor),
            'delete_server': lambda: cloud.compute.delete_server(*one),
            'volumes.create': lambda: cloud.volumes.create(*one, 1),
            'volumes.extend': lambda: cloud.volumes.extend(*one, 2),
            'volumes.delete': lambda: cloud.volumes.delete(*one),
            'network.release': lambda: cloud.network.release(*one),
        }

    def test_nothing_is_changed(self):
        server = self.create()
        volume = self.cloud.volumes.create(self.context, 'i1', 1)
        self.wait_for_starts(1)

        for name, change in self.changes(
            self.cloud.fenced(self.refuse)
        ).items():
            with self.subTest(name):
                self.assertRaises(NotOurs, change)

        self.assertEqual(server, self.server())
        self.assertEqual(volume, self.cloud.volumes.get(self.context, 'i1'))

    def test_the_check_is_made_under_the_lock(self):
        # Given: whoever takes the work over cannot get in between.
        self.create()
        self.useFixture(fixtures.MonkeyPatch(f'{locks.__name__}.TIMEOUT', 0))
        other = self.new_cloud()
        seen = []

        def check():
            seen.append(
                self.assertRaises(
                    exception.CloudError,
                    other.compute.reboot_server,
                    self.context,
                    'i1',
                )
            )

        self.cloud.fenced(check).compute.reboot_server(self.context, 'i1')

        self.assertIn('another process has held it', str(seen[0]))

    def test_looking_is_for_everybody(self):
        server = self.create()

        fenced = self.cloud.fenced(self.refuse)

        self.assertEqual(
            server.id, fenced.compute.get_server(self.context, 'i1').id
        )
