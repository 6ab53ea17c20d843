# SPDX-License-Identifier: Apache-2.0
"""Horizon, in a browser: what belongs to instances."""

from __future__ import annotations

from trove.tests.functional.dashboard import base

_GOOD = ('Active', 'Healthy')


class AccountTest(base.HorizonTestCase):
    """The tabs "Users", "Databases" and "Logs", and "Manage Root Access"."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.instance()

    def tab(self, name: str, table: str) -> dict[str, list[str]]:
        self.pages.open(f'databases/{self.made.id}/')
        self.pages.tab(name)
        return self.pages.rows(table)

    def test_databases_and_users(self) -> None:
        # When
        for name in 'menu', 'bills':
            self.tab('database_tab', 'databases')
            self.pages.press('#databases__action_create_database')
            self.pages.fill({'name': name})
            self.assertIn(f'Created database "{name}"', self.pages.submit())
        self.tab('users_tab', 'users')
        self.pages.press('#users__action_create_user')
        self.pages.fill(
            {'name': 'waiter', 'password': 'secret12', 'databases': 'menu'}
        )
        self.assertIn('Created user "waiter"', self.pages.submit())
        # Then
        self.assertEqual(
            {'waiter@%': ['waiter', '%', 'menu']},
            self.tab('users_tab', 'users'),
        )
        # When
        self.pages.choose('users', 'waiter@%', 'edit_user')
        self.pages.fill({'new_name': 'cook', 'new_password': 'secret34'})
        self.assertIn('Updated user "waiter"', self.pages.submit())
        self.tab('users_tab', 'users')
        self.pages.choose('users', 'cook@%', 'manage_access')
        self.pages.act('access', 'bills', 'grant_access')
        self.pages.act('access', 'menu', 'revoke_access')
        # Then
        self.assertEqual(
            {'bills': ['bills', 'Yes'], 'menu': ['menu', 'No']},
            self.pages.rows('access'),
        )
        # When
        self.tab('users_tab', 'users')
        self.pages.act('users', 'cook@%', 'delete')
        for name in 'menu', 'bills':
            self.tab('database_tab', 'databases')
            self.pages.act('databases', name, 'delete')
        # Then
        self.assertEqual({}, self.tab('users_tab', 'users'))
        self.assertEqual({}, self.tab('database_tab', 'databases'))

    def test_root(self) -> None:
        self.pages.open(f'databases/{self.made.id}/manage_root')
        self.pages.choose('manage_root', self.made.id, 'enable_root_action')
        # Then
        _, _, password = self.wait_row('manage_root', self.made.id, 'Yes')
        self.assertGreater(len(password), 8)
        # When
        self.pages.open(f'databases/{self.made.id}/manage_root')
        told = self.pages.act(
            'manage_root', self.made.id, 'disable_root_action'
        )
        # Then
        self.assertIn('Successfully disabled root access', told)
        shown = self.member.root.is_root_enabled(self.made.id)
        self.assertFalse(shown.rootEnabled)

    def test_logs(self) -> None:
        def act(name: str) -> str:
            self.tab('logs_tab', 'logs')
            return self.pages.act('logs', 'general', name)

        # When
        self.assertIn('Enabled Log: general', act('enable_log'))

        def is_published() -> bool:
            act('publish_log')
            _, _, _, published, *_ = self.tab('logs_tab', 'logs')['general']
            return int(published) > 0

        self.eventually(is_published, 'something is published')
        # Then
        self.pages.choose('logs', 'general', 'view_log')
        self.eventually(lambda: 'Query' in self.pages.text, 'it is shown')
        # When
        self.assertIn('Disabled Log: general', act('disable_log'))
        self.assertIn('Discarded Log: general', act('discard_log'))
        # Then
        _, _, status, published, *_ = self.tab('logs_tab', 'logs')['general']
        self.assertEqual(('Disabled', '0'), (status, published))


class BackupTest(base.HorizonTestCase):
    """The panels "Backups" and "Backup Strategies"."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.instance()

    def back_up(self, name: str, **values: str) -> str:
        self.pages.open('database_backups/')
        self.pages.press('#backups__action_create')
        self.pages.fill({'name': name, 'instance': 'common', **values})
        self.assertIn('Scheduled backup', self.pages.submit())
        made = self.pages.row_of('backups', name)
        self.wait_row('backups', made, 'Completed')
        return made

    def test_backups(self) -> None:
        # Given
        self.member.databases.create(self.made.id, [{'name': 'kept'}])
        # When
        full = self.back_up(
            'full', description='about', swift_container='mine'
        )
        more = self.back_up('more', parent='full')
        # Then
        datastore = ['mariadb', self.deployment.versions['mariadb']]
        rows = self.pages.rows('backups')
        for made, name, increment in (
            (full, 'full', 'No'),
            (more, 'more', 'Yes'),
        ):
            row = rows[made]
            del row[3]
            self.assertEqual(
                [name, *datastore, 'common', increment, 'Completed'], row
            )
        self.pages.open(f'database_backups/{more}/')
        self.assertIn('/mine/', self.pages.text)
        self.pages.open(f'databases/{self.made.id}/')
        self.pages.tab('backups_tab')
        self.assertEqual({full, more}, set(self.pages.rows('backups')))
        # When
        restored = self.restore(more)
        # Then
        names = [each.name for each in self.member.databases.list(restored)]
        self.assertIn('kept', names)
        # When
        for made in more, full:
            self.pages.open('database_backups/')
            told = self.pages.act('backups', made, 'delete')
            self.assertIn('Success', told)
        # Then
        self.eventually(
            lambda: not self.member.backups.list(), 'no backups are left'
        )

    def restore(self, backup_id: str) -> str:
        self.pages.open('database_backups/')
        self.pages.choose('backups', backup_id, 'restore')
        version = f'mariadb - {self.deployment.versions["mariadb"]}'
        self.pages.fill(
            {
                'name': 'restored',
                'volume': 1,
                version.encode().hex(): 'db.tiny',
                'backup': 'more',
            }
        )
        self.assertIn('Success', self.pages.submit())
        made = self.pages.row_of('databases', 'restored')
        self.addCleanup(self.delete, made)
        self.wait_row('databases', made, *_GOOD)
        return made

    def test_strategies(self) -> None:
        project = self.deployment.keystone.member.project_id
        for values, row, cells in (
            (
                {'instance': 'common', 'swift_container': 'here'},
                f'{project}{self.made.id}',
                ['swift', self.made.id, project, 'here'],
            ),
            (
                {'swift_container': 'all'},
                project,
                ['swift', '', project, 'all'],
            ),
        ):
            # When
            self.pages.open('backup_strategies/')
            self.pages.press('#backup_strategies__action_create')
            self.pages.fill(values)
            self.assertIn('strategy created', self.pages.submit())
            # Then
            self.assertEqual(
                cells, self.pages.rows('backup_strategies')[row]
            )
            # When
            told = self.pages.act('backup_strategies', row, 'delete')
            # Then
            self.assertIn('Success', told)
            self.assertEqual({}, self.pages.rows('backup_strategies'))


