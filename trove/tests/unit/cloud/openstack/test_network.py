# SPDX-License-Identifier: Apache-2.0
"""Ports, security groups and floating IPs."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services
from trove.tests.unit.cloud.openstack import things


class AccessTest(clouds.NetworkTestCase):
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


class PlaceTest(clouds.NetworkTestCase):
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
        for granted in ('p1', '*'):
            with self.subTest(granted):
                self.services.granted = ['p3', granted]

                self.given()
                self.delete()

    def test_nobody_has_a_port_in_the_management_network(self):
        self.config(management_networks=['n-user', 'n-management'])
        self.services.granted = ['*']
        self.refused(
            'not one that this project may use', nics=[{'subnet_id': 's-user'}]
        )
        for key in ('network_id', 'net-id'):
            # As an API of release 26.0 sends it, for a request without one.
            nics = [{key: 'n-user'}, {key: 'n-management'}]
            self.given(nics=nics)
            self.assertEqual(['n-management'], self.networks())
            self.delete()

    def test_a_subnet_does_not_tell_the_network_of_others(self):
        self.services.networks_['n-user'].project_id = 'p2'

        error = self.assertRaises(
            exception.CloudError, self.given, nics=[{'subnet_id': 's-user'}]
        )

        self.assertIn('subnet s-user is not one that', str(error))
        self.assertNotIn('n-user', str(error))

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

    def test_unless_the_operator_wants_one(self):
        self.config(nics_required=True, group='cloud_openstack')

        self.refused('names no network', nics=[])
        self.given()

    def test_a_replica_is_in_the_network_of_its_primary(self):
        self.config(nics_required=True, group='cloud_openstack')
        self.given()
        for nics in ([], [{'network_id': 'n-management'}]):
            with self.subTest(nics=nics):
                self.cloud.compute.create_server(
                    self.context,
                    self.spec(instance_id='i2', beside='i1', nics=nics),
                )

                self.assertEqual(
                    ['n-management', 'n-user'], self.networks('i2')
                )
                self.cloud.compute.delete_server(self.context, 'i2')
                self.cloud.network.release(self.context, 'i2')

    def test_so_it_is_in_the_subnets_of_the_primary(self):
        self.given()
        (port,) = (
            each
            for each in self.services.things['port'].values()
            if each.network_id == 'n-user' and each.name == 'trove-i1'
        )
        port.fixed_ips.append({'subnet_id': 's-6', 'ip_address': '2001::7'})

        self.cloud.compute.create_server(
            self.context, self.spec(instance_id='i2', beside='i1', nics=[])
        )

        self.assertEqual(['n-management', 'n-user'], self.networks('i2'))

    def networks(self, instance_id='i1'):
        return sorted(
            each.network_id
            for each in self.services.things['port'].values()
            if each.name == f'trove-{instance_id}'
        )

    def asked(self, *nics, **access):
        return self.cloud.network.refusal_to_place(
            nics, cloud_base.Access(**access)
        )

    def test_a_request_is_judged_before_anything_is_made(self):
        user = {'network_id': 'n-user'}
        self.assertIsNone(self.asked(user, is_public=True))
        self.assertIsNone(self.asked(allowed_cidrs=['10.0.0.0/8']))
        self.assertIn(
            'network n-management is not one',
            self.asked({'network_id': 'n-management'}),
        )
        self.assertIn('no public addresses', self.asked(is_public=True))
        self.config(management_security_groups=['g'])
        self.assertIn(
            'allowed_cidrs', self.asked(allowed_cidrs=['10.0.0.0/8'])
        )
        self.config(nics_required=True, group='cloud_openstack')
        self.assertIn('nobody could reach', self.asked())
        self.config(management_networks=[])
        self.assertIn('management_networks', self.asked())
        self.assertEqual([], self.services.asked)


class ReleaseTest(clouds.NetworkTestCase):
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
