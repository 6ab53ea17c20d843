# SPDX-License-Identifier: Apache-2.0
"""Whether instances can be made."""

from __future__ import annotations

from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services
from trove.tests.unit.cloud.openstack import things


class ReadinessTest(clouds.TestCase):
    def setUp(self):
        super().setUp()
        self.config(management_networks=[services.EXTERNAL])

    def problem(self, images=None):
        (found,) = self.cloud.problems(images or {})
        return found

    def test_nothing_is_wrong(self):
        self.services.images_ = [
            things.Thing(
                id='image-1',
                status='active',
                owner=services.PROJECT,
                created_at='2026-11-01T08:00:00Z',
            )
        ]
        images = {'a': ('image-1', ()), 'b': (None, ('mysql',))}

        self.assertEqual([], self.cloud.problems(images))

    def test_networks_of_the_options_are_looked_at(self):
        self.config(management_networks=['n-none'])
        self.assertIn('which management_networks names', self.problem())
        self.config(management_networks=[])
        self.config(public_network_id='n-none', group='network')
        self.assertIn('[network] public_network_id', self.problem())
        self.config(public_network_id=None, group='network')
        self.config(management_security_groups=['none'])
        self.assertIn('management_security_groups names', self.problem())

    def test_versions_without_an_image_are_told(self):
        for image, text in (
            (('image-1', ()), 'no active image image-1'),
            ((None, ('mysql',)), 'no active image with the tags mysql'),
        ):
            found = self.problem({'Version 1 of datastore d': image})

            self.assertIn('Version 1 of datastore d', found)
            self.assertIn(text, found)

    def test_quotas_that_are_used_up_are_told(self):
        self.services.quotas = {
            'instances': {'limit': 10, 'in_use': 9, 'reserved': 1},
            'cores': {'limit': -1, 'in_use': 99, 'reserved': 0},
            'volumes': {'limit': 10, 'in_use': 9, 'reserved': 0},
            'port': {'limit': 5, 'used': 4, 'reserved': 0},
        }

        self.assertIn('Nova for instances', self.problem())

    def test_a_cloud_that_does_not_answer_is_a_problem(self):
        self.config(management_networks=[])
        self.config(retries=0, group='cloud_openstack')

        def get(url):
            raise things.error(503, 'down')

        self.services.get = get

        self.assertIn('down (HTTP 503)', self.problem())
