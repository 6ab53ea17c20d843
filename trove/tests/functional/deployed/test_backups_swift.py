# SPDX-License-Identifier: Apache-2.0
"""Backups in Swift, with Keystone in front of it, from request to restore."""

from __future__ import annotations

import datetime
from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.tests.fixtures import deployment
from trove.tests.fixtures import swift
from trove.tests.functional.deployed import test_backups

#: So small that the backup of an empty database has several parts.
_PART_SIZE = 1 << 20


class SwiftDeployment(deployment.Deployment):
    """Given a Swift that knows the services as reseller administrators."""

    #: Here all of it is started as users start it.
    FORKED = False

    def _use_more(self) -> None:
        keystone = self.keystone
        self.swift = self.useFixture(swift.Swift(keystone.authtoken()))
        keystone.add_service(
            'swift',
            'object-store',
            f'{self.swift.endpoint}/v1/AUTH_%(project_id)s',
        )
        user = keystone.add_user('trove-swift', 'service', 'ResellerAdmin')
        # Another one, which has keys of S3 instead of Keystone.
        self.s3 = self.useFixture(swift.Swift())
        for bucket in 'trove', 'trove+segments':
            self.s3.request('PUT', bucket)
        self.options |= {
            'DEFAULT': {
                'storage_strategy': 'swift',
                'storage_drivers': 'swift,s3',
                'backup_segment_max_size': str(_PART_SIZE),
                'agent_heartbeat_expiry': '30',
            },
            # A failure is final soon.
            'objectstore': {
                'attempts': '2',
                'timeout': '5',
                's3_endpoint': self.s3.endpoint,
                's3_bucket': 'trove',
                's3_access_key': 's3-key',
                's3_secret_key': 's3-secret',
            },
            'taskmanager': {'log_archive_interval': '1'},
            'service_credentials': {
                'auth_url': keystone.url,
                'username': user.name,
                'password': user.password,
                'project_name': user.project,
            },
        }


