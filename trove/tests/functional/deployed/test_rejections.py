# SPDX-License-Identifier: Apache-2.0
"""Task managers that are rolled back: nothing is lost, and all is told."""

from __future__ import annotations

import json
import sys
from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.tests.fixtures import processes
from trove.tests.functional.deployed import test_faults


class OldTaskManagerTestCase(test_faults.FaultTestCase):
    def old_taskmanager(self, revision: str) -> processes.Process:
        """A task manager of a release; it is not started yet."""
        deployment = self.deployment
        config = deployment.write_config(
            'taskmanager-old', {'DEFAULT': {'host': 'old'}}
        )
        log = deployment.directory / 'taskmanager-old.log'
        old = processes.Process(
            'old task manager',
            [
                sys.executable,
                *('-m', 'trove.tests.fixtures.old_service', '--silent'),
                *('trove-taskmanager', revision, '--config-file', config),
            ],
            log,
            timeout=60,
        )
        old.ready = lambda: old.logged(' started.')
        # After its end, for the tests that follow.
        self.addCleanup(self.wait_forgotten)
        return self.useFixture(old)

    def wait_forgotten(self) -> None:
        """Wait until a task manager of a release that has ended is forgotten.

        It does not sign off. Until then it counts, and what it would drop is
        refused.
        """
        self.deployment.mend()
        self.eventually(
            lambda: 'unregistered' not in self.services(), 'it is forgotten'
        )

    def services(self) -> str:
        return self.deployment.manage('service_list')


class RejectedTest(OldTaskManagerTestCase):
    def rejected(self, instance_id: str) -> dict[str, Any]:
        """The record of the only message about an instance."""
        listed = json.loads(
            self.deployment.rpc('rejected', 'list', '-f', 'json')
        )
        (found,) = [
            each for each in listed if instance_id in json.dumps(each)
        ]
        return {name.lower(): value for name, value in found.items()}

    def test_a_lost_message_is_replayed_after_the_upgrade(self) -> None:
        # Given: a message waits for the task managers when they end, and
        # what is started in their place is older.
        old = self.old_taskmanager('1.0/victoria')
        for taskmanager in self.deployment.task_managers:
            taskmanager.kill()
        instance = self.create(
            'lost', users=[{'name': 'ann', 'password': 's3cr3t'}]
        )
        old.start()

        # Then: the user and the operator learn it.
        failed = self.wait_error(instance.id)
        self.assertIn('create instance', failed.fault['message'])
        record = self.rejected(instance.id)
        shown = self.deployment.rpc('rejected', 'show', record['id'])
        self.assertIn('create_instance', shown)
        self.assertNotIn('s3cr3t', shown)

        # When: the upgrade is done, and the message replayed.
        old.stop()
        self.wait_forgotten()
        self.deployment.rpc('rejected', 'replay', record['id'])

        instance = self.wait_active(instance.id)
        self.assertEqual(
            ['ann'], [u.name for u in self.member.users.list(instance.id)]
        )


class CensusTest(OldTaskManagerTestCase):
    def released_form(self) -> set[str | None]:
        listed = json.loads(
            self.deployment.rpc('peers', '--kind', 'taskmanager', '-f', 'json')
        )
        return {each['Released Form'] for each in listed}

    def refusal(self) -> str | None:
        """What a conflict over an instance says; None without one."""
        try:
            self.delete(self.create('refused').id)
        except trove_exceptions.Conflict as error:
            return str(error)
        return None

    def test_one_that_does_not_report_itself_holds_the_others_back(
        self,
    ) -> None:
        # Given: all that were there know seals.
        self.assertNotIn('unregistered', self.services())
        self.eventually(
            lambda: self.released_form() == {'refused'}, 'it is proven'
        )
        old = self.old_taskmanager('1.0/victoria')
        old.start()
        self.eventually(
            lambda: '1.0/victoria' in self.services(), 'it is counted'
        )

        # Then: nothing is sent that it might drop, until it is permitted.
        said = self.eventually(self.refusal, 'it is refused')
        self.assertIn('trove-rpc sealing allow taskmanager', said)
        self.deployment.rpc(
            'sealing', 'allow', 'taskmanager', '--reason', 'one is rolled back'
        )
        self.eventually(lambda: not self.refusal(), 'it is taken')
        for number in range(2):
            instance = self.create_active(f'beside an old one {number}')
            self.delete(instance.id)

        old.stop()
        self.wait_forgotten()
        # And that ends by itself.
        self.eventually(
            lambda: self.released_form() == {'refused'}, 'it is proven again'
        )
