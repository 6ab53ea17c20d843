# SPDX-License-Identifier: Apache-2.0
"""Delete: always works, and leaves nothing."""

from __future__ import annotations

import itertools

import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import quota
from trove.objects.instance import cancelling
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class TestDelete(scene.TestCase):
    def when_deleted(self, instance_id):
        self.given_task(instance_id, Task.DELETING, 'delete_instance')
        self.manager.delete_instance(self.context, instance_id)

    def assert_gone(self, instance_id):
        self.assertTrue(self.shown(instance_id).deleted)
        self.assertIsNone(workflows.get_workflow(instance_id))
        self.assert_nothing_left()
        self.assertEqual(
            {'instances': 0, 'ram': 0, 'volumes': 0, 'backups': 0},
            {each.resource: each.in_use for each in self.usages()},
        )

    def usages(self):
        return quota.usages(self.conf, scene.PROJECT)

    def test_running_instance(self):
        instance_id, guest = self.given_instance()

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)
        self.assertEqual(['stop_db'], guest.asked)
        self.assertEqual(
            ['delete_server', 'volumes.delete', 'network.release'],
            [name for name, _ in self.cloud.calls][-3:],
        )
        self.assertIsNone(self.shown(instance_id).encrypted_key)

    def given_instance_of_a_release(self):
        """Releases do not record what each instance uses."""
        instance_id, _ = self.given_instance()
        with session.writer() as db:
            db.execute(sa.delete(models.Reservation))
        return instance_id

    def test_instance_of_a_release(self):
        self.when_deleted(self.given_instance_of_a_release())

        self.assertEqual({0}, {each.in_use for each in self.usages()})

    def test_instance_of_a_release_whose_flavor_is_gone(self):
        instance_id = self.given_instance_of_a_release()
        with session.writer() as db:
            db.execute(sa.update(models.Instance).values(flavor_id='gone'))

        self.when_deleted(instance_id)

        self.assertTrue(self.shown(instance_id).deleted)
        self.assertEqual(
            {'ram'},
            {each.resource for each in self.usages() if each.in_use},
        )
        self.assertIn('its memory remains', self.logs.output)

    def test_instance_that_was_never_built(self):
        # Given: its status was reset, as one that is in BUILD is refused.
        instance_id = self.given_request()
        cancelling.reset(instance_id)

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)

    def test_instance_whose_creation_failed(self):
        instance_id = self.given_request()
        self.cloud.fail('create_server', exception.CloudError('no host'))
        self.when_created(instance_id)

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)

    def test_guest_that_does_not_answer_costs_little_time(self):
        self.config(delete_stop_timeout=1, group='taskmanager')
        instance_id = self.given_request()
        self.manager_made(instance_id)

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)
        self.assertIn('without a clean stop', self.logs.output)

    def manager_made(self, instance_id):
        """An instance that works as far as the rows say, without a guest."""
        scene.Guest(instance_id).report(Status.HEALTHY)
        self.when_created(instance_id)

    def test_guest_is_not_asked_when_it_was_silent(self):
        instance_id, guest = self.given_instance()
        guest.report(Status.CRASHED)

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)
        self.assertEqual([], guest.asked)

    def test_server_and_volume_are_gone_already(self):
        instance_id, _ = self.given_instance()
        self.cloud.compute.delete_server(self.context, instance_id)
        self.cloud.volumes.delete(self.context, instance_id)
        for step in ('delete_server', 'volumes.delete', 'network.release'):
            self.cloud.fail(step, exception.NotFound(id=step))

        self.when_deleted(instance_id)

        self.assert_gone(instance_id)

    def test_in_every_state_of_the_database(self):
        for status in Status:
            if status is Status.DELETED:
                continue
            instance_id = self.given_request(name=status.name)
            guest = self.given_guest(instance_id)
            self.cloud.on(
                'create_server',
                lambda _, guest=guest: guest.report(Status.NEW),
            )
            self.when_created(instance_id)
            guest.report(status)

            self.when_deleted(instance_id)

            self.assert_gone(instance_id)

    def test_what_cannot_be_deleted_is_tried_again(self):
        self.config(delete_retry_interval=40, group='taskmanager')
        instance_id, _ = self.given_instance()
        self.cloud.fail('volumes.delete', exception.CloudError('locked'))
        self.when_deleted(instance_id)

        self.when_recovered(seconds=30)
        self.assert_fault(instance_id, 'locked', 'tried again by itself')
        self.cloud.heal()
        self.cloud.calls.clear()
        self.when_recovered(seconds=40)

        self.assert_gone(instance_id)

    def test_addresses_are_released_though_the_volume_stays(self):
        for failing, told in (
            (['volumes.delete'], 'volumes.delete fails'),
            (
                ['volumes.delete', 'network.release'],
                'volumes.delete fails; network.release fails',
            ),
        ):
            with self.subTest(failing):
                instance_id, _ = self.given_instance()
                for step in failing:
                    self.cloud.fail(
                        step, exception.CloudError(f'{step} fails')
                    )

                self.when_deleted(instance_id)

                self.assert_fault(instance_id, 'delete the volume', told)
                self.assertEqual(
                    'network.release', self.cloud.calls[-1][0]
                )
                self.cloud.heal()
                self.when_deleted(instance_id)
                self.assert_gone(instance_id)

    def test_it_is_tried_less_and_less_often_but_never_given_up(self):
        self.config(delete_retry_interval=20, group='taskmanager')
        instance_id, _ = self.given_instance()
        self.cloud.fail('volumes.delete', exception.CloudError('locked'))
        self.when_deleted(instance_id)
        attempts = []

        def look(now):
            waiting.until(
                lambda: workflows.get_workflow(instance_id) is None,
                'the deletion has failed again',
            )
            began = self.shown(instance_id).task_start_time
            if not attempts or attempts[-1][1] != began:
                attempts.append((now, began))

        self.when_recovered(seconds=700, between=look)

        times = [now for now, _ in attempts]
        delays = [b - a for a, b in itertools.pairwise(times)]
        self.assertEqual([30, 50, 90, 170, 250], delays)

    def test_nor_by_itself_if_nobody_wants_that(self):
        self.config(delete_retry_interval=0, group='taskmanager')
        instance_id, _ = self.given_instance()
        self.cloud.fail('volumes.delete', exception.CloudError('locked'))
        self.when_deleted(instance_id)

        self.when_recovered(seconds=600)

        self.assert_fault(instance_id, 'locked')

    def test_what_cannot_be_deleted_can_be_tried_again(self):
        for step, name in (
            ('delete_server', 'delete the server'),
            ('volumes.delete', 'delete the volume'),
            ('network.release', 'release the addresses'),
        ):
            instance_id, _ = self.given_instance()
            self.cloud.fail(step, exception.CloudError('the cloud is down'))

            self.when_deleted(instance_id)

            self.assert_fault(instance_id, name, 'the cloud is down')
            self.assertFalse(self.shown(instance_id).deleted)

            self.cloud.heal()
            self.when_deleted(instance_id)

            self.assert_gone(instance_id)

    def test_message_that_comes_twice_is_done_once(self):
        instance_id, _ = self.given_instance()
        self.when_deleted(instance_id)
        calls = self.cloud.calls

        self.manager.delete_instance(self.context, instance_id)

        self.assertEqual(calls, self.cloud.calls)
