# SPDX-License-Identifier: Apache-2.0
"""Backups from request to restore, with the services as processes."""

from __future__ import annotations

from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.tests.fixtures import processes
from trove.tests.functional.deployed import test_faults


class BackupBase(test_faults.GuestTestCase):
    """Given a database with rows."""

    def setUp(self) -> None:
        super().setUp()
        self.source = self.create_active(
            'source',
            databases=[{'name': 'shop'}],
            users=[
                {
                    'name': 'clerk',
                    'password': 'S3cret pass',
                    'databases': [{'name': 'shop'}],
                }
            ],
        )
        with self.shop(self.source) as shop:
            shop.execute('CREATE TABLE goods (name text)')
        self.given_row('tea')

    def shop(self, instance: Any) -> Any:
        return self.connect(instance, 'clerk', 'S3cret pass', 'shop')

    def given_row(self, name: str) -> None:
        with self.shop(self.source) as shop:
            shop.execute('INSERT INTO goods VALUES (%s)', [name])

    def rows(self, instance: Any) -> set[str]:
        with self.shop(instance) as shop:
            found = shop.execute('SELECT name FROM goods').fetchall()
        return {name for (name,) in found}

    def begin(self, name: str, **values: Any) -> Any:
        backup = self.member.backups.create(name, self.source.id, **values)
        self.addCleanup(self.delete_backup, backup.id)
        return backup

    def back_up(self, name: str, **values: Any) -> Any:
        """Make a backup, and wait until it has ended."""
        return self.ended(self.begin(name, **values))

    def ended(self, backup: Any) -> Any:
        def look() -> Any:
            found = self.member.backups.get(backup.id)
            running = found.status in ('NEW', 'BUILDING', 'SAVING')
            return None if running else found

        found = self.eventually(look, f'backup {backup.id} has ended')
        self.wait_active(self.source.id)
        return found

    def delete_backup(self, backup_id: str) -> None:
        def gone() -> bool:
            try:
                self.member.backups.delete(backup_id)
            except trove_exceptions.NotFound:
                return True
            return False

        self.eventually(gone, f'backup {backup_id} is deleted')

    def stored(self) -> list[str]:
        """Return the names of all files in the directory of backups."""
        directory = self.deployment.directory / 'backups'
        return sorted(
            path.name for path in directory.rglob('*') if path.is_file()
        )

    def fault(self) -> str:
        shown = self.member.instances.get(self.source.id)
        return str(getattr(shown, 'fault', None))


class BackupTest(BackupBase):
    def test_full_incremental_and_restored(self) -> None:
        full = self.back_up('full')
        self.given_row('coffee')
        second = self.back_up('second', incremental=True)
        self.given_row('cocoa')

        self.assertEqual('COMPLETED', full.status, self.fault())
        self.assertEqual('COMPLETED', second.status, self.fault())
        self.assertEqual(full.id, second.parent_id)
        self.assertGreater(full.size, 0)
        self.assert_verified(second)
        for backup, expected in (
            (full, {'tea'}),
            (second, {'tea', 'coffee'}),
        ):
            restored = self.create_active(
                'restored', restorePoint={'backupRef': backup.id}
            )
            self.assertEqual(expected, self.rows(restored))
            self.delete(restored.id)
        self.assertEqual({'tea', 'coffee', 'cocoa'}, self.rows(self.source))

        # When the first is deleted, the second has nothing to continue
        self.delete_backup(full.id)

        self.assertRaises(
            trove_exceptions.NotFound, self.member.backups.get, second.id
        )
        self.eventually(lambda: not self.stored(), 'no file is left')

    def assert_verified(self, backup: Any) -> None:
        """Its guest agent verifies a backup, and users see the time."""
        backups = self.member.backups
        backups.api.client.post(
            f'/backups/{backup.id}/action', body={'verify': {}}
        )

        def ended() -> Any:
            known = backups.get(backup.id).verification
            running = known['status'] in ('REQUESTED', 'RUNNING')
            return None if running else known

        found = self.eventually(ended, 'it is verified')
        self.assertEqual('VERIFIED', found['status'], found)
        self.assertTrue(found['time'])

    def test_agent_dies_over_it(self) -> None:
        stopped = processes.frozen(self.postmaster_pid(self.source.id))
        with stopped:
            backup = self.begin('broken')
            self.eventually(
                lambda: self.member.backups.get(backup.id).status
                == 'BUILDING',
                'the agent makes it',
            )
            self.agent(self.source.id).kill()

        self.assertEqual('FAILED', self.ended(backup).status)
        self.assertIn('backup', self.fault())
        self.assertEqual([], self.stored())

        # And the next one goes well
        self.assertEqual('COMPLETED', self.back_up('whole').status)
