# SPDX-License-Identifier: Apache-2.0
"""The life of an instance, from create to delete."""

from __future__ import annotations

from typing import Any
import uuid

import psycopg
import sqlalchemy as sa
from troveclient import exceptions as trove_exceptions

from trove.db import models
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import base


class VersionTest(base.DeployedTestCase):
    def given_ordered(self, number: str | None) -> None:
        """Let another number have been ordered than is installed."""
        engine = sa.create_engine(self.deployment.database.url)
        self.addCleanup(engine.dispose)
        with engine.begin() as connection:
            connection.execute(
                sa.update(models.DatastoreVersion)
                .where(
                    models.DatastoreVersion.name == self.deployment.VERSION
                )
                .values(version=number)
            )

    def test_server_of_another_version_than_was_ordered(self) -> None:
        instance = self.instance()
        self.assertFalse(hasattr(instance, 'fault'))
        self.addCleanup(self.given_ordered, self.deployment.VERSION)

        # As if its image had been replaced.
        self.given_ordered('17.1')

        shown = self.wait(
            instance.id, lambda i: hasattr(i, 'fault'), 'has a fault'
        )
        self.assertIn('and 17.1 was ordered', shown.fault['message'])
        self.assertEqual(
            ('ACTIVE', 'HEALTHY'), (shown.status, shown.operating_status)
        )

        self.given_ordered(self.deployment.VERSION)

        self.wait(
            instance.id, lambda i: not hasattr(i, 'fault'), 'has no fault'
        )


class LifeTest(base.DeployedTestCase):
    def test_create_use_delete(self) -> None:
        instance = self.create(
            'first',
            databases=[{'name': 'shop'}],
            users=[
                {
                    'name': 'clerk',
                    'password': 'S3cret pass',
                    'databases': [{'name': 'shop'}],
                }
            ],
        )
        self.assertEqual('BUILD', instance.status)

        instance = self.wait_active(instance.id)

        self.assertEqual('first', instance.name)
        self.assertEqual(self.FLAVOR, str(instance.flavor['id']))
        self.assertEqual(1, instance.volume['size'])
        self.assertEqual('postgresql', instance.datastore['type'])
        with self.connect(instance, 'clerk', 'S3cret pass', 'shop') as shop:
            shop.execute('CREATE TABLE goods (name text)')
            shop.execute("INSERT INTO goods VALUES ('tea')")
            rows = shop.execute('SELECT name FROM goods').fetchall()
        self.assertEqual([('tea',)], rows)

        directory = self.server_directory(instance.id)
        address = base.address_of(instance)
        self.assertTrue(directory.exists())
        self.assertTrue(self.processes_of(instance.id))
        self.member.instances.delete(instance.id)
        self.eventually(
            lambda: self.is_gone(instance.id), 'the instance is gone'
        )

        self.assertFalse(directory.exists())
        self.assertEqual([], self.processes_of(instance.id))
        self.assertRaises(
            psycopg.OperationalError,
            psycopg.connect,
            host=address,
            user='clerk',
            connect_timeout=3,
        )
        names = [i.id for i in self.member.instances.list()]
        self.assertNotIn(instance.id, names)

    def test_each_instance_has_its_own_address_and_data(self) -> None:
        one, two = self.instance(), self.instance('second')

        addresses = {base.address_of(one), base.address_of(two)}

        self.assertEqual(2, len(addresses))

    def test_rename(self) -> None:
        instance = self.instance('second')

        self.member.instances.update(instance.id, name='renamed')

        self.assertEqual(
            'renamed', self.member.instances.get(instance.id).name
        )
        self.member.instances.update(instance.id, name='second')

    def test_a_deleted_instance_takes_no_more_actions(self) -> None:
        instance = self.create_active('short-lived')
        self.delete(instance.id)

        for act in (
            self.member.instances.restart,
            self.member.instances.delete,
            self.member.instances.get,
        ):
            self.assertRaises(trove_exceptions.NotFound, act, instance.id)

    def test_an_instance_in_the_making_is_busy(self) -> None:
        # With no task manager, it stays in the making.
        for service in self.deployment.task_managers:
            service.stop()
        instance = self.create('busy')

        self.assertRaises(
            trove_exceptions.UnprocessableEntity,
            self.member.instances.restart,
            instance.id,
        )
        self.assertRaises(
            trove_exceptions.UnprocessableEntity,
            self.member.databases.create,
            instance.id,
            [{'name': 'early'}],
        )


