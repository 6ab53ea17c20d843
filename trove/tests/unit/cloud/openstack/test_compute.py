# SPDX-License-Identifier: Apache-2.0
"""Servers of Nova."""

from __future__ import annotations

import base64

import yaml

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds


class ServerTest(clouds.TestCase):
    def made(self):
        (server,) = self.services.things['server'].values()
        return server

    def test_it_bears_the_marks_of_its_instance(self):
        self.given()

        server = self.made()
        self.assertEqual(
            {
                'trove_project_id': 'p1',
                'trove_user_id': 'u1',
                'trove_instance_id': 'i1',
            },
            server.metadata,
        )
        for tag in 'trove_instance', 'trove_mysql', 'trove_instance_id_i1':
            self.assertIn(tag, server.tags)

    def test_its_ports_are_those_of_the_user_then_of_the_operator(self):
        self.given()

        ports = self.services.things['port']
        networks = [
            ports[each['port']].network_id for each in self.made().networks
        ]
        self.assertEqual(['n-user', 'n-management'], networks)

    def test_the_volume_outlives_it(self):
        self.given()

        root, data = self.made().block_device_mapping
        self.assertTrue(root['delete_on_termination'])
        self.assertEqual('vdb', data['device_name'])
        self.assertFalse(data['delete_on_termination'])

    def test_the_root_disk_may_be_a_volume(self):
        self.config(volume_rootdisk_support=True, volume_rootdisk_size=7)
        self.given()

        server = self.made()
        root = server.block_device_mapping[0]
        self.assertEqual(
            ('volume', 7), (root['destination_type'], root['volume_size'])
        )
        self.assertFalse(hasattr(server, 'image_id'))

    def test_it_gets_the_files_of_the_guest_agent(self):
        self.given()

        data = base64.b64decode(self.made().user_data).decode()
        (file,) = yaml.safe_load(data)['write_files']
        self.assertEqual('/etc/trove/conf.d/guest_info.conf', file['path'])
        self.assertEqual(
            b'[DEFAULT]\n', base64.b64decode(file['content'])
        )

    def test_it_is_where_and_as_it_was_asked_for(self):
        self.config(nova_keypair='ops', use_nova_server_config_drive=True)
        self.given(availability_zone='az1')

        server = self.made()
        self.assertEqual(
            ('az1', 'ops', True),
            (server.availability_zone, server.key_name, server.config_drive),
        )

    def test_replicas_share_the_locality_of_the_first(self):
        self.given(locality='anti-affinity')

        self.cloud.compute.create_server(
            self.context, self.spec(instance_id='i2', beside='i1')
        )

        (group,) = self.services.things['group'].values()
        self.assertEqual('locality_i1', group.name)
        self.assertEqual(2, len(group.member_ids))

    def test_a_locality_goes_with_its_last_server(self):
        self.given(locality='affinity')
        self.cloud.compute.create_server(
            self.context, self.spec(instance_id='i2', beside='i1')
        )
        groups = self.services.things['group']

        self.cloud.compute.delete_server(self.context, 'i1')
        self.assertEqual(1, len(groups))
        self.cloud.compute.delete_server(self.context, 'i2')
        self.assertEqual({}, groups)

    def test_a_status_says_why(self):
        self.given()
        server = self.made()
        for status, expected in (
            ('VERIFY_RESIZE', 'ACTIVE'),
            ('REBUILD', 'BUILD'),
            ('PAUSED', 'SHUTOFF'),
            ('SOMETHING_NEW', 'BUILD'),
        ):
            server.status = status
            found = self.cloud.compute.get_server(self.context, 'i1')
            self.assertEqual(expected, found.status)
        server.status = 'ERROR'
        server.fault = {'message': 'No valid host was found.'}

        found = self.cloud.compute.get_server(self.context, 'i1')

        self.assertEqual('ERROR', found.status)
        self.assertIn('No valid host was found', found.reason)
        self.assertIn('smaller flavor', found.reason)

    def test_a_failed_deletion_says_why(self):
        self.given()
        server = self.made()
        server.status = 'ERROR'
        server.fault = {'message': 'host is down'}
        self.services.fail('delete_server', 404)

        error = self.assertRaises(
            exception.CloudError,
            self.cloud.compute.delete_server,
            self.context,
            'i1',
        )

        self.assertIn('host is down', str(error))

    def test_a_deletion_that_takes_too_long_says_what_nova_does(self):
        self.config(server_delete_time_out=1)
        self.given()
        self.made().task_state = 'deleting'
        self.services.fail('delete_server', 404)

        error = self.assertRaises(
            exception.CloudError,
            self.cloud.compute.delete_server,
            self.context,
            'i1',
        )

        self.assertIn('status ACTIVE (task deleting)', str(error))

    def test_nobody_chooses_the_host_of_a_server(self):
        error = self.assertRaises(
            exception.CloudError, self.given, availability_zone='nova:node-1'
        )

        self.assertIn("'nova:node-1'", str(error))
        self.assertEqual({}, self.services.things['server'])

    def test_a_flavor_that_is_not_public_is_found(self):
        found = self.cloud.compute.get_flavor(self.context, '9')

        self.assertEqual('m9', found.name)
        self.assertFalse(found.is_public)
        self.assertNotIn('is_public', found.to_dict())

    def test_flavors_are_asked_for_once(self):
        for _ in range(3):
            self.cloud.compute.list_flavors(self.context)

        self.assertEqual(1, self.services.asked.count('flavors'))


