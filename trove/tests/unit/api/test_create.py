# SPDX-License-Identifier: Apache-2.0

import uuid

import oslo_messaging
import testscenarios

from trove.cloud.local import driver
from trove.objects import quota
from trove.objects.instance import workflows
from trove.tests.unit.api import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestCreate(base.TestCase):
    def test_the_answer_is_the_instance(self):
        response = self.post('/instances', self.order())

        self.assertEqual(200, response.status_code, response.text)
        it = response.json['instance']
        self.assertEqual('db1', it['name'])
        self.assertEqual('BUILD', it['status'])
        self.assertEqual(
            {'type': 'postgresql', 'version': '18', 'version_number': '18.6'},
            it['datastore'],
        )
        self.assertEqual({'size': 1}, it['volume'])
        self.assertEqual('1', it['flavor']['id'])
        self.assertRegex(it['created'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$')
        self.assertEqual(
            ['self', 'bookmark'], [link['rel'] for link in it['links']]
        )
        for absent in ('replica_of', 'replicas', 'fault', 'tenant_id'):
            self.assertNotIn(absent, it)

    def test_a_task_manager_is_told(self):
        body = self.order(
            databases=[{'name': 'shop', 'character_set': 'utf8'}],
            users=[
                {
                    'name': 'ann',
                    'password': 'pw',
                    'databases': [{'name': 'shop'}],
                }
            ],
            volume={'size': 2, 'type': 'ssd'},
            availability_zone='az1',
            access={'is_public': False, 'allowed_cidrs': []},
            nics=[{'net-id': str(uuid.uuid4())}],
        )

        response = self.post('/instances', body)

        ((method, version, sent),) = self.transport.sent
        # The first version that has ds_version for sure.
        self.assertEqual(('create_instance', '1.1'), (method, version))
        self.assertEqual(response.json['instance']['id'], sent['instance_id'])
        self.assertEqual(512, sent['flavor']['ram'])
        self.assertEqual('postgresql', sent['datastore_manager'])
        self.assertEqual(2, sent['volume_size'])
        self.assertEqual('ssd', sent['volume_type'])
        self.assertEqual('18.6', sent['ds_version'])
        self.assertEqual('shop', sent['databases'][0]['_name'])
        self.assertEqual(
            {
                '_name': 'ann',
                '_host': '%',
                '_password': 'pw',
                '_databases': [{'_name': 'shop'}],
            },
            sent['users'][0],
        )
        self.assertEqual(
            body['instance']['nics'][0]['net-id'],
            sent['nics'][0]['network_id'],
        )
        access = response.json['instance']['access']
        self.assertEqual(False, access['is_public'])

    def test_no_password_is_kept_with_the_task(self):
        body = self.order(users=[{'name': 'ann', 'password': 's3cret'}])

        response = self.post('/instances', body)

        instance_id = response.json['instance']['id']
        workflow = workflows.get_workflow(instance_id)
        self.assertNotIn('s3cret', str(workflow))
        self.assertNotIn('s3cret', response.text + self.logs.output)

    def test_forms_of_openstacksdk(self):
        body = self.order(
            flavorRef=None, flavor={'id': '2'}, volume=1, datastore={}
        )

        response = self.post('/instances', body)

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('2', response.json['instance']['flavor']['id'])

    def test_forms_of_a_flavor(self):
        for reference in (2, '2', 'http://example.org/v1.0/p/flavors/2'):
            response = self.post('/instances', self.order(flavorRef=reference))

            self.assertEqual('2', response.json['instance']['flavor']['id'])

    def test_datastore_by_id_and_by_name(self):
        for datastore in (
            {'type': 'postgresql', 'version': '18'},
            {'type': self.datastore.id, 'version': self.version.id},
            {'type': 'postgresql', 'version_number': '18.6'},
        ):
            response = self.post('/instances', self.order(datastore=datastore))

            self.assertEqual(200, response.status_code, response.text)

    def test_unknown_datastore(self):
        response = self.post(
            '/instances', self.order(datastore={'type': 'oracle'})
        )

        self.assert_fault(response, 404, 'itemNotFound', 'oracle')

    def test_unknown_version(self):
        response = self.post(
            '/instances', self.order(datastore={'version': '99'})
        )

        self.assert_refused(response, '99')

    def test_unknown_flavor(self):
        response = self.post('/instances', self.order(flavorRef='99'))

        self.assert_refused(response, '99', 'GET /flavors')

    def test_over_the_largest_volume(self):
        for size in (11, '11', 10**20):
            response = self.post(
                '/instances', self.order(volume={'size': size})
            )

            self.assert_fault(response, 413, 'overLimit', '10 GiB')

    def test_over_the_quota(self):
        quota.set_limits(self.conf, base.PROJECT, {'instances': 1})
        self.post('/instances', self.order())

        response = self.post('/instances', self.order())

        self.assert_fault(response, 413, 'overLimit', 'instances')
        self.assertEqual(1, len(self.transport.sent))
        self.assertEqual(1, len(self.get('/instances').json['instances']))

    def test_over_the_quota_of_volumes(self):
        quota.set_limits(self.conf, base.PROJECT, {'volumes': 3})

        response = self.post('/instances', self.order(volume={'size': 4}))

        self.assert_fault(response, 413, 'overLimit', 'volumes')

    def test_the_broker_is_gone(self):
        self.broker_is_gone()

        response = self.post('/instances', self.order())

        self.assert_fault(response, 503, 'serviceUnavailable', 'broker')
        self.assertEqual([], self.get('/instances').json['instances'])
        usages = quota.usages(self.conf, base.PROJECT)
        self.assertEqual({0}, {u.in_use + u.reserved for u in usages})

    def test_the_message_got_through_although_sending_failed(self):
        def send(**arguments):
            workflows.claim_workflow(
                arguments['instance_id'], 'create_instance', 'taskmanager-1'
            )
            raise oslo_messaging.MessageDeliveryFailure('no confirmation')

        self.transport.on_send = send

        response = self.post('/instances', self.order())

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('BUILD', response.json['instance']['status'])

    def test_what_nothing_applies_is_refused_by_name(self):
        self.cloud.ignores = frozenset({'availability_zone', 'allowed_cidrs'})
        for key, value in (
            ('access', {'is_public': True, 'allowed_cidrs': ['10.0.0.0/8']}),
            ('locality', 'affinity'),
            ('availability_zone', 'az1'),
        ):
            response = self.post('/instances', self.order(**{key: value}))

            self.assert_fault(response, 501, 'notImplemented', key)
        self.assertEqual([], self.transport.sent)
        self.assertEqual([], self.get('/instances').json['instances'])

    def test_a_locality_that_all_servers_have(self):
        self.cloud.localities = driver.LocalCloud.localities

        together = self.post('/instances', self.order(locality='affinity'))
        apart = self.post('/instances', self.order(locality='anti-affinity'))

        self.assertEqual(200, together.status_code, together.text)
        self.assert_fault(apart, 501, 'notImplemented', 'locality')

    def test_what_clients_always_send_is_accepted(self):
        response = self.post(
            '/instances',
            self.order(
                volume={'size': 1, 'type': 'lvmdriver-1'},
                nics=[{'net-id': str(uuid.uuid4())}],
                access={'is_public': True},
                locality=None,
            ),
        )

        self.assertEqual(200, response.status_code, response.text)

    def test_the_database_breaks_when_all_is_written(self):
        self.breaks_at_commit('instances.create')

        response = self.post('/instances', self.order())

        self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertEqual([], self.get('/instances').json['instances'])
        usages = quota.usages(self.conf, base.PROJECT)
        self.assertEqual({0}, {u.in_use + u.reserved for u in usages})

    def test_the_database_stays_away_when_all_is_written(self):
        self.breaks_at_commit('instances.create')
        self.breaks_at_commit('instances.mark_deleted')

        response = self.post('/instances', self.order())

        message = self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertRegex(message, '[0-9a-f]{8}-[0-9a-f-]{27}')

    def test_policy_of_what_is_made_with_it(self):
        self.useFixture(
            base.Policy(self, {'instance:extension:user:create': 'role:admin'})
        )
        users = [{'name': 'ann', 'password': 'pw'}]

        response = self.post('/instances', self.order(users=users))

        self.assert_fault(response, 403, 'forbidden', 'user:create')


class TestCreateRefused(base.TestCase):
    """What is wrong in an order, and what the answer says of it."""

    scenarios = [
        ('no name', {'changes': {'name': None}, 'text': '"name"'}),
        ('empty name', {'changes': {'name': ''}, 'text': 'blank'}),
        ('blank name', {'changes': {'name': ' \t'}, 'text': 'blank'}),
        ('long name', {'changes': {'name': 'x' * 256}, 'text': '255'}),
        ('name no text', {'changes': {'name': 5}, 'text': 'instance.name'}),
        ('no flavor', {'changes': {'flavorRef': None}, 'text': 'flavorRef'}),
        (
            'flavor no text',
            {'changes': {'flavorRef': [1]}, 'text': 'flavorRef'},
        ),
        ('no volume', {'changes': {'volume': None}, 'text': 'volume'}),
        ('no size', {'changes': {'volume': {}}, 'text': '"size"'}),
        ('size 0', {'changes': {'volume': {'size': 0}}, 'text': '1 or more'}),
        (
            'size "0"',
            {'changes': {'volume': {'size': '0'}}, 'text': '1 or more'},
        ),
        (
            'negative size',
            {'changes': {'volume': {'size': -1}}, 'text': 'volume.size'},
        ),
        (
            'broken size',
            {'changes': {'volume': {'size': 1.5}}, 'text': 'volume.size'},
        ),
        (
            'size no number',
            {'changes': {'volume': {'size': 'big'}}, 'text': 'volume.size'},
        ),
        ('volume 0', {'changes': {'volume': 0}, 'text': 'instance.volume'}),
        (
            'two networks',
            {
                'changes': {
                    'nics': [{'net-id': str(uuid.uuid4())}] * 2,
                },
                'text': 'at most one',
            },
        ),
        (
            'network no uuid',
            {'changes': {'nics': [{'net-id': 'x'}]}, 'text': 'UUID'},
        ),
        (
            'unknown key of a network',
            {'changes': {'nics': [{'nets': 'x'}]}, 'text': 'nets'},
        ),
        (
            'network without network',
            {'changes': {'nics': [{}]}, 'text': 'network_id'},
        ),
        (
            'address without subnet',
            {
                'changes': {
                    'nics': [
                        {
                            'net-id': str(uuid.uuid4()),
                            'ip_address': '10.0.0.1',
                        }
                    ],
                },
                'text': 'subnet',
            },
        ),
        (
            'bad cidr',
            {
                'changes': {'access': {'allowed_cidrs': ['10.0.0.1/8']}},
                'text': '10.0.0.1/8',
            },
        ),
        (
            'public no boolean',
            {
                'changes': {'access': {'is_public': 'yes'}},
                'text': 'is_public',
            },
        ),
        ('locality', {'changes': {'locality': 'here'}, 'text': 'affinity'}),
        ('unknown key', {'changes': {'volumes': 1}, 'text': 'volumes'}),
        (
            'same database twice',
            {
                'changes': {'databases': [{'name': 'a'}, {'name': 'a'}]},
                'text': 'twice',
            },
        ),
        (
            'same user twice',
            {
                'changes': {'users': [{'name': 'a', 'password': 'p'}] * 2},
                'text': 'twice',
            },
        ),
        (
            'reserved database',
            {'changes': {'databases': [{'name': 'postgres'}]}, 'text': 'res'},
        ),
        (
            'reserved user',
            {
                'changes': {'users': [{'name': 'OS_admin', 'password': 'p'}]},
                'text': 'reserved',
            },
        ),
        (
            'database without name',
            {'changes': {'databases': [{}]}, 'text': 'databases[0]'},
        ),
        (
            'user without password',
            {'changes': {'users': [{'name': 'a'}]}, 'text': '"password"'},
        ),
        (
            'grant of a database that is not made',
            {
                'changes': {
                    'users': [
                        {
                            'name': 'a',
                            'password': 'p',
                            'databases': [{'name': 'b'}],
                        }
                    ]
                },
                'text': 'does not exist',
            },
        ),
    ]

    def test_refused(self):
        response = self.post('/instances', self.order(**self.changes))

        self.assert_refused(response, self.text)
        self.assertEqual([], self.transport.sent)
        self.assertEqual([], self.get('/instances').json['instances'])