class ListTest(base.DeployedTestCase):
    def test_list_and_detail(self) -> None:
        instance = self.instance()

        listed = {i.id: i for i in self.member.instances.list()}
        _, body = self.member.client.get('/instances/detail')
        detailed = {i['id']: i for i in body['instances']}

        self.assertEqual(instance.name, listed[instance.id].name)
        self.assertEqual('ACTIVE', detailed[instance.id]['status'])
        self.assertIn('created', detailed[instance.id])

    def test_pages(self) -> None:
        expected = {self.instance().id, self.instance('second').id}

        seen: list[str] = []
        marker: Any = None
        while True:
            page = self.member.instances.list(limit=1, marker=marker)
            self.assertLessEqual(len(page), 1)
            seen.extend(i.id for i in page)
            marker = page.next
            if not marker:
                break

        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(set(), expected - set(seen))

    def test_management_sees_all_projects(self) -> None:
        instance = self.instance()

        listed = {i.id: i for i in self.admin.mgmt_instances.list()}
        shown = self.admin.mgmt_instances.show(instance.id)

        self.assertIn(instance.id, listed)
        self.assertEqual(
            self.deployment.keystone.member.project_id, shown.tenant_id
        )
        self.assertEqual(instance.id, shown.id)

    def test_management_pings_the_guest(self) -> None:
        instance = self.instance()

        response, _ = self.admin.client.get(
            f'/mgmt/instances/{instance.id}/rpc_ping'
        )

        self.assertEqual(204, response.status_code)

    def test_management_asks_for_diagnostics_and_hardware(self) -> None:
        instance = self.instance()
        path = f'/mgmt/instances/{instance.id}'

        _, diagnostics = self.admin.client.get(f'{path}/diagnostics')
        _, hardware = self.admin.client.get(f'{path}/hwinfo')

        self.assertTrue(diagnostics['diagnostics']['vmRss'])
        self.assertTrue(hardware['hwinfo']['mem_total'])


