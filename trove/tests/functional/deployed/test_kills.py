# SPDX-License-Identifier: Apache-2.0
"""Task managers are killed at every step of all their work."""

from __future__ import annotations

from typing import Any

from trove.tests.functional.deployed import mortals

CREATE = (
    'understand the request',
    'create the volume',
    'create the server',
    'wait for the server',
    'wait for the guest agent',
    'tell the guest agent to prepare the database',
    'start the database',
)
RESIZE_FLAVOR = (
    'stop the database',
    'resize the server',
    'start the database',
    'wait until the database runs',
)
RESIZE_VOLUME = (
    'enlarge the volumes of the replicas',
    'enlarge the volume',
    'enlarge the file system',
    'wait until the database runs',
)
RESTART = ('restart the database', 'wait until the database runs')
REBOOT = ('reboot the server', 'wait until the database runs')
BACKUP = (
    'check the backup',
    'have the guest agent make the backup',
    'wait for the backup',
    'complete the backup',
)
REBUILD = (
    'check that the data are on a volume',
    'stop the database before the rebuild',
    'rebuild the server',
    'wait for the rebuilt server',
    'tell the guest agent to take over the data',
    'have it follow its primary',
    'wait until the database runs',
    'have its replicas follow it again',
)
DELETE = (
    'stop the database',
    'delete the server',
    'delete the volume',
    'release the addresses',
    'delete the queues',
)

UPGRADE = (
    'check that the new version can be used',
    'upgrade the replicas',
    'upgrade the database server',
)

#: The driver local has no images: any id is good.
_IMAGE = '9a2f3b52-6df7-4a32-a3c6-5d5f0b6f1c70'


class KillTest(mortals.MortalTestCase):
    def reserved(self) -> dict[str, tuple[int, int]]:
        """What the project uses and has reserved."""
        project = self.deployment.keystone.member.project_id
        return {
            each.resource: (each.in_use, each.reserved)
            for each in self.admin.quota.show(project)
        }

    def test_each_step_of_all_work(self) -> None:
        before = self.reserved()
        with self.killed_at(CREATE):
            instance = self.create('killed', databases=[{'name': 'mine'}])
            instance = self.settles(
                instance.id, lambda i: i.status == 'ACTIVE'
            )
        self.assertEqual(
            ['mine'],
            [each.name for each in self.member.databases.list(instance.id)],
        )
        self.assertEqual(
            1,
            len(list(self.volume_directory(instance.id).rglob('*.pid'))),
        )
        login = self.member.root.create(instance.id)
        with self.connect(instance, *login) as connection:
            connection.execute('CREATE TABLE kept (n int)')
            connection.execute('INSERT INTO kept VALUES (7)')

        self.when_killed_in_changes(instance)
        with self.killed_at(BACKUP):
            backup = self.member.backups.create('killed', instance.id)
            self.eventually(
                lambda: not self.worked_at(instance.id),
                'the work on the backup has ended',
            )
            self.wait_active(instance.id)
        self.assertEqual(
            'COMPLETED', self.member.backups.get(backup.id).status
        )
        with self.killed_at(REBUILD):
            self.admin.mgmt_instances.rebuild(instance.id, _IMAGE)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')

        with self.connect(instance, *login) as connection:
            row = connection.execute('SELECT n FROM kept').fetchone()
        self.assertEqual((7,), row)
        with self.killed_at(DELETE):
            self.member.instances.delete(instance.id)
            self.eventually(lambda: self.is_gone(instance.id), 'it is gone')
        self.then_nothing_is_left(instance.id)
        self.member.backups.delete(backup.id)
        self.eventually(
            lambda: not self.member.backups.list(), 'the backup is deleted'
        )
        self.assertEqual(before, self.reserved())

    def when_killed_in_changes(self, instance: Any) -> None:
        with self.killed_at(RESTART):
            self.member.instances.restart(instance.id)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')
        with self.killed_at(RESIZE_FLAVOR):
            self.member.instances.resize_instance(
                instance.id, self.OTHER_FLAVOR
            )
            self.settles(
                instance.id, lambda i: i.flavor['id'] == self.OTHER_FLAVOR
            )
        with self.killed_at(RESIZE_VOLUME):
            self.member.instances.resize_volume(instance.id, 2)
            self.settles(instance.id, lambda i: i.volume['size'] == 2)
        with self.killed_at(REBOOT):
            self.admin.mgmt_instances.reboot(instance.id)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')
        with self.killed_at(UPGRADE):
            self.member.instances.upgrade(
                instance.id, self.deployment.VERSION
            )
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')

    def then_nothing_is_left(self, instance_id: str) -> None:
        self.assertFalse(self.server_directory(instance_id).exists())
        self.assertFalse(self.volume_directory(instance_id).exists())
        self.assertEqual([], self.processes_of(instance_id))
        queues = self.deployment.broker.queues()
        # Nobody knows the names of those for all; they expire.
        named = [name for name in queues if '_fanout_' not in name]
        self.assertEqual([], [name for name in named if instance_id in name])
        self.assertFalse(self.worked_at(instance_id))
