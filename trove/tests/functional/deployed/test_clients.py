# SPDX-License-Identifier: Apache-2.0
"""The command and the SDK that users have installed."""

from __future__ import annotations

import json
import uuid
import warnings

import openstack
from troveclient import exceptions as trove_exceptions

from trove.tests.functional.deployed import base


class CommandTest(base.DeployedTestCase):
    """The ``openstack`` command with a password."""

    def test_out_of_build(self) -> None:
        first = self.create('unwanted')

        done = self.run_openstack('database', 'instance', 'delete', first.id)

        self.assertEqual(0, done.returncode, done.stderr)
        self.assert_gone(first.id)
        second = self.create('stuck')
        refused = self.run_openstack(
            'database', 'instance', 'reset', 'status', second.id
        )
        self.assertIn('403', refused.stderr)
        for instance in (second, self.create('forced')):
            verb = ('reset', 'status') if instance is second else ()
            verb = verb or ('force', 'delete')
            done = self.run_openstack(
                'database', 'instance', *verb, instance.id, admin=True
            )
            self.assertEqual(0, done.returncode, done.stderr)
            if instance is second:
                self.wait_error(instance.id)
                self.member.instances.delete(instance.id)
            self.assert_gone(instance.id)

    def assert_gone(self, instance_id: str) -> None:
        def gone() -> bool:
            try:
                self.member.instances.get(instance_id)
            except trove_exceptions.NotFound:
                return True
            return False

        self.eventually(gone, 'the instance is gone')
        self.eventually(
            lambda: not self.server_directory(instance_id).exists()
            and not self.processes_of(instance_id),
            'nothing of it is left',
        )

    def test_what_there_is_not(self) -> None:
        done = self.run_openstack('database', 'cluster', 'list')
        self.assertEqual(0, done.returncode, done.stderr)
        done = self.run_openstack(
            'database', 'configuration', 'detach', self.instance().id
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def test_list_and_show(self) -> None:
        instance = self.instance()

        listed = self.openstack('database', 'instance', 'list')
        shown = self.openstack('database', 'instance', 'show', instance.name)

        row = {each['ID']: each for each in listed}[instance.id]
        self.assertEqual(instance.name, row['Name'])
        self.assertEqual('ACTIVE', row['Status'])
        self.assertEqual(instance.id, shown['id'])

    def test_flavors_and_datastores(self) -> None:
        flavors = self.openstack('database', 'flavor', 'list')
        versions = self.openstack(
            'datastore', 'version', 'list', self.deployment.DATASTORE
        )

        self.assertIn(self.FLAVOR, [str(each['ID']) for each in flavors])
        self.assertEqual(
            [self.deployment.VERSION], [each['Name'] for each in versions]
        )

    def test_datastore_versions(self) -> None:
        def managed(*arguments: str) -> str:
            done = self.run_openstack('datastore', *arguments, admin=True)
            self.assertEqual(0, done.returncode, done.stderr)
            return done.stdout

        image = str(uuid.uuid4())
        order = f'version create 8.4 mysql mysql {image} --active --default'
        managed(*order.split(), '--version-number', '8.4.5')
        (version,) = self.openstack('datastore', 'version', 'list', 'mysql')
        self.assertEqual(
            ('8.4', '8.4.5'), (version['Name'], version['Version'])
        )
        managed('version', 'set', version['ID'], '--disable')
        refused = self.run_openstack('datastore', 'show', 'mysql')
        self.assertIn('mysql', refused.stderr)
        self.assertNotEqual(0, refused.returncode)
        shown = managed('show', 'mysql', '-f', 'json')
        self.assertEqual('8.4', json.loads(shown)['default_version'])
        managed('version', 'delete', version['ID'])
        managed('delete', 'mysql')

    def test_a_version_in_use_is_not_deleted(self) -> None:
        self.instance()
        version = self.openstack(
            'datastore',
            'version',
            'show',
            self.deployment.VERSION,
            '--datastore',
            self.deployment.DATASTORE,
        )

        refused = self.run_openstack(
            'datastore', 'version', 'delete', version['id'], admin=True
        )

        self.assertIn('in use by', refused.stderr)


class SDKTest(base.DeployedTestCase):
    """openstacksdk's database proxy, in the forms that it sends."""

    def setUp(self) -> None:
        super().setUp()
        # What the SDK says of its own methods is not about us.
        warnings.simplefilter('ignore', PendingDeprecationWarning)
        keystone = self.deployment.keystone
        connection = openstack.connection.Connection(
            session=keystone.session(keystone.member),
            region_name='RegionOne',
        )
        self.sdk = connection.database

    def test_instances_and_flavors(self) -> None:
        instance = self.instance()

        found = self.sdk.find_instance(instance.name)

        self.assertEqual(instance.id, found.id)
        self.assertIn(instance.id, [i.id for i in self.sdk.instances()])
        self.assertTrue(list(self.sdk.flavors()))

    def test_databases_and_users(self) -> None:
        target = self.sdk.get_instance(self.instance().id)

        self.sdk.create_database(target, name='by_sdk')
        self.eventually(
            lambda: 'by_sdk' in [d.name for d in self.sdk.databases(target)],
            'the database is made',
        )
        self.sdk.delete_database('by_sdk', instance=target)

        self.eventually(
            lambda: 'by_sdk'
            not in [d.name for d in self.sdk.databases(target)],
            'the database is dropped',
        )

    def test_users(self) -> None:
        target = self.sdk.get_instance(self.instance().id)

        self.sdk.create_user(target, name='sdk', password='secret')
        self.eventually(
            lambda: 'sdk' in [u.name for u in self.sdk.users(target)],
            'the user is made',
        )
        self.assertTrue(
            self.connects(self.instance(), 'sdk', 'secret', 'postgres')
        )
        self.sdk.delete_user('sdk', instance=target)

        self.eventually(
            lambda: 'sdk' not in [u.name for u in self.sdk.users(target)],
            'the user is deleted',
        )

    def test_create_and_delete(self) -> None:
        made = self.sdk.create_instance(
            name='by-sdk',
            flavor={'id': self.FLAVOR},
            volume={'size': 1},
            datastore={'type': self.deployment.DATASTORE},
        )
        self.addCleanup(self.delete, made.id)

        self.wait_active(made.id)
        self.sdk.delete_instance(made.id)

    def test_root(self) -> None:
        target = self.sdk.get_instance(self.instance().id)

        target.enable_root_user(self.sdk)

        self.assertTrue(target.is_root_enabled(self.sdk))

    def test_restart(self) -> None:
        instance = self.instance()

        self.sdk.get_instance(instance.id).restart(self.sdk)

        self.wait_active(instance.id)
