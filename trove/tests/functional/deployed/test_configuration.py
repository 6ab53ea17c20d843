# SPDX-License-Identifier: Apache-2.0
"""Configuration groups, by the commands of users, at real databases."""

from __future__ import annotations

import json
from typing import Any

from trove.tests.functional.deployed import base

_USER = [{'name': 'clerk', 'password': 'secret', 'databases': []}]


class ConfigurationTest(base.DeployedTestCase):
    """Given the rules that the server itself lists."""

    def setUp(self) -> None:
        super().setUp()
        self.load_rules()

    def version(self) -> tuple[str, str]:
        return '--datastore', self.deployment.DATASTORE

    def group(self, name: str, **values: Any) -> str:
        made = self.openstack(
            'database',
            'configuration',
            'create',
            name,
            json.dumps(values),
            *self.version(),
            '--datastore-version',
            self.deployment.VERSION,
        )
        self.assertEqual(values, json.loads(made['values']))
        return str(made['id'])

    def command(self, *arguments: str) -> None:
        done = self.run_openstack('database', 'configuration', *arguments)
        self.assertEqual(0, done.returncode, done.stderr)

    def refused(self, *arguments: str) -> str:
        done = self.run_openstack('database', 'configuration', *arguments)
        self.assertNotEqual(0, done.returncode, done.stdout)
        return done.stderr

    def setting(self, instance: Any, name: str) -> str:
        with self.connect(instance, 'clerk', 'secret') as session:
            found = session.execute('SELECT current_setting(%s)', [name])
            (value,) = found.fetchone() or ('',)
            return str(value)

    def wait_setting(self, instance: Any, name: str, value: str) -> None:
        self.eventually(
            lambda: self.setting(instance, name) == value,
            f'{name} is {value}',
        )

    def shown(self, instance: Any) -> Any:
        return self.member.instances.get(instance.id)

    def restart(self, instance: Any) -> None:
        self.member.instances.restart(instance.id)

    def test_the_life_of_a_group(self) -> None:
        # Given
        instance = self.create_active('configured', users=_USER)
        group_id = self.group('life', work_mem='9MB', max_connections=33)
        # When
        self.command('attach', instance.id, group_id)
        # Then what can work does, and what waits is named
        self.wait_setting(instance, 'work_mem', '9MB')
        shown = self.shown(instance)
        self.assertEqual('RESTART_REQUIRED', shown.status)
        self.assertEqual(['max_connections'], shown.pending_restart)
        self.assertIn('already', self.refused('attach', instance.id, group_id))
        # When
        self.restart(instance)
        self.wait_active(instance.id)
        # Then
        self.assertEqual('33', self.setting(instance, 'max_connections'))
        # When the group changes
        self.command('parameter', 'set', group_id, '{"work_mem": "8MB"}')
        # Then
        self.wait_setting(instance, 'work_mem', '8MB')
        self.assertEqual('ACTIVE', self.shown(instance).status)
        self.assertIn('Detach', self.refused('delete', group_id))
        # When
        self.command('detach', instance.id)
        # Then
        self.assertEqual('RESTART_REQUIRED', self.shown(instance).status)
        self.restart(instance)
        self.wait_active(instance.id)
        self.assertNotEqual('33', self.setting(instance, 'max_connections'))
        self.command('delete', 'life')

    def test_values_that_the_database_does_not_start_with(self) -> None:
        # Given an instance that begins with a group
        group_id = self.group('bad', work_mem='9MB')
        instance = self.create_active(
            'begins', users=_USER, configuration=group_id
        )
        self.assertEqual('9MB', self.setting(instance, 'work_mem'))
        self.assertEqual(group_id, self.shown(instance).configuration['id'])
        # When
        too_much = '{"superuser_reserved_connections": 262143}'
        self.command('parameter', 'set', group_id, too_much)
        self.restart(instance)
        # Then it is told, and the database runs
        failed = self.wait(
            instance.id,
            lambda i: i.status == 'RESTART_REQUIRED' and hasattr(i, 'fault'),
            'runs with the former values',
        )
        self.assertIn('former', failed.fault['message'])
        self.assertEqual('9MB', self.setting(instance, 'work_mem'))
        # When it is corrected
        self.command('set', group_id, '{"work_mem": "7MB"}')
        self.restart(instance)
        # Then
        self.wait_active(instance.id)
        self.assertEqual('7MB', self.setting(instance, 'work_mem'))

    def test_what_users_see(self) -> None:
        group_id = self.group('seen', work_mem=1024)

        listed = self.openstack('database', 'configuration', 'list')
        shown = self.openstack('database', 'configuration', 'show', 'seen')
        version = self.deployment.VERSION, *self.version()
        parameters = self.openstack(
            'database', 'configuration', 'parameter', 'list', *version
        )
        one = self.openstack(
            'database',
            'configuration',
            'parameter',
            'show',
            self.deployment.VERSION,
            'max_connections',
            *self.version(),
        )
        instances = self.openstack(
            'database', 'configuration', 'instances', group_id
        )
        default = self.openstack(
            'database', 'configuration', 'default', self.instance().id
        )

        self.assertIn(group_id, [row['ID'] for row in listed])
        self.assertEqual({'work_mem': 1024}, json.loads(shown['values']))
        self.assertIn('work_mem', [row['Name'] for row in parameters])
        self.assertEqual((1, True), (one['min'], one['restart_required']))
        self.assertEqual([], instances)
        self.assertIn('shared_buffers', default)
        refused = self.refused('create', 'no', '{"max_connections": 0}')
        self.assertIn('an integer from 1 to', refused)
        self.command('delete', group_id)
