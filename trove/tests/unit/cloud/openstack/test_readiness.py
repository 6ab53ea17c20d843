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
        # Release 26.0 stores no id so.
        images['c'] = ('', ('mysql',))

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

    def test_databases_that_other_guests_reach_are_told(self):
        self.config(management_networks=['n-management'])
        self.services.networks_['n-management'] = things.Thing()
        self.given()
        self.assertEqual([], self.cloud.problems({}))
        known = self.services.things['security'].values()
        (own,) = (each.id for each in known if each.name == 'trove_sg-i1')
        for port in self.services.things['port'].values():
            # As releases have it.
            port.security_group_ids = [own]

        found = self.problem()

        (port,) = (
            each.id
            for each in self.services.things['port'].values()
            if each.network_id == 'n-management'
        )
        self.assertIn('1 management ports', found)
        self.assertIn(port, found)
        self.assertIn('--security-group trove_sg-management', found)

    def test_so_is_the_default_group(self):
        self.config(trove_security_groups_support=False)

        self.assertIn('management_security_groups', self.problem())
        self.config(management_security_groups=['g'])
        self.services.things['security']['g'] = things.Thing()
        self.assertEqual([], self.cloud.problems({}))

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
            'volumes': {'limit': 10, 'in_use': 7, 'reserved': 0},
            'port': {'limit': 100, 'used': 79, 'reserved': 0},
        }

        found = self.problem()

        self.assertIn('Nova for instances', found)
        self.assertIn('is used up (10 of 10)', found)

    def test_those_that_soon_will_be_are_told_in_time(self):
        for service, resource in (
            *(('Nova', each) for each in ('ram', 'server_groups')),
            *(('Cinder', each) for each in ('gigabytes', 'snapshots')),
            ('Neutron', 'security_group_rule'),
        ):
            with self.subTest(resource):
                self.services.quotas = {resource: {'limit': 50, 'used': 40}}

                found = self.problem()

                self.assertIn(f'{service} for {resource}', found)
                self.assertIn('nearly used up (40 of 50)', found)

    def test_a_cloud_without_flavors_is_told(self):
        self.services.flavors = lambda details: []

        self.assertIn('no flavor', self.problem())

    def test_a_cloud_that_does_not_answer_is_a_problem(self):
        self.config(management_networks=[])
        self.config(retries=0, group='cloud_openstack')

        def get(url):
            raise things.error(503, 'down')

        self.services.get = get

        self.assertIn('down (HTTP 503)', self.problem())
