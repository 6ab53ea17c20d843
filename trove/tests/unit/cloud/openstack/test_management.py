# SPDX-License-Identifier: Apache-2.0
"""Ports in the management network."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds


class ManagementPortTest(clouds.NetworkTestCase):
    def groups(self, kind):
        """Return the names of the groups of a port."""
        (port,) = (
            each
            for each in self.services.things['port'].values()
            if each.description.startswith(kind)
        )
        known = self.services.things['security']
        return [known[each].name for each in port.security_group_ids]

    def ingress(self, name):
        return [
            rule
            for rule in self.services.things['rule'].values()
            for group in self.services.things['security'].values()
            if group.name == name and rule.security_group_id == group.id
        ]

    def test_other_guests_do_not_reach_the_database(self):
        self.given()

        self.assertEqual(['trove_sg-i1'], self.groups('User'))
        self.assertEqual(['trove_sg-management'], self.groups('Management'))
        self.assertEqual([], self.ingress('trove_sg-management'))

    def test_the_group_is_shared_and_stays(self):
        self.given()
        self.cloud.compute.create_server(
            self.context, self.spec(instance_id='i2')
        )

        names = [e.name for e in self.services.things['security'].values()]
        self.assertEqual(1, names.count('trove_sg-management'))
        self.delete()
        self.assertEqual(['trove_sg-management'], self.groups('Management'))
        self.assertEqual({}, self.cloud.inventory(self.context))

    def test_the_operator_may_choose_it(self):
        group = self.services.create_security_group(name='chosen')
        self.config(management_security_groups=[group.id])
        self.given()

        self.assertEqual(['chosen'], self.groups('Management'))

    def test_the_only_port_has_the_group_of_the_instance(self):
        self.given(nics=[])

        self.assertEqual(['trove_sg-i1'], self.groups('Management'))


class ManagementOnlyTest(clouds.NetworkTestCase):
    """The access to an instance without a network of its user."""

    def test_it_is_not_created_with_a_floating_ip(self):
        self.refused(
            'no public addresses',
            nics=[],
            access=cloud_base.Access(is_public=True),
        )

    def test_nor_does_it_get_one(self):
        self.given(nics=[])

        for change in (1, 2):
            # Later, the option names another network.
            error = self.assertRaises(
                exception.CloudError, self.set_access, is_public=True
            )

            self.assertIn('management network', str(error))
            self.assertEqual({}, self.services.things['ip'], change)
            self.config(management_networks=['n-other'])

    def test_one_that_has_it_loses_it(self):
        self.given(nics=[])
        (port,) = (
            each
            for each in self.services.things['port'].values()
            if each.name == 'trove-i1'
        )
        self.services.create_ip(port_id=port.id, description='trove-i1')

        self.set_access(is_public=False, allowed_cidrs=['10.0.0.0/8'])

        self.assertEqual({}, self.services.things['ip'])
        self.assertEqual({('tcp', 3306, '10.0.0.0/8')}, self.rules())

    def test_what_would_not_be_applied_is_refused(self):
        group = self.services.create_security_group(name='chosen')
        self.config(management_security_groups=[group.id])
        self.given(nics=[])

        error = self.assertRaises(
            exception.CloudError,
            self.set_access,
            allowed_cidrs=['10.0.0.0/8'],
        )

        self.assertIn('up to the operator', str(error))
