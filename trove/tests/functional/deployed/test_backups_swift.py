# SPDX-License-Identifier: Apache-2.0
"""Backups in Swift, with Keystone in front of it, from request to restore."""

from __future__ import annotations

from typing import Any

from trove.tests.fixtures import deployment
from trove.tests.fixtures import swift
from trove.tests.functional.deployed import test_backups

#: So small that the backup of an empty database has several parts.
_PART_SIZE = 1 << 20


class SwiftDeployment(deployment.Deployment):
    """Given a Swift that knows the services as reseller administrators."""

    def _use_more(self) -> None:
        keystone = self.keystone
        self.swift = self.useFixture(swift.Swift(keystone.authtoken()))
        keystone.add_service(
            'swift',
            'object-store',
            f'{self.swift.endpoint}/v1/AUTH_%(project_id)s',
        )
        user = keystone.add_user('trove-swift', 'service', 'ResellerAdmin')
        self.options |= {
            'DEFAULT': {
                'storage_strategy': 'swift',
                'storage_drivers': 'swift',
            },
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
        head = self.request('HEAD', f'database_backups/{second.id}.tar.gz')
        self.assertEqual('True', head.headers['X-Static-Large-Object'])
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

        self.delete_backup(full.id)

        self.assertEqual([], self.stored())