class ConfigurationTest(base.HorizonTestCase):
    """The panel "Configurations"."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.instance()

    def add(self, group_id: str, name: str, value: str) -> str:
        self.pages.open(f'database_configurations/{group_id}/')
        self.pages.press('#values__action_add_parameter')
        self.pages.fill({'name': name, 'value': value})
        return self.pages.submit()

    def test_the_life_of_a_group(self) -> None:
        # When
        self.pages.open('database_configurations/')
        self.pages.press('#configurations__action_create_configuration')
        version = self.deployment.versions['mariadb']
        self.pages.fill({'name': 'fast', 'datastore': version})
        self.assertIn('Created configuration group', self.pages.submit())
        group = self.pages.row_of('configurations', 'fast')
        for name, value in (
            ('max_connections', '77'),
            ('long_query_time', '1.5'),
            ('sql_mode', 'ANSI'),
        ):
            self.assertIn('Success', self.add(group, name, value))
        refused = self.add(group, 'max_connections', '-5')
        # Then
        self.assertIn('must be a number between', refused)
        # When
        self.pages.open(f'database_configurations/{group}/')
        self.pages.act('values', 'sql_mode', 'delete')
        # Then
        self.assertEqual(
            {
                'long_query_time': ['long_query_time', '1.5'],
                'max_connections': ['max_connections', '77'],
            },
            self.pages.rows('values'),
        )
        self.attach_and_detach(group)
        # When
        self.pages.open('database_configurations/')
        told = self.pages.act('configurations', group, 'delete')
        # Then
        self.assertIn('Deleted Configuration Group: fast', told)
        self.assertEqual({}, self.pages.rows('configurations'))

    def attach_and_detach(self, group: str) -> None:
        self.pages.open('databases/')
        self.pages.choose('databases', self.made.id, 'attach_configuration')
        self.pages.fill({'configuration': 'fast'})
        self.assertIn('Success', self.pages.submit())
        self.pages.open(f'database_configurations/{group}/')
        self.pages.tab('instances_tab')
        self.assertEqual(
            {self.made.id: ['common']}, self.pages.rows('instances')
        )
        told = self.pages.act(
            'instances', self.made.id, 'detach_configuration'
        )
        self.assertIn('Success', told)
        self.pages.open('databases/')
        self.pages.act('databases', self.made.id, 'restart')
        self.wait_row('databases', self.made.id, *_GOOD)
