# SPDX-License-Identifier: Apache-2.0
"""trove-manage as an operator sees it: output, complaints, exit status."""

from __future__ import annotations

from trove.db import migration
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects import service as services
from trove.tests.unit.cmd import base


class ManageTest(base.ManageTestCase):
    def test_db_sync_makes_the_tables_and_says_so(self):
        self.assertEqual(0, self.run_manage('db_sync'))

        self.assertIn(migration.latest(), self.out)
        self.run_manage('db_version')
        self.assertEqual(migration.latest(), self.out.strip())

    def test_db_upgrade_stops_where_it_is_told(self):
        self.assertEqual(
            0, self.run_manage('db_upgrade', '--version', '95418fe2a1c8')
        )

        self.run_manage('db_version')
        self.assertEqual('95418fe2a1c8', self.out.strip())
        self.assertIn('db_sync', self.error)

    def test_a_refused_database_is_a_sentence_and_status_1(self):
        with open(self.database.path, 'w') as file:
            file.write('This is not a database, it is a letter. ' * 100)

        self.assertEqual(1, self.run_manage('db_sync'))

        self.assertIn('file is not a database', self.error)
        self.assertNotIn('Traceback', self.error)

    def test_missing_tables_are_a_sentence_and_status_1(self):
        self.assertEqual(1, self.run_manage('service_list'))

        self.assertIn('trove-manage db_version', self.error)

    def test_unreachable_database_is_a_sentence_and_status_1(self):
        with open(self.file, 'w') as file:
            file.write(
                '[database]\nconnection = '
                'mysql+pymysql://trove:pass-word@127.0.0.1:1/trove\n'
            )

        self.assertEqual(1, self.run_manage('db_sync'))

        self.assertIn('onnection refused', self.error)
        self.assertNotIn('pass-word', self.error)

    def test_unset_connection_is_a_sentence_and_status_1(self):
        with open(self.file, 'w') as file:
            file.write('[database]\n')

        self.assertEqual(1, self.run_manage('db_sync'))

        self.assertIn('[database] connection', self.error)

    def test_unknown_command_is_status_2(self):
        self.assertEqual(2, self.run_manage('db_downgrade'))

    def test_every_command_explains_itself(self):
        self.assertEqual(0, self.run_manage('--help'))
        for command in (
            *('db_sync', 'db_upgrade', 'db_version', 'db_wipe'),
            *('db_recreate', 'datastore_update', 'datastore_version_update'),
            *('service_list', 'service_remove', 'job_list', 'fault_list'),
            'replica_list',
        ):
            self.assertIn(command, self.out)

    def test_destruction_needs_to_be_meant(self):
        self.synced()
        datastores.save('postgresql')

        for command in ('db_wipe', 'db_recreate'):
            self.assertEqual(1, self.run_manage(command))
            self.assertIn('--yes', self.error)

        self.assertEqual(1, len(datastores.list_(inactive=True)))

    def test_recreate_leaves_an_empty_database(self):
        self.synced()
        datastores.save('postgresql')

        self.assertEqual(0, self.run_manage('db_recreate', '--yes'))

        self.assertEqual([], datastores.list_(inactive=True))

    def test_wipe_leaves_no_table(self):
        self.synced()
        session.dispose()

        self.assertEqual(0, self.run_manage('db_wipe', '--yes'))

        self.run_manage('db_version')
        self.assertEqual('empty', self.out.strip())

    def test_datastore_and_version_are_made_as_the_guide_says(self):
        self.synced()

        self.assertEqual(
            0, self.run_manage('datastore_update', 'postgresql', '')
        )
        self.assertEqual(
            0,
            self.run_manage(
                'datastore_version_update',
                'postgresql',
                '17',
                'postgresql',
                '',
                '',
                '1',
                '--version',
                '17.2',
                '--image-tags',
                'trove, postgresql',
            ),
        )
        self.assertEqual(
            0, self.run_manage('datastore_update', 'postgresql', '17')
        )

        datastore = datastores.get(self.conf, 'postgresql')
        version = datastores.get_version(datastore)
        self.assertEqual('17', version.name)
        self.assertEqual('17.2', version.version)
        self.assertEqual('postgresql', version.manager)
        self.assertEqual(('trove', 'postgresql'), tuple(version.image_tags))

    def test_version_of_an_unknown_datastore_is_refused(self):
        self.synced()

        status = self.run_manage(
            'datastore_version_update', 'mysql', '8.4', 'mysql', '', '', '1'
        )

        self.assertEqual(1, status)
        self.assertIn('mysql', self.error)

    def test_version_whose_driver_is_gone_can_be_made_inactive(self):
        self.synced()
        datastores.save('redis')
        datastores.save_version('redis', '7', manager='redis')

        for active, status in ('1', 0), ('0', 0), ('1', 1):
            arguments = ['redis', '7', 'redis', '', '', active]
            found = self.run_manage('datastore_version_update', *arguments)

            self.assertEqual(status, found)

        self.assertIn('manager is "redis"', self.error)
        self.assertEqual(
            [False], [each.active for each in datastores.all_versions()]
        )

    def test_default_that_does_not_exist_is_refused(self):
        self.synced()
        datastores.save('postgresql')

        self.assertEqual(
            1, self.run_manage('datastore_update', 'postgresql', '99')
        )

        self.assertIn('99', self.error)

    def test_services_are_listed_with_what_they_speak(self):
        self.synced()
        services.report(
            'trove-taskmanager', 'tm1', {'taskmanager': '1.0'}, '27.0.0'
        )

        self.assertEqual(0, self.run_manage('service_list'))

        heading, row = self.out.splitlines()
        self.assertIn('RPC versions', heading)
        for word in ('trove-taskmanager', 'tm1', 'up', '27.0.0'):
            self.assertIn(word, row.split())
        self.assertIn('taskmanager=1.0', row)

    def test_service_that_is_gone_is_removed(self):
        self.synced()
        services.report('trove-conductor', 'c1', {}, '27.0.0')

        self.assertEqual(
            0, self.run_manage('service_remove', 'trove-conductor', 'c1')
        )

        self.assertEqual([], services.list_())

    def test_service_that_never_was_is_not_removed(self):
        self.synced()

        self.assertEqual(
            1, self.run_manage('service_remove', 'trove-conductor', 'c1')
        )

        self.assertIn('service_list', self.error)
