# SPDX-License-Identifier: Apache-2.0
"""Create: what is made, what is told to the guest, what a failure leaves."""

from __future__ import annotations

from unittest import mock

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import cancelling
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.objects.keys import instance_keys
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
FAST = cloud_base.VolumeType('t1', 'fast')


class TestCreate(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id = self.given_request()
        self.guest = self.given_guest(self.instance_id)
        self.cloud.on('create_server', lambda _: self.guest.report(Status.NEW))

    def test_instance_becomes_active(self):
        self.when_created(self.instance_id)

        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertIsNone(shown.fault)
        self.assertIsNone(workflows.get_workflow(self.instance_id))
        self.assertEqual('server-1', shown.compute_instance_id)
        self.assertEqual(f'volume-{self.instance_id}', shown.volume_id)
        self.assertEqual(
            [('192.0.2.1', 'private')],
            [(each.address, each.type) for each in shown.addresses],
        )
        self.assertEqual({self.instance_id: 2}, self.cloud.volume_sizes)

    def test_guest_is_told_what_was_ordered(self):
        databases = [{'_name': 'd', '_character_set': 'utf8'}]
        users = [{'_name': 'u', '_password': 'p', '_databases': []}]

        self.when_created(
            self.instance_id,
            databases=databases,
            users=users,
            packages='postgresql-18, postgresql-contrib',
            root_password='r',
            ds_version='18.6',
            overrides={'work_mem': 4096},
        )

        self.assertEqual(['prepare'], self.guest.asked)
        told = self.guest.arguments('prepare')
        self.assertEqual(512, told['memory_mb'])
        self.assertEqual(databases, told['databases'])
        self.assertEqual(users, told['users'])
        self.assertEqual(
            ['postgresql-18', 'postgresql-contrib'], told['packages']
        )
        self.assertEqual('/dev/vdb', told['device_path'])
        self.assertEqual('/var/lib/postgresql', told['mount_point'])
        self.assertEqual('r', told['root_password'])
        self.assertEqual('18.6', told['ds_version'])
        self.assertEqual({'work_mem': 4096}, told['overrides'])

    def test_a_volume_of_another_size_is_an_error(self):
        smaller = cloud_base.Volume(id='v', size=1)
        self.cloud.volumes.create = mock.Mock(return_value=smaller)

        self.when_created(self.instance_id)

        shown = self.shown(self.instance_id)
        self.assertEqual('ERROR', shown.status)
        self.assertIn('of 1 GiB instead of 2 GiB', str(shown.fault))

    def test_what_the_cloud_does_not_have_is_refused(self):
        self.cloud.volumes.types = lambda context: [FAST]
        self.cloud.network.networks = lambda context: ['n1']
        self.cloud.ignores = frozenset({'availability_zone', 'allowed_cidrs'})
        for asked, words in (
            ({'volume_type': 'slow'}, 'volume_type slow'),
            ({'nics': [{'net-id': 'n2'}]}, 'nics[].net-id n2'),
            ({'nics': [{'subnet_id': 'n1'}]}, 'nics[].subnet_id n1'),
            ({'availability_zone': 'az1'}, 'availability_zone'),
            ({'locality': 'affinity'}, 'locality'),
            (
                {'access': {'allowed_cidrs': ['10.0.0.0/8']}},
                'access.allowed_cidrs',
            ),
        ):
            instance_id = self.given_request(name=words)

            self.when_created(instance_id, **asked)

            shown = self.shown(instance_id)
            self.assertEqual('ERROR', shown.status, asked)
            self.assertIn(words, str(shown.fault))
        self.assertEqual({}, self.cloud.volume_sizes)

    def test_what_the_cloud_has_is_taken(self):
        self.cloud.volumes.types = lambda context: [FAST]
        self.cloud.network.networks = lambda context: ['n1']
        self.cloud.localities = frozenset({'affinity'})
        known = {'volume_type': 'fast', 'nics': [{'network_id': 'n1'}]}

        self.when_created(self.instance_id, **known, locality='affinity')

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        spec = self.cloud.specs[self.instance_id]
        self.assertEqual('affinity', spec.locality)

    def test_guest_that_speaks_1_0_is_told_what_that_knows(self):
        old_id = self.given_request(name='old')
        old = self.given_guest(old_id, version='1.0')
        self.cloud.on('create_server', lambda _: old.report(Status.NEW))

        self.when_created(old_id, ds_version='18.6')

        self.assertEqual('ACTIVE', self.shown(old_id).status)
        self.assertNotIn('ds_version', old.arguments('prepare'))

    def test_server_gets_the_files_of_the_guest(self):
        self.config(
            guest_transport_url='rabbit://g:pa$$s@mq:5672/',
            group='taskmanager',
        )

        self.when_created(self.instance_id)

        files = self.cloud.specs[self.instance_id].files
        self.assertIn(
            f'guest_id = {self.instance_id}\n', files['guest_info.conf']
        )
        self.assertIn(
            'datastore_manager = postgresql\n', files['guest_info.conf']
        )
        self.assertIn(
            f'tenant_id = {scene.PROJECT}\n', files['guest_info.conf']
        )
        self.assertIn(
            'transport_url = rabbit://g:pa$$s@mq:5672/\n',
            files['trove-guestagent.conf'],
        )

    def test_guest_gets_a_key_of_its_own(self):
        self.config(
            enable_secure_rpc_messaging=True, inst_rpc_key_encr_key='I' * 32
        )

        self.when_created(self.instance_id)

        key = instance_keys.get(self.conf, self.instance_id).current
        spec = self.cloud.specs[self.instance_id]
        self.assertIn(
            f'instance_rpc_encr_key = {key}\n', spec.files['guest_info.conf']
        )
        self.assertNotIn(key, repr(spec))
        self.assertNotIn(key, self.logs.output)

    def test_without_encryption_it_gets_none_and_is_told_so(self):
        self.when_created(self.instance_id)

        files = self.cloud.specs[self.instance_id].files
        self.assertNotIn('rpc_encr_key', str(files))
        self.assertIn(
            'enable_secure_rpc_messaging = false\n',
            files['trove-guestagent.conf'],
        )
        kept = instance_keys.get(self.conf, self.instance_id)
        self.assertIsNone(kept.current)

    def test_instance_without_a_volume(self):
        plain_id = self.given_request(name='plain', volume_size=None)
        guest = self.given_guest(plain_id)
        self.cloud.on('create_server', lambda _: guest.report(Status.NEW))

        self.when_created(plain_id, volume_size=None)

        self.assertEqual('ACTIVE', self.shown(plain_id).status)
        self.assertEqual({}, self.cloud.volume_sizes)
        self.assertIsNone(guest.arguments('prepare').get('device_path'))

    def test_server_that_takes_its_time_is_waited_for(self):
        self.cloud.build_as(cloud_base.BUILD)
        looks = []

        def look(instance_id):
            looks.append(instance_id)
            if len(looks) == 3:
                self.cloud.set_status(instance_id, cloud_base.ACTIVE)

        self.cloud.on('get_server', look)

        self.when_created(self.instance_id)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_message_that_comes_twice_is_done_once(self):
        self.when_created(self.instance_id)
        calls = self.cloud.calls

        self.when_created(self.instance_id)

        self.assertEqual(calls, self.cloud.calls)
        self.assertEqual(['prepare'], self.guest.asked)
        self.assertIn('Ignoring stale message', self.logs.output)

    # Failures: each names its step and why, and nothing is left.

    def assert_failed(self, *parts):
        self.assert_fault(self.instance_id, *parts)
        self.assert_nothing_left()
        self.assertEqual([], list(self.shown(self.instance_id).addresses))

    def test_what_cannot_be_done_is_not_left_out(self):
        self.when_created(self.instance_id, slave_of_id='another')

        self.assert_failed('understand the request', 'slave_of_id')

    def test_volume_fails(self):
        self.cloud.fail(
            'volumes.create',
            exception.CloudError(action='make a volume', reason='no space'),
        )

        self.when_created(self.instance_id)

        self.assert_failed('Could not create the volume', 'no space')
        task = self.shown(self.instance_id).task
        self.assertEqual(states.Task.BUILDING_ERROR_VOLUME, task)

    def test_server_fails(self):
        self.cloud.fail(
            'create_server',
            exception.CloudError(action='make a server', reason='no host'),
        )

        self.when_created(self.instance_id)

        self.assert_failed('Could not create the server', 'no host')
        task = self.shown(self.instance_id).task
        self.assertEqual(states.Task.BUILDING_ERROR_SERVER, task)

    def test_server_goes_to_error(self):
        self.cloud.on('create_server', lambda _: None)
        self.cloud.build_as(cloud_base.BUILD)
        self.cloud.on(
            'get_server',
            lambda instance_id: self.cloud.set_status(
                instance_id, cloud_base.ERROR, 'out of memory'
            ),
        )

        self.when_created(self.instance_id)

        self.assert_failed('wait for the server', 'out of memory')

    def test_server_never_becomes_active(self):
        self.config(usage_timeout=1)
        self.cloud.build_as(cloud_base.BUILD)

        self.when_created(self.instance_id)

        self.assert_failed('wait for the server', 'not active after 1')

    def test_server_disappears(self):
        self.cloud.on(
            'get_server',
            lambda instance_id: self.cloud.compute.delete_server(
                self.context, instance_id
            ),
        )

        self.when_created(self.instance_id)

        self.assert_failed('wait for the server', 'disappeared')

    def test_guest_agent_is_never_heard_of(self):
        self.config(guest_first_heartbeat_timeout=1, group='taskmanager')
        self.cloud.on('create_server', lambda _: None)

        self.when_created(self.instance_id)

        self.assert_failed(
            'wait for the guest agent',
            'sent no heartbeat',
            'conductor',
        )
        task = self.shown(self.instance_id).task
        self.assertEqual(states.Task.BUILDING_ERROR_TIMEOUT_GA, task)

    def test_guest_agent_crashes_again_and_again(self):
        # Given: the cloud finds out long before the time is over.
        self.cloud.on('create_server', lambda _: None)
        self.cloud.on('network.addresses', self.break_server)

        self.when_created(self.instance_id)

        self.assert_failed('wait for the guest agent', 'crashed 5 times')

    def break_server(self, instance_id):
        self.cloud.set_status(instance_id, cloud_base.ERROR, 'crashed 5 times')

    def test_broker_does_not_take_the_order(self):
        gone = exception.ServiceUnavailable(what='The message broker')

        with mock.patch.object(guest_api.API, 'prepare', side_effect=gone):
            self.when_created(self.instance_id)

        self.assert_failed(
            'tell the guest agent to prepare the database', 'broker'
        )

    def test_broker_is_restarted_when_the_queue_is_made(self):
        gone = exception.ServiceUnavailable(what='The message broker')
        make = mock.Mock(side_effect=[gone, gone, None])

        with mock.patch.object(guest_api.API, 'create_queue', make):
            self.when_created(self.instance_id)

        self.assertEqual(3, make.call_count)
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_guest_says_that_it_failed_and_why(self):
        def fail(**_):
            instances.add_fault(
                self.instance_id, 'initdb: no space left', 'trace'
            )
            self.guest.report(Status.FAILED)

        self.guest.hooks['prepare'] = fail

        self.when_created(self.instance_id)

        self.assert_failed('start the database', 'initdb: no space left')

    def test_guest_does_not_finish_in_time(self):
        self.config(usage_timeout=1)
        self.guest.hooks['prepare'] = lambda **_: self.guest.report(
            Status.BUILDING
        )

        self.when_created(self.instance_id)

        self.assert_failed('start the database', 'building', 'after')

    def test_what_cannot_be_cleaned_up_is_named(self):
        self.cloud.fail('create_server', exception.CloudError('no host'))
        self.cloud.fail('volumes.delete', exception.CloudError('stuck'))

        self.when_created(self.instance_id)

        self.assert_fault(
            self.instance_id,
            'no host',
            'Not undone: "create the volume"',
            'stuck',
        )

    def test_passwords_stay_out_of_fault_and_log(self):
        self.cloud.fail(
            'create_server',
            exception.CloudError("{'password': 'very-secret'}"),
        )

        self.when_created(
            self.instance_id,
            users=[{'_name': 'u', '_password': 'very-secret'}],
        )

        shown = self.shown(self.instance_id)
        self.assertNotIn('very-secret', shown.fault.message)
        self.assertNotIn('very-secret', shown.fault.details)
        self.assertNotIn('very-secret', self.logs.output)

    def test_deletion_overtakes_a_creation(self):
        # Given: while the server is being made, an administrator resets the
        # status, and the user deletes the instance.
        def overtake(instance_id):
            cancelling.reset(instance_id)
            self.given_task(
                instance_id, states.Task.DELETING, 'delete_instance'
            )
            self.manager.delete_instance(self.context, instance_id)

        self.cloud.on('create_server', overtake)

        self.when_created(self.instance_id)

        self.assertTrue(self.shown(self.instance_id).deleted)
        self.assert_nothing_left()
        self.assertEqual([], self.guest.asked)