class ResizeTest(clouds.TestCase):
    def setUp(self):
        super().setUp()
        self.given()
        (self.server,) = self.services.things['server'].values()

    def resize(self, number):
        self.cloud.compute.resize_server(
            self.context, 'i1', self.flavor(number)
        )

    def test_it_can_be_undone_until_it_is_confirmed(self):
        self.resize(2)
        self.assertEqual('VERIFY_RESIZE', self.server.status)

        self.resize(1)

        self.assertEqual(
            ('ACTIVE', 'm1'), (self.server.status, self.server.flavor.name)
        )
        self.assertNotIn('confirm_server_resize', self.services.asked)

    def test_it_is_confirmed(self):
        self.resize(2)
        for _ in range(2):
            self.cloud.compute.confirm_resize(self.context, 'i1')

        self.assertEqual(
            ('ACTIVE', 'm2'), (self.server.status, self.server.flavor.name)
        )

    def test_it_is_not_repeated(self):
        self.resize(2)
        self.resize(2)

        self.assertEqual(1, self.services.asked.count('resize_server'))

    def test_a_third_flavor_comes_after_the_first(self):
        self.resize(2)
        self.resize(3)

        self.assertIn('revert_server_resize', self.services.asked)
        self.assertEqual('m3', self.server.flavor.name)

    def test_nova_says_why_it_failed(self):
        self.services._become = lambda *_, **__: None

        error = self.assertRaises(exception.CloudError, self.resize, 2)

        self.assertIn('No valid host was found', str(error))
        self.assertIn('req-1', str(error))

    def given_broken(self, operation):
        """Nova leaves the server in ERROR in the middle of an operation."""
        become = self.services._become

        def broken(name, server_id, **values):
            if name == operation:
                values = {'status': 'ERROR', 'fault': {'message': 'no luck'}}
            become(name, server_id, **values)

        self.services._become = broken

    def test_a_server_that_it_broke_runs_again(self):
        for operation, change in (
            ('resize_server', lambda: self.resize(2)),
            (
                'migrate_server',
                lambda: self.cloud.compute.migrate_server(
                    self.context, 'i1', None
                ),
            ),
        ):
            with self.subTest(operation):
                self.given_broken(operation)

                error = self.assertRaises(exception.CloudError, change)

                self.assertIn('no luck', str(error))
                self.assertEqual(
                    ('ACTIVE', 'm1'),
                    (self.server.status, self.server.flavor.name),
                )

    def test_one_that_is_broken_is_repaired_before_it_is_resized(self):
        for number in (1, 2):
            self.server.status = 'ERROR'

            self.resize(number)

            self.assertEqual(f'm{number}', self.server.flavor.name)
            self.assertNotEqual('ERROR', self.server.status)

    def test_one_that_cannot_be_repaired_is_told(self):
        self.given_broken('resize_server')
        self.services.fail('reboot_server', 409, times=99)

        error = self.assertRaises(exception.CloudError, self.resize, 2)

        self.assertIn('no luck', str(error))
        self.assertIn('stays in ERROR', self.logs.output)

    def test_one_is_repaired_after_what_broke_it(self):
        # Given: another service, which a reboot needs, is away for seconds.
        self.given_broken('resize_server')
        self.services.fail('reboot_server', 409, times=2)

        self.assertRaises(exception.CloudError, self.resize, 2)

        self.assertEqual('ACTIVE', self.server.status)
        self.assertNotIn('stays in ERROR', self.logs.output)

    def test_an_old_nova_says_what_was_raised(self):
        self.services._become = lambda *_, **__: None
        raised = '  File "x"\n    raise exception.NoValidHost(reason=r)\n'
        for traceback, said in (
            (raised, 'NoValidHost. Add compute hosts'),
            ('ValueError: no luck', 'no luck'),
            (None, 'Error'),
        ):
            self.services.events = [{'traceback': traceback}]

            error = self.assertRaises(exception.CloudError, self.resize, 2)

            self.assertIn(said, str(error))

    def test_a_group_whose_members_are_gone_is_deleted(self):
        self.services.create_server_group('locality_i1', ['affinity'])
        (group,) = self.services.things['group'].values()
        group.member_ids.append('gone')

        self.cloud.compute.delete_server(self.context, 'i1')

        self.assertEqual({}, self.services.things['group'])

    def test_it_is_confirmed_before_anything_else_is_done(self):
        for change in (
            lambda: self.cloud.compute.reboot_server(self.context, 'i1'),
            lambda: self.cloud.compute.stop_server(self.context, 'i1'),
            lambda: self.cloud.compute.rebuild_server(
                self.context, self.spec()
            ),
        ):
            self.server.status = 'VERIFY_RESIZE'
            self.services.asked.clear()

            change()

            self.assertIn('confirm_server_resize', self.services.asked)

    def test_one_that_is_off_is_on_when_it_was_rebuilt(self):
        self.server.status = 'SHUTOFF'

        rebuilt = self.cloud.compute.rebuild_server(
            self.context, self.spec()
        )

        self.assertEqual(cloud_base.ACTIVE, rebuilt.status)

    def test_a_server_moves_once(self):
        for _ in range(2):
            moved = self.cloud.compute.migrate_server(
                self.context, 'i1', 'h7'
            )
            self.assertEqual('h7', moved.host)

        self.assertEqual(1, self.services.asked.count('migrate_server'))
        self.assertEqual(cloud_base.ACTIVE, moved.status)
