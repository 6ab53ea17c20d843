# SPDX-License-Identifier: Apache-2.0

from unittest import mock
import uuid

from trove.cloud import base as cloud_base
from trove.cloud.local import driver
from trove.objects import association
from trove.objects.instance import workflows
from trove.tests.unit.api import base

NETWORK = str(uuid.uuid4())
SUBNET = str(uuid.uuid4())


class TestOffers(base.TestCase):
    """Given a cloud that knows its volume types and networks."""

    def setUp(self):
        super().setUp()
        self.cloud.volumes.types = lambda context: [
            cloud_base.VolumeType('fast', 'fast')
        ]
        self.cloud.network.networks = lambda context: [NETWORK]

    def test_what_the_cloud_has(self):
        body = self.order(
            volume={'size': 1, 'type': 'fast'}, nics=[{'net-id': NETWORK}]
        )

        response = self.post('/instances', body)

        self.assertEqual(200, response.status_code, response.text)

    def test_what_it_has_not(self):
        for changes, words in (
            ({'volume': {'size': 1, 'type': 'slow'}}, ('"slow"', '"fast"')),
            ({'nics': [{'net-id': SUBNET}]}, (SUBNET, NETWORK, 'net-id')),
            ({'nics': [{'network_id': SUBNET}]}, (SUBNET, 'network_id')),
        ):
            response = self.post('/instances', self.order(**changes))
            self.assert_refused(response, *words, 'omit')
        for nic in (
            {'network_id': NETWORK, 'subnet_id': SUBNET},
            {'subnet_id': SUBNET, 'ip_address': '10.0.0.7'},
        ):
            response = self.post('/instances', self.order(nics=[nic]))
            self.assert_fault(response, 501, 'notImplemented', 'subnet_id')
        self.assertEqual([], self.transport.sent)

    def test_networks_that_the_cloud_refuses(self):
        asked = []

        def refusal(nics, access):
            asked.append((list(nics), access.is_public))
            return 'name one'

        self.cloud.network.refusal_to_place = refusal

        response = self.post(
            '/instances', self.order(access={'is_public': True})
        )

        self.assert_refused(response, 'instance.nics: name one.')
        self.assertEqual([([], True)], asked)
        self.assertEqual([], self.transport.sent)

    def test_a_replica_has_the_network_of_its_primary(self):
        self.config(storage_strategy='local', storage_drivers=['local'])
        body = {'name': 'copy', 'replica_of': self.active().id}
        refusal = mock.Mock(return_value='name one')
        self.cloud.network.refusal_to_place = refusal

        named = self.post(
            '/instances',
            {'instance': {**body, 'nics': [{'net-id': NETWORK}]}},
        )
        without = self.post('/instances', {'instance': body})

        self.assert_refused(named, 'instance.nics: name one.')
        self.assertEqual(200, without.status_code, without.text)

    def test_volume_types_that_are_associated_with_the_version(self):
        def ordered(type_):
            volume = {'size': 1, 'type': type_}
            return self.post('/instances', self.order(volume=volume))

        association.add(
            self.version.id, association.VOLUME_TYPE, ['gone']
        )
        self.assert_refused(ordered('fast'), '"fast"', 'administrator')
        association.add(
            self.version.id, association.VOLUME_TYPE, ['fast']
        )
        self.assert_refused(ordered(None), 'missing', 'Use "fast"')
        self.assertEqual([], self.transport.sent)

        self.assertEqual(200, ordered('fast').status_code)

    def test_flavors_that_are_associated_with_the_version(self):
        instance = self.active()
        first, second, third = self.cloud.compute.list_flavors(None)[:3]
        association.add(self.version.id, association.FLAVOR, [second.id])

        def ordered(flavor):
            order = self.order(flavorRef=flavor.id)
            resize = {'resize': {'flavorRef': flavor.id}}
            return (
                self.post('/instances', order),
                self.post(f'/instances/{instance.id}/action', resize),
            )

        for response in ordered(third):
            self.assert_refused(response, third.id, f'"{second.id}"')
        self.assertEqual([], self.transport.sent)
        for response, code in zip(ordered(second), (200, 202), strict=True):
            self.assertEqual(code, response.status_code, response.text)

    def test_a_flavor_of_others_is_for_versions_that_have_it(self):
        hidden = cloud_base.Flavor('9', 'gpu', 1024, 1, 5, is_public=False)
        self.cloud.compute.get_flavor = lambda context, flavor_id: hidden

        def ordered():
            return self.post('/instances', self.order(flavorRef='9'))

        self.assert_refused(ordered(), 'Flavor 9 does not exist', 'flavorRef')
        association.add(self.version.id, association.FLAVOR, ['9'])
        response = ordered()
        self.assertEqual(200, response.status_code, response.text)

    def test_a_zone_names_no_host(self):
        self.cloud.ignores = frozenset()

        for zone in 'nova:node-1', 'nova:node-1:node-1', ':node-1':
            order = self.order(availability_zone=zone)
            response = self.post('/instances', order)
            self.assert_refused(response, 'availability_zone', 'colon')

    def test_more_networks_than_an_instance_may_have(self):
        self.cloud.ignores = frozenset()
        networks = [f'10.0.{number}.0/24' for number in range(101)]

        def ordered(count):
            access = {'allowed_cidrs': networks[:count]}
            return self.post('/instances', self.order(access=access))

        self.assert_refused(ordered(101), 'at most 100 networks')
        self.assert_refused(ordered(11), 'has 11 networks', 'maximum is 10')
        self.assertEqual(200, ordered(10).status_code)
        self.config(max_allowed_cidrs=100)
        self.assertEqual(200, ordered(100).status_code)

    def test_two_names_of_the_same(self):
        nic = {'net-id': NETWORK, 'network_id': SUBNET}
        for changes in ({'nics': [nic]}, {'flavor': {'id': '2'}}):
            response = self.post('/instances', self.order(**changes))
            self.assert_refused(response, 'provide one of them')

    def test_a_driver_that_says_nothing_has_none(self):
        self.assertEqual([], cloud_base.Volumes.types(None, None))
        self.assertEqual([], cloud_base.Network.networks(None, None))