class SwiftBackupTest(test_backups.BackupBase):
    """Given a database with rows, and Swift."""

    deployment: SwiftDeployment

    def make_deployment(self) -> deployment.Deployment:
        return self.useFixture(SwiftDeployment())

    def stored(self) -> list[str]:
        return self.request('GET', 'database_backups').text.split()

    def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """Ask for CONTAINER/NAME, as the user."""
        keystone = self.deployment.keystone
        member = keystone.member
        return self.deployment.swift.request(
            method,
            path,
            url=f'{self.deployment.swift.endpoint}/v1/'
            f'AUTH_{member.project_id}',
            token=keystone.session(member).get_token(),
            **kwargs,
        )

    def test_full_incremental_restored_deleted(self) -> None:
        full = self.back_up('full')
        self.given_row('coffee')
        second = self.back_up('second', incremental=True)
        self.given_row('cocoa')

        self.assertEqual('COMPLETED', full.status, self.fault())
        self.assertEqual('COMPLETED', second.status, self.fault())
        # What users, and released Trove, find there
        member = self.deployment.keystone.member
        self.assertEqual(
            f'{self.deployment.swift.endpoint}/v1/AUTH_{member.project_id}/'
            f'database_backups/{second.id}.tar.gz',
            second.locationRef,
        )
        head = self.request('HEAD', f'database_backups/{full.id}.tar.gz')
        self.assertEqual('True', head.headers['X-Static-Large-Object'])
        head = self.request('HEAD', f'database_backups/{second.id}.tar.gz')
        self.assertEqual(
            full.locationRef, head.headers['X-Object-Meta-Parent-Location']
        )
        self.assertIn('X-Object-Meta-Stop-Wal-File', head.headers)
        for backup, expected in (
            (full, {'tea'}),
            (second, {'tea', 'coffee'}),
        ):
            restored = self.create_active(
                'restored', restorePoint={'backupRef': backup.id}
            )
            self.assertEqual(expected, self.rows(restored))
            self.delete(restored.id)

        self.assert_registered(second)
        self.assert_kept_in_s3()
        self.assert_restored_to_a_time()

        self.delete_backup(full.id)

        self.eventually(lambda: not self.stored(), 'nothing is left')
        self.assert_logs_are_read()

    def assert_kept_in_s3(self) -> None:
        """A backup is in the bucket; its guest agent has no keys."""
        kept = self.back_up('kept', storage_driver='s3')
        self.assertEqual('COMPLETED', kept.status, self.fault())
        key = f'database_backups/{kept.id}.tar.gz'
        self.assertEqual(f's3://trove/{key}', kept.locationRef)
        self.assertEqual([key], self.deployment.s3.names('trove'))
        restored = self.create_active(
            'restored', restorePoint={'backupRef': kept.id}
        )
        self.assertEqual({'tea', 'coffee', 'cocoa'}, self.rows(restored))
        for path in self.deployment.directory.rglob('*guest*'):
            if path.is_file():
                self.assertNotIn(b's3-secret', path.read_bytes())
        self.delete(restored.id)
        self.delete_backup(kept.id)
        self.assertEqual([], self.deployment.s3.names('trove'))

    def assert_restored_to_a_time(self) -> None:
        """The log is archived with TempURLs, and replayed with others."""
        strategies = self.member.backup_strategies
        strategies._create(
            '/backup_strategies',
            {
                'backup_strategy': {
                    'instance_id': self.source.id,
                    'swift_container': 'database_backups',
                    'log_archive': True,
                }
            },
            'backup_strategy',
        )

        def archived() -> bool:
            return any(n.startswith('log-') for n in self.stored())

        self.eventually(archived, 'the log is archived')
        base = self.back_up('with its log')
        self.given_row('before')
        with self.shop(self.source) as shop:
            ((time,),) = shop.execute('SELECT now()').fetchall()
        self.given_row('after')

        def reached() -> bool:
            shown = self.member.instances.get(self.source.id).restorable
            latest = shown['latest']
            return bool(latest) and (
                datetime.datetime.fromisoformat(latest) > time
            )

        self.eventually(reached, f'{time} can be restored')
        restored = self.create_active(
            'restored',
            restorePoint={
                'instance': self.source.id,
                'time': time.isoformat(),
            },
        )
        self.assertIn('before', self.rows(restored))
        self.assertNotIn('after', self.rows(restored))
        self.delete(restored.id)
        strategies.delete(instance_id=self.source.id)
        self.delete_backup(base.id)

    def assert_logs_are_read(self) -> None:
        """Logs are published to Swift, where commands of users read them."""
        general = (self.source.id, 'general')

        def tailed() -> bool:
            self.rows(self.source)
            self.openstack('database', 'log', 'set', *general, '--publish')
            done = self.run_openstack('database', 'log', 'tail', *general)
            self.assertEqual(0, done.returncode, done.stderr)
            return 'SELECT name FROM goods' in done.stdout

        self.eventually(tailed, 'the log has what the user asked')
        for name in self.request('GET', 'database_logs').text.split():
            head = self.request('HEAD', f'database_logs/{name}')
            self.assertIn('X-Delete-At', head.headers)
        self.openstack(
            'database', 'log', 'set', *general, '--disable', '--discard'
        )
        left = self.request('GET', 'database_logs').text
        self.assertEqual('', left)

    def assert_registered(self, backup: Any) -> None:
        """What another Trove has stored can be restored, too."""
        registered = self.register(backup.locationRef)
        self.addCleanup(self.delete_backup, registered.id)
        self.assertEqual('RESTORED', registered.status)
        restored = self.create_active(
            'registered', restorePoint={'backupRef': registered.id}
        )
        self.assertEqual({'tea', 'coffee'}, self.rows(restored))
        self.delete(restored.id)
        before = self.stored()
        self.delete_backup(registered.id)
        self.assertEqual(before, self.stored())

        for location, error in (
            (f'{backup.locationRef}x', trove_exceptions.NotFound),
            # A token is sent to no other address.
            (
                backup.locationRef.replace('//127', '//swift.127'),
                trove_exceptions.BadRequest,
            ),
            (
                backup.locationRef.replace('/AUTH_', '/AUTH_0'),
                trove_exceptions.BadRequest,
            ),
        ):
            self.assertRaises(error, self.register, location)

    def register(self, location: str) -> Any:
        version = self.member.datastore_versions.list('postgresql')[0]
        return self.member.backups.create(
            'registered',
            None,
            restore_from=location,
            restore_ds_version=version.id,
            restore_size=1,
        )

    def test_whatever_fails_has_a_reason_and_leaves_nothing(self) -> None:
        # Given one that is complete
        full = self.back_up('full')
        self.assertEqual('COMPLETED', full.status, self.fault())
        complete = self.stored()
        swift = self.deployment.swift

        # When Swift is away, no other one begins
        swift.break_it(
            {'match': 'HEAD', 'do': 'status', 'status': 503, 'times': 99}
        )
        error = self.assertRaises(
            trove_exceptions.ClientException, self.begin, 'never'
        )
        swift.break_it()
        self.assertIn('503', str(error))
        self.assertEqual(1, len(self.member.backups.list()))

        # When it breaks while one is written, or is completed
        for rule, reason in (
            ({'match': 'PUT .*_00000001', 'status': 507}, '507'),
            ({'match': 'PUT .*_00000001', 'status': 401}, '401'),
            ({'match': 'PUT .*_00000001', 'status': 503}, '503'),
            ({'match': 'PUT .*tar.gz', 'status': 507}, '507'),
        ):
            swift.break_it({'do': 'status', 'times': 9, **rule})
            failed = self.back_up('failed')
            swift.break_it()

            self.assertEqual('FAILED', failed.status, rule)
            self.wait_fault(reason)
            self.eventually(
                lambda: self.stored() == complete, 'nothing of it is left'
            )

        # It may be away for a while when all is written, or be slow
        swift.break_it(
            {'match': 'PUT .*_00000001', 'do': 'slow', 'seconds': 7},
            {'match': 'PUT .*tar.gz', 'do': 'status', 'status': 503}
            | {'times': 2},
        )
        late = self.back_up('late')
        self.assertEqual('COMPLETED', late.status, self.fault())
        self.delete_backup(late.id)

        self.assert_damage_is_noticed(full)

    def assert_damage_is_noticed(self, full: Any) -> None:
        """What is damaged is not restored, nor continued."""
        self.request(
            'PUT', f'database_backups/{full.id}_00000001', data='x'
        )
        for location in (
            f'database_backups/{full.id}_00000001',
            f'database_backups/{full.id}.tar.gz',
        ):
            self.assert_not_restored(full, full.id)
            self.request('DELETE', location)
        failed = self.back_up('failed', parent_id=full.id)
        self.assertEqual('FAILED', failed.status)
        self.wait_fault(full.id)

    def wait_fault(self, reason: str) -> None:
        # It comes in a message of its own.
        self.eventually(lambda: reason in self.fault(), f'fault {reason}')

    def assert_not_restored(self, backup: Any, reason: str) -> None:
        instance = self.create(
            'restored', restorePoint={'backupRef': backup.id}
        )
        fault = self.settled(instance.id).fault
        self.assertIn(reason, fault['message'])
        self.delete(instance.id)
