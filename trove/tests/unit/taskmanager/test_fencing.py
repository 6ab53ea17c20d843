# SPDX-License-Identifier: Apache-2.0
"""Task managers that were stopped for a while, and go on.

Each is stopped right before each step of each workflow; another one takes
the work over and finishes it. Then the first must not touch a thing.
"""

from __future__ import annotations

from unittest import mock

from trove.objects.instance import cancelling
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.taskmanager.workflows import create
from trove.taskmanager.workflows import reboot
from trove.taskmanager.workflows import resize_flavor
from trove.taskmanager.workflows import resize_volume
from trove.taskmanager.workflows import restart
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class TestStopped(scene.TestCase):
    def steps_of(self, workflow):
        return [
            step.name
            for step in workflow(self.env, self.context, 'none').steps()
        ]

    def when_stopped(self, last, guest, work, meanwhile=None):
        """Do work; its process is stopped before a step, and goes on."""
        record = workflows.workflow_step
        seen = []

        def step(instance_id, owner, name):
            kept = record(instance_id, owner, name)
            if name == last and owner.startswith('tm-1') and not seen:
                (meanwhile or self.when_recovered)()
                seen.append((list(self.cloud.calls), list(guest.asked)))
                seen.append(self.columns(instance_id))
            return kept

        with mock.patch.object(workflows, 'workflow_step', step):
            work()

        calls, asked = seen[0]
        self.assertEqual(calls, self.cloud.calls, last)
        self.assertEqual(asked, guest.asked, last)
        self.assertEqual(seen[1], self.columns(guest.instance_id), last)

    def columns(self, instance_id):
        it = self.shown(instance_id)
        return (
            *(it.task, it.flavor_id, it.volume_size, it.volume_id),
            *(it.compute_instance_id, it.addresses, it.fault),
        )

    def assert_each(self, workflow, task, order):
        for last in self.steps_of(workflow):
            instance_id, guest = self.given_instance()
            self.given_guest_survives_reboots(guest)
            self.given_task(instance_id, task, workflow.action)

            self.when_stopped(
                last,
                guest,
                lambda: order(instance_id),  # noqa: B023
            )

            self.assertEqual('ACTIVE', self.shown(instance_id).status, last)

    def test_restart(self):
        self.assert_each(
            restart.Restart,
            Task.REBOOTING,
            lambda id: self.manager.restart(self.context, id),
        )

    def test_reboot(self):
        self.assert_each(
            reboot.Reboot,
            Task.REBOOTING,
            lambda id: self.manager.reboot(self.context, id),
        )

    def test_resize_flavor(self):
        self.assert_each(
            resize_flavor.ResizeFlavor,
            Task.RESIZING,
            lambda id: self.manager.resize_flavor(
                self.context, id, scene.FLAVOR, scene.BIGGER
            ),
        )

    def test_resize_volume(self):
        self.assert_each(
            resize_volume.ResizeVolume,
            Task.RESIZING,
            lambda id: self.manager.resize_volume(self.context, 3, id),
        )

    def building(self):
        instance_id = self.given_request()
        guest = self.given_guest(instance_id)
        self.cloud.on('create_server', lambda _: guest.report(Status.NEW))
        return instance_id, guest

    def test_create(self):
        for last in self.steps_of(create.Create):
            instance_id, guest = self.building()

            self.when_stopped(
                last,
                guest,
                lambda: self.when_created(instance_id),  # noqa: B023
            )

            self.assertEqual('ACTIVE', self.shown(instance_id).status, last)

    def test_create_that_was_overtaken_by_a_deletion(self):
        for last in self.steps_of(create.Create):
            instance_id, guest = self.building()

            def delete(instance_id=instance_id):
                self.given_task(
                    instance_id, Task.DELETING, 'delete_instance'
                )
                self.manager.delete_instance(self.context, instance_id)

            record = workflows.workflow_step

            def step(
                id, owner, name, last=last, record=record, delete=delete
            ):
                kept = record(id, owner, name)
                if name == last:
                    delete()
                return kept

            with mock.patch.object(workflows, 'workflow_step', step):
                self.when_created(instance_id)

            self.assertTrue(self.shown(instance_id).deleted, last)
            self.assert_nothing_left()

    def test_create_whose_status_was_reset(self):
        # What was made stays as it is until the instance is deleted.
        instance_id, guest = self.building()

        self.when_stopped(
            'create the server',
            guest,
            lambda: self.when_created(instance_id),
            lambda: cancelling.reset(instance_id),
        )

        self.assertEqual('ERROR', self.shown(instance_id).status)
        self.given_task(instance_id, Task.DELETING, 'delete_instance')
        self.manager.delete_instance(self.context, instance_id)
        self.assert_nothing_left()