class TestLists(base.TestCase):
    """What is no list of the right kind is refused however it is asked for."""

    def test_modules_of_another_kind(self):
        for value in ({}, '', 0):
            response = self.post('/instances', self.order(modules=value))

            self.assert_refused(response, 'instance.modules')
        self.assertEqual([], self.transport.sent)

    def test_groups_of_another_kind(self):
        for value in (0, False, {}):
            response = self.post('/instances', self.order(configuration=value))

            self.assert_refused(response, 'instance.configuration')

    def test_replicas_of_another_kind(self):
        for key, values in (
            ('replica_of', ('', 0, {})),
            ('replica_count', (0, True, False, 2, 4, '1')),
        ):
            for value in values:
                response = self.post('/instances', self.order(**{key: value}))

                self.assert_refused(response, f'instance.{key}')
        self.assertEqual([], self.transport.sent)

    def test_values_that_mean_none(self):
        order = self.order(modules=[], replica_count=1)
        order['instance'].update(restorePoint=None, configuration=None)

        response = self.post('/instances', order)

        self.assertEqual(200, response.status_code, response.text)

    def test_values_of_a_change_that_are_of_another_kind(self):
        instance = self.active()
        for key in ('configuration', 'replica_of', 'slave_of'):
            for value in (0, False, {}, [], True):
                response = self.put(
                    f'/instances/{instance.id}', {'instance': {key: value}}
                )

                self.assert_refused(response, f'instance.{key}', 'detach')


class TestPublic(base.TestCase):
    """Given a cloud that has no public addresses."""

    def setUp(self):
        super().setUp()
        self.cloud.ignores = driver.LocalCloud.ignores

    def test_public_is_refused(self):
        instance = self.active()
        access = {'access': {'is_public': True}}
        for response in (
            self.post('/instances', self.order(**access)),
            self.put(f'/instances/{instance.id}', {'instance': access}),
        ):
            self.assert_fault(
                response, 501, 'notImplemented', 'access.is_public'
            )
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertFalse(shown['access']['is_public'])

    def test_an_instance_that_is_not_there_is_not_found(self):
        body = {'instance': {'access': {'is_public': True}}}

        response = self.put(f'/instances/{uuid.uuid4()}', body)

        self.assert_fault(response, 404, 'itemNotFound')

    def test_private_is_what_there_is(self):
        response = self.post(
            '/instances', self.order(access={'is_public': False})
        )

        self.assertEqual(200, response.status_code, response.text)


class TestNothing(base.TestCase):
    def test_parameters_of_released_clients(self):
        for path in (
            '/clusters?limit=2',
            '/modules?datastore=all&limit=2',
            '/mgmt/clusters?deleted=true&limit=2',
        ):
            response = self.get(path, user='admin')
            self.assertEqual(200, response.status_code, response.text)
        for path in ('/clusters?limit=x', '/mgmt/clusters?deleted=some'):
            self.assert_refused(self.get(path, user='admin'))

    def send(self, verb, path, body, **headers):
        return self.client.simulate_request(
            verb,
            f'/v1.0/{base.PROJECT}{path}',
            headers={'X-Auth-Token': f'alice:{base.PROJECT}', **headers},
            body=body,
        )

    def test_bodies_that_say_nothing(self):
        said = {'Content-Type': 'application/json'}
        for body, headers in (
            ('', said),
            ('null', {}),
            ('{}', said),
            (' { }\n', {}),
        ):
            path = f'/instances/{self.active().id}'
            for verb, code in ('GET', 200), ('HEAD', 200), ('DELETE', 202):
                response = self.send(verb, path, body, **headers)

                self.assertEqual(code, response.status_code, response.text)

    def test_bodies_that_say_something(self):
        path = f'/instances/{self.active().id}'
        for body in '[]', '0', 'false', '""', '[{}]', '{"a": null}', '{', ' ':
            for verb in 'GET', 'DELETE':
                response = self.send(verb, path, body)

                self.assert_refused(response)
        self.assertEqual([], self.transport.sent)


class TestAccess(base.TestCase):
    """Given a cloud that applies the access of instances."""

    def setUp(self):
        super().setUp()
        self.cloud.ignores = frozenset()

    def test_the_task_manager_changes_it(self):
        instance = self.active()
        access = {'is_public': True, 'allowed_cidrs': ['192.0.2.0/24']}
        body = {'instance': {'name': 'new', 'access': access}}

        response = self.put(f'/instances/{instance.id}', body)

        self.assertEqual(202, response.status_code, response.text)
        ((method, _, arguments),) = self.transport.sent
        self.assertEqual('update_access', method)
        self.assertEqual(access, arguments['access'])
        kept = workflows.get_workflow(instance.id)
        self.assertEqual({'access': access}, kept.details)
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual('new', shown['name'])
