# SPDX-License-Identifier: Apache-2.0
"""Backups, their strategies, and instances made of them."""

from __future__ import annotations

from trove.objects import datastore as datastores
from trove.objects.backup import backups
from trove.objects.backup import deleting
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objects.instance import workflows
from trove.tests.unit.api import base


class TestCase(base.TestCase):
    """Given an instance, and the storage driver of this machine."""

    def setUp(self):
        super().setUp()
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.instance = self.active()

    def body(self, **values):
        return {
            'backup': {'name': 'nightly', 'instance': self.instance.id}
            | values
        }

    def made(self, **values):
        response = self.post('/backups', self.body(**values))
        self.assertEqual(202, response.status_code, response.text)
        return response.json['backup']

    def complete(self, size=0.5, **values):
        """A backup that was made; returns its id."""
        backup_id = self.made(**values)['id']
        workflows.claim_workflow(self.instance.id, work.CREATE, 'tm')
        reports.record_update(
            self.instance.id,
            backup_id,
            sent=None,
            fields={
                'state': 'COMPLETED',
                'size': size,
                'location': f'file:///database_backups/{backup_id}',
                'checksum': 'c',
            },
        )
        work.end(self.instance.id, backup_id, 'tm')
        return backup_id


class CreateTest(TestCase):
    def test_a_task_manager_is_told(self):
        view = self.made(description='of monday')

        self.assertEqual(
            {
                'id': view['id'],
                'name': 'nightly',
                'description': 'of monday',
                'locationRef': None,
                'instance_id': self.instance.id,
                'created': view['created'],
                'updated': view['updated'],
                'size': None,
                'status': 'NEW',
                'parent_id': None,
                'project_id': base.PROJECT,
                'storage_driver': 'local',
                'datastore': {
                    'type': 'postgresql',
                    'version': '18',
                    'version_id': self.version.id,
                },
            },
            view,
        )
        ((method, _, arguments),) = self.transport.sent
        self.assertEqual('create_backup', method)
        self.assertEqual(self.instance.id, arguments['instance_id'])
        self.assertEqual(view['id'], arguments['backup_info']['id'])
        self.assertEqual(
            'database_backups', arguments['backup_info']['swift_container']
        )
        shown = self.get(f'/instances/{self.instance.id}').json['instance']
        self.assertEqual('BACKUP', shown['status'])

    def test_where_it_goes(self):
        self.post(
            '/backup_strategies',
            {'backup_strategy': {'swift_container': 'ours'}},
        )
        self.complete()
        self.complete(swift_container='mine')

        self.assertEqual(
            ['ours', 'mine'],
            [
                arguments['backup_info']['swift_container']
                for _, _, arguments in self.transport.sent
            ],
        )

    def test_incremental(self):
        first = self.complete()
        second = self.complete(incremental=1)
        third = self.made(parent_id=first)

        shown = self.get(f'/backups/{second}').json['backup']
        self.assertEqual(first, shown['parent_id'])
        self.assertEqual(first, third['parent_id'])

    def test_what_is_refused(self):
        nobody = '00000000-0000-0000-0000-000000000009'
        for values, code, fault, text in (
            ({'instance': None}, 400, 'badRequest', '"instance"'),
            ({'instance': nobody}, 404, 'itemNotFound', nobody),
            ({'parent_id': nobody}, 404, 'itemNotFound', nobody),
            ({'storage_driver': 'tape'}, 400, 'badRequest', 'local'),
            ({'swift_container': 'a;b'}, 400, 'badRequest', 'a;b'),
            ({'swift_container': 'a/b'}, 400, 'badRequest', 'a/b'),
            ({'name': ' '}, 400, 'badRequest', 'name'),
            ({'color': 'red'}, 400, 'badRequest', 'color'),
            (
                {
                    'restore_from': {
                        'remote_location': 'https://other/v1/AUTH_a/b/c',
                        'local_datastore_version_id': self.version.id,
                        'size': 1,
                    }
                },
                400,
                'badRequest',
                'backup.instance is for a backup that is made here',
            ),
            (
                {
                    'instance': None,
                    'restore_from': {
                        'remote_location': 'https://other/v1/AUTH_a/b/c',
                        'local_datastore_version_id': self.version.id,
                        'size': 1,
                    },
                },
                400,
                'badRequest',
                'use "swift"',
            ),
        ):
            with self.subTest(values):
                self.assert_fault(
                    self.post('/backups', self.body(**values)),
                    code,
                    fault,
                    text,
                )
        self.assertEqual([], self.transport.sent)

    def test_without_storage(self):
        self.config(storage_strategy='swift')

        self.assert_fault(
            self.post('/backups', self.body()),
            501,
            'notImplemented',
            '"swift"',
            'local',
        )

    def test_one_at_a_time(self):
        self.made()

        self.assert_fault(
            self.post('/backups', self.body()), 422, 'unprocessableEntity'
        )

    def test_without_a_broker_nothing_is_left(self):
        self.broker_is_gone()

        response = self.post('/backups', self.body())

        self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertEqual([], self.get('/backups').json['backups'])
        self.assertEqual(
            'ACTIVE',
            self.get(f'/instances/{self.instance.id}').json['instance'][
                'status'
            ],
        )