class ActionTest(base.DeployedTestCase):
    """Actions keep the data, and say when they are done."""

    def setUp(self) -> None:
        super().setUp()
        self.target = self.instance('actions')
        root = self.member.root.create(self.target.id)
        self.login = root[0], root[1]
        with self.connect(self.target, *self.login) as connection:
            connection.execute('CREATE TABLE IF NOT EXISTS kept (n int)')
            connection.execute('TRUNCATE kept')
            connection.execute('INSERT INTO kept VALUES (42)')

    def started(self) -> Any:
        """When the database started; the data must be there."""
        with self.connect(self.target, *self.login) as connection:
            rows = connection.execute('SELECT n FROM kept').fetchall()
            self.assertEqual([(42,)], rows)
            return connection.execute(
                'SELECT pg_postmaster_start_time()'
            ).fetchone()

    def setting(self, name: str) -> Any:
        with self.connect(self.target, *self.login) as connection:
            row = connection.execute(
                'SELECT setting::bigint FROM pg_settings WHERE name = %s',
                [name],
            ).fetchone()
        assert row is not None
        return row[0]

    def test_restart(self) -> None:
        before = self.started()

        self.member.instances.restart(self.target.id)

        busy = self.member.instances.get(self.target.id)
        self.assertIn(busy.status, ('REBOOT', 'ACTIVE'))
        self.wait_active(self.target.id)
        self.assertNotEqual(before, self.started())

    def test_management_reboot(self) -> None:
        before = self.started()

        self.admin.mgmt_instances.reboot(self.target.id)

        self.wait_active(self.target.id)
        self.assertNotEqual(before, self.started())

    def test_management_rebuild(self) -> None:
        # Given an agent whose disk was damaged
        before = self.started()
        (disk,) = self.server_directory(self.target.id).glob('state')
        for path in disk.iterdir():
            if path.is_file():
                path.write_bytes(b'nonsense')

        self.admin.mgmt_instances.rebuild(self.target.id, str(uuid.uuid4()))

        busy = self.member.instances.get(self.target.id)
        self.assertEqual('BUILD', busy.status)
        self.wait_active(self.target.id)
        self.assertNotEqual(before, self.started())
        self.member.databases.create(self.target.id, [{'name': 'after'}])
        self.member.databases.delete(self.target.id, 'after')

    def test_upgrade(self) -> None:
        self.started()
        now = self.deployment.VERSION
        datastore = self.deployment.DATASTORE
        versions = self.admin.mgmt_ds_versions
        # One that is installed, by another name, and one that is not
        for name, number in ('again', now), ('missing', f'{now}.9'):
            versions.create(
                name, datastore, datastore, str(uuid.uuid4()), version=number
            )
            (made,) = (
                each for each in versions.list() if each.name == name
            )
            self.addCleanup(versions.delete, made.id)

        self.member.instances.upgrade(self.target.id, 'again')

        self.wait(
            self.target.id,
            lambda i: i.datastore['version'] == 'again',
            'has the other version',
        )
        self.wait_active(self.target.id)
        self.started()
        self.member.instances.upgrade(self.target.id, 'missing')
        failed = self.wait_error(self.target.id)
        self.assertIn('Nothing was changed', failed.fault['message'])
        self.started()
        self.member.instances.upgrade(self.target.id, now)
        instance = self.wait_active(self.target.id)
        self.assertEqual(now, instance.datastore['version'])

    def test_management_stop(self) -> None:
        self.admin.mgmt_instances.stop(self.target.id)

        self.wait(
            self.target.id,
            lambda i: i.operating_status == 'SHUTDOWN',
            'is stopped',
        )
        self.assertFalse(self.connects(self.target, *self.login))
        self.member.instances.restart(self.target.id)
        self.wait_active(self.target.id)
        self.started()

    def test_management_migrate_where_there_is_one_host(self) -> None:
        failure = self.assertRaises(
            trove_exceptions.ClientException,
            self.admin.mgmt_instances.migrate,
            self.target.id,
        )

        self.assertEqual(501, failure.http_status)
        self.assertIn('one host', str(failure))

    def test_resize_to_a_larger_flavor(self) -> None:
        # Given a flavor with half the memory of the other
        smaller = self.setting('shared_buffers')

        self.member.instances.resize_instance(
            self.target.id, self.OTHER_FLAVOR
        )

        instance = self.wait_active(self.target.id)
        self.assertEqual(self.OTHER_FLAVOR, str(instance.flavor['id']))
        self.assertGreater(self.setting('shared_buffers'), smaller)
        self.started()
        self.member.instances.resize_instance(self.target.id, self.FLAVOR)
        instance = self.wait_active(self.target.id)
        self.assertEqual(self.FLAVOR, str(instance.flavor['id']))
        self.assertEqual(smaller, self.setting('shared_buffers'))

    def test_resize_volume(self) -> None:
        size = self.target.volume['size']

        self.member.instances.resize_volume(self.target.id, size + 1)

        instance = self.wait_active(self.target.id)
        self.assertEqual(size + 1, instance.volume['size'])
        self.started()

    def test_resizes_that_make_no_sense(self) -> None:
        size = self.target.volume['size']
        instances = self.member.instances
        for act, value, error in (
            (instances.resize_instance, self.FLAVOR, 400),
            (instances.resize_instance, 'no-such-flavor', 400),
            (instances.resize_volume, size, 400),
            (instances.resize_volume, 0, 400),
            (instances.resize_volume, 1000, 413),
        ):
            failure = self.assertRaises(
                trove_exceptions.ClientException, act, self.target.id, value
            )
            self.assertEqual(error, failure.http_status, failure)
        self.assertEqual(
            'ACTIVE', self.member.instances.get(self.target.id).status
        )


class LeftoversTest(base.DeployedTestCase):
    def test_nothing_runs_for_instances_that_are_not_there(self) -> None:
        known = {i.id for i in self.member.instances.list(limit=100)}
        servers = self.deployment.state_dir / 'servers'

        strays = [
            process
            for directory in servers.iterdir()
            if directory.name not in known
            for process in processes.mentioning(str(directory))
        ]

        self.assertEqual([], strays)
