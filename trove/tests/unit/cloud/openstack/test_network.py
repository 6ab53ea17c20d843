# SPDX-License-Identifier: Apache-2.0
"""Ports, security groups and floating IPs."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services
from trove.tests.unit.cloud.openstack import things


class NetworkTestCase(clouds.TestCase):
    def rules(self):
        return {
            (each.protocol, each.port_range_min, each.remote_ip_prefix)
            for each in self.services.things['rule'].values()
        }

    def set_access(self, **access):
        self.cloud.network.set_access(
            self.context, 'i1', cloud_base.Access.of(access), 'mysql', 'p1'
        )

    def refused(self, *texts, **values):
        error = self.assertRaises(exception.CloudError, self.given, **values)
        for text in texts:
            self.assertIn(text, str(error))
        self.delete()
        self.assertEqual([], self.services.left())


class AccessTest(NetworkTestCase):
    def test_without_allowed_cidrs_it_is_that_of_the_operator(self):
        self.given()

        self.assertEqual({('tcp', 3306, '0.0.0.0/0')}, self.rules())

    def test_all_ports_of_the_datastore_are_reached(self):
        self.config(tcp_ports=['3306', '33060-33062'], group='mysql')
        self.config(udp_ports=['99'], group='mysql')
        self.given(
            access=cloud_base.Access(allowed_cidrs=['10.0.0.0/8', '2001::/16'])
        )

        self.assertEqual(6, len(self.rules()))
        self.assertIn(('tcp', 33060, '2001::/16'), self.rules())
        self.assertIn(('udp', 99, '10.0.0.0/8'), self.rules())

    def test_a_malformed_port_is_told(self):
        for text in ('x', '0', '10-9', '65536'):
            self.config(tcp_ports=[text], group='mysql')

            error = self.assertRaises(
                exception.ConfigurationError, self.given
            )

            self.assertIn('[mysql] tcp_ports', str(error))

    def test_no_networks_mean_nobody(self):
        self.given()
        self.set_access(allowed_cidrs=[])

        self.assertEqual(set(), self.rules())

    def test_those_who_stay_are_not_cut_off(self):
        self.given(access=cloud_base.Access(False, ['10.1.0.0/16']))
        before = set(self.services.things['rule'])

        self.set_access(allowed_cidrs=['10.1.0.0/16', '10.2.0.0/16'])
        self.assertLess(before, set(self.services.things['rule']))
        self.services.asked.clear()
        self.set_access(allowed_cidrs=['10.3.0.0/16'])

        self.assertEqual({('tcp', 3306, '10.3.0.0/16')}, self.rules())
        self.assertLess(
            self.services.asked.index('create_security_group_rule'),
            self.services.asked.index('delete_security_group_rule'),
        )

    def test_a_public_address_comes_and_goes(self):
        self.given()
        for public, expected in ((True, ['private', 'public']),) * 2 + (
            (False, ['private']),
        ) * 2:
            self.set_access(is_public=public)

            found = self.cloud.network.addresses(self.context, 'i1')
            self.assertEqual(expected, [kind for _, kind in found])
        self.assertEqual({}, self.services.things['ip'])

    def test_it_belongs_to_the_project_of_the_instance(self):
        self.given(access=cloud_base.Access(is_public=True))

        (found,) = self.services.things['ip'].values()
        self.assertEqual(
            ('p1', 'trove-i1', services.EXTERNAL),
            (
                found.project_id,
                found.description,
                found.floating_network_id,
            ),
        )

    def test_an_option_that_names_no_external_network_is_told(self):
        for chosen in ('gone', services.USER_NETWORK):
            with self.subTest(chosen):
                self.config(public_network_id=chosen, group='network')
                self.services.fail('create_ip', 404, 'Network not found')

                error = self.assertRaises(
                    exception.CloudError,
                    self.given,
                    access=cloud_base.Access(is_public=True),
                )

                self.assertIn('public_network_id', str(error))
                self.assertIn(chosen, str(error))

    def test_and_one_that_names_one_is_not_blamed(self):
        self.config(public_network_id=services.EXTERNAL, group='network')
        self.services.fail('create_ip', 409, "Quota exceeded: ['floatingip']")

        error = self.assertRaises(
            exception.CloudError,
            self.given,
            access=cloud_base.Access(is_public=True),
        )

        self.assertIn('Quota exceeded', str(error))

    def test_security_groups_may_be_left_to_the_operator(self):
        self.config(trove_security_groups_support=False)
        self.given()

        self.assertEqual({}, self.services.things['security'])


class PlaceTest(NetworkTestCase):
    def test_a_network_of_others_is_not_used(self):
        self.services.networks_['n-user'].project_id = 'p2'

        self.refused('not one that this project may use')

    def test_nor_is_one_of_the_operator(self):
        self.refused(
            'not one that this project may use',
            nics=[{'network_id': services.EXTERNAL}],
        )

    def test_nor_is_one_that_was_granted_to_the_services(self):
        network = self.services.networks_['n-user']
        network.project_id, network.is_shared = 'p2', True
        self.services.granted = [services.PROJECT]

        self.refused('not one that this project may use')

    def test_one_that_was_granted_is(self):
        self.services.networks_['n-user'].project_id = 'p2'
        self.services.granted = ['p1']

        self.given()

    def test_what_is_not_there_is_refused(self):
        for nic, text in (
            ({'network_id': 'n-none'}, 'not one that this project may use'),
            ({'subnet_id': 's-none'}, 'subnet s-none is not one that'),
            (
                {'network_id': 'n-none', 'subnet_id': 's-user'},
                'not in network n-none',
            ),
        ):
            self.refused(text, nics=[nic])

    def test_a_network_without_a_router_is_refused(self):
        del self.services.things['port']['router']

        self.refused('no router connects network n-user')

    def test_unless_the_operator_wants_it(self):
        del self.services.things['port']['router']
        self.config(enable_access_check=False, group='network')
        self.refused(
            'no router', access=cloud_base.Access(is_public=True)
        )

        self.given()

    def test_a_network_without_a_subnet_is_refused(self):
        self.services.networks_['n-bare'] = things.Thing(
            id='n-bare', project_id='p1', is_shared=False
        )
        self.refused(
            'n-bare has no subnet', nics=[{'network_id': 'n-bare'}]
        )

    def test_an_address_may_be_chosen(self):
        self.given(nics=[{'subnet_id': 's-user', 'ip_address': '10.0.0.77'}])

        found = self.cloud.network.addresses(self.context, 'i1')
        self.assertEqual([('10.0.0.77', 'private')], found)

    def test_but_not_in_a_network_of_others(self):
        self.services.networks_['n-user'].project_id = 'p2'
        self.services.granted = ['*']

        self.refused(
            'alone chooses addresses',
            nics=[{'subnet_id': 's-user', 'ip_address': '10.0.0.77'}],
        )
        self.given(nics=[{'subnet_id': 's-user'}])

    def test_without_any_network_the_request_is_refused(self):
        self.config(management_networks=[])
        self.refused('names no network', nics=[])

    def test_without_one_of_the_user_it_is_that_of_the_operator(self):
        self.given(nics=[])

        self.assertEqual(
            1, len(self.cloud.network.addresses(self.context, 'i1'))
        )


class ReleaseTest(NetworkTestCase):
    def test_all_is_tried_and_what_is_left_is_told(self):
        self.given(access=cloud_base.Access(is_public=True))
        self.cloud.compute.delete_server(self.context, 'i1')
        self.services.fail('delete_port', 409, 'port is locked', times=9)

        error = self.assertRaises(
            exception.CloudError,
            self.cloud.network.release,
            self.context,
            'i1',
        )

        self.assertIn('delete the port', str(error))
        self.assertIn('port is locked', str(error))
        self.assertEqual({}, self.services.things['ip'])
        self.assertNotIn('security', ' '.join(self.services.left()))

    def test_a_floating_ip_without_its_port_is_found(self):
        self.given(access=cloud_base.Access(is_public=True))
        for found in self.services.things['ip'].values():
            found.port_id = None

        self.delete()

        self.assertEqual([], self.services.left())
