# SPDX-License-Identifier: Apache-2.0
"""Task managers are killed at every step of all their work."""

from __future__ import annotations

import contextlib
from typing import Any

from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import create
from trove.taskmanager.workflows import create_backup
from trove.taskmanager.workflows import delete
from trove.taskmanager.workflows import reboot
from trove.taskmanager.workflows import rebuild
from trove.taskmanager.workflows import resize_flavor
from trove.taskmanager.workflows import resize_volume
from trove.taskmanager.workflows import restart
from trove.taskmanager.workflows import upgrade
from trove.tests.functional.deployed import mortals

#: The driver local has no images: any id is good.
_IMAGE = '9a2f3b52-6df7-4a32-a3c6-5d5f0b6f1c70'


class KillTest(mortals.MortalTestCase):
    def killed_in(
        self, workflow: type[base.Workflow]
    ) -> contextlib.AbstractContextManager[None]:
        return self.killed_at(mortals.steps(workflow))

    def reserved(self) -> dict[str, tuple[int, int]]:
        """What the project uses and has reserved."""
        project = self.deployment.keystone.member.project_id
        return {
            each.resource: (each.in_use, each.reserved)
            for each in self.admin.quota.show(project)
        }

    def test_each_step_of_all_work(self) -> None:
        before = self.reserved()
        with self.killed_in(create.Create):
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
        with self.killed_in(create_backup.CreateBackup):
            backup = self.member.backups.create('killed', instance.id)
            self.eventually(
                lambda: not self.worked_at(instance.id),
                'the work on the backup has ended',
            )
            self.wait_active(instance.id)
        self.assertEqual(
            'COMPLETED', self.member.backups.get(backup.id).status
        )
        with self.killed_in(rebuild.Rebuild):
            self.admin.mgmt_instances.rebuild(instance.id, _IMAGE)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')

        with self.connect(instance, *login) as connection:
            row = connection.execute('SELECT n FROM kept').fetchone()
        self.assertEqual((7,), row)
        with self.killed_in(delete.Delete):
            self.member.instances.delete(instance.id)
            self.eventually(lambda: self.is_gone(instance.id), 'it is gone')
        self.then_nothing_is_left(instance.id)
        self.member.backups.delete(backup.id)
        self.eventually(
            lambda: not self.member.backups.list(), 'the backup is deleted'
        )
        self.assertEqual(before, self.reserved())

    def when_killed_in_changes(self, instance: Any) -> None:
        with self.killed_in(restart.Restart):
            self.member.instances.restart(instance.id)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')
        with self.killed_in(resize_flavor.ResizeFlavor):
            self.member.instances.resize_instance(
                instance.id, self.OTHER_FLAVOR
            )
            self.settles(
                instance.id, lambda i: i.flavor['id'] == self.OTHER_FLAVOR
            )
        with self.killed_in(resize_volume.ResizeVolume):
            self.member.instances.resize_volume(instance.id, 2)
            self.settles(instance.id, lambda i: i.volume['size'] == 2)
        with self.killed_in(reboot.Reboot):
            self.admin.mgmt_instances.reboot(instance.id)
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')
        with self.killed_in(upgrade.Upgrade):
            self.member.instances.upgrade(instance.id, self.other_version())
            self.settles(instance.id, lambda i: i.status == 'ACTIVE')

    def other_version(self) -> str:
        """Return the name of another version with the same number."""
        datastore, name = self.deployment.DATASTORE, 'the same'
        self.admin.mgmt_ds_versions.create(
            name, datastore, datastore, _IMAGE, version=self.deployment.VERSION
        )
        return name

    def then_nothing_is_left(self, instance_id: str) -> None:
        self.assertFalse(self.server_directory(instance_id).exists())
        self.assertFalse(self.volume_directory(instance_id).exists())
        self.assertEqual([], self.processes_of(instance_id))
        queues = self.deployment.broker.queues()
        # Nobody knows the names of those for all; they expire.
        named = [name for name in queues if '_fanout_' not in name]
        self.assertEqual([], [name for name in named if instance_id in name])
        self.assertFalse(self.worked_at(instance_id))