class FoundTest(TestCase):
    def test_lists(self):
        made = self.complete()
        theirs = f'?project_id={base.PROJECT}'
        for path, project, user, expected in (
            ('/backups', base.PROJECT, 'alice', [made]),
            (f'/backups?instance_id={self.instance.id}', None, None, [made]),
            ('/backups?instance_id=other', None, None, []),
            ('/backups?datastore=postgresql', None, None, [made]),
            (f'/instances/{self.instance.id}/backups', None, None, [made]),
            ('/backups', base.OTHER_PROJECT, 'bob', []),
            ('/backups?all_projects=1', base.OTHER_PROJECT, 'admin', [made]),
            ('/backups' + theirs, base.OTHER_PROJECT, 'admin', [made]),
        ):
            with self.subTest(path):
                path, _, query = path.partition('?')
                response = self.get(
                    path,
                    query_string=query,
                    project=project or base.PROJECT,
                    user=user or 'alice',
                )
                self.assertEqual(200, response.status_code, response.text)
                self.assertEqual(
                    expected, [each['id'] for each in response.json['backups']]
                )

    def test_lists_that_are_refused(self):
        for query, code, fault in (
            ('all_projects=true', 403, 'forbidden'),
            (f'project_id={base.OTHER_PROJECT}', 403, 'forbidden'),
            ('datastore=none', 404, 'itemNotFound'),
            ('marker=-1', 400, 'badRequest'),
            ('color=red', 400, 'badRequest'),
        ):
            with self.subTest(query):
                self.assert_fault(
                    self.get('/backups', query_string=query), code, fault
                )

    def test_pages(self):
        made = {self.complete() for _ in range(3)}
        seen = []
        query = 'limit=2'
        while query:
            answer = self.get('/backups', query_string=query).json
            seen += [each['id'] for each in answer['backups']]
            links = answer.get('links') or [{'href': ''}]
            query = links[0]['href'].partition('?')[2]

        self.assertEqual(made, set(seen))
        self.assertEqual(3, len(seen))

    def test_of_another_project(self):
        made = self.complete()
        for verb in 'GET', 'DELETE':
            self.assert_fault(
                self.request(
                    verb,
                    f'/backups/{made}',
                    user='bob',
                    project=base.OTHER_PROJECT,
                ),
                404,
                'itemNotFound',
            )


class DeleteTest(TestCase):
    def test_a_task_manager_is_told(self):
        made = self.complete()

        response = self.delete(f'/backups/{made}')

        self.assertEqual(202, response.status_code, response.text)
        method, _, arguments = self.transport.sent[-1]
        self.assertEqual(
            ('delete_backup', {'backup_id': made}), (method, arguments)
        )

    def test_one_that_is_being_made(self):
        made = self.made()['id']

        self.assert_fault(
            self.delete(f'/backups/{made}'),
            422,
            'unprocessableEntity',
            'is being made',
        )

    def test_the_deletion_goes_on_without_a_broker(self):
        made = self.complete()
        self.broker_is_gone()

        self.assert_fault(
            self.delete(f'/backups/{made}'), 503, 'serviceUnavailable'
        )

        self.assertIn(made, deleting.waiting())


class RestoreTest(TestCase):
    def version_of(self, name, number, datastore='postgresql'):
        """Given another version."""
        datastores.save(datastore)
        datastores.save_version(
            datastore, name, manager=datastore, version=number
        )

    def restore(self, backup_id, **values):
        return self.post(
            '/instances',
            self.order(restorePoint={'backupRef': backup_id}, **values),
        )

    def test_a_task_manager_is_told(self):
        made = self.complete()

        response = self.restore(f'http://trove/backups/{made}')

        self.assertEqual(200, response.status_code, response.text)
        method, _, arguments = self.transport.sent[-1]
        self.assertEqual('create_instance', method)
        self.assertEqual(made, arguments['backup_id'])
        queued = workflows.get_workflow(response.json['instance']['id'])
        self.assertEqual(made, queued.details['backup_id'])

    def test_what_is_refused(self):
        nobody = '00000000-0000-0000-0000-000000000009'
        large = self.complete(size=1.5)
        running = self.made()['id']
        for backup_id, code, fault, text in (
            (nobody, 404, 'itemNotFound', nobody),
            (large, 403, 'forbidden', '1.5'),
            (running, 409, 'conflict', 'NEW'),
        ):
            with self.subTest(text):
                self.assert_fault(self.restore(backup_id), code, fault, text)

    def test_an_older_version(self):
        made = self.complete()
        self.version_of('17', '17.2')

        self.assert_refused(
            self.restore(made, datastore={'version': '17'}), '17.2', '18.6'
        )

    def test_another_datastore(self):
        made = self.complete()
        self.version_of('11', '11.8', 'mariadb')

        self.assert_refused(
            self.restore(
                made, datastore={'type': 'mariadb', 'version': '11'}
            ),
            'mariadb',
        )

    def test_of_another_project(self):
        made = self.complete()

        response = self.post(
            '/instances',
            self.order(restorePoint={'backupRef': made}),
            user='bob',
            project=base.OTHER_PROJECT,
        )

        self.assert_fault(response, 404, 'itemNotFound', made)
        self.assertEqual(
            'COMPLETED', backups.get(self.context(), made).state
        )
