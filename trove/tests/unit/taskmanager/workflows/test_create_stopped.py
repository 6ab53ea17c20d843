# SPDX-License-Identifier: Apache-2.0
"""Create an instance whose server or cloud stops meanwhile."""

from __future__ import annotations

import fixtures

from trove.common import exception
from trove.tests.unit.taskmanager import scene


class StoppedTest(scene.TestCase):
    def test_a_server_that_stops_by_itself_is_told(self):
        self.config(guest_first_heartbeat_timeout=1, group='taskmanager')
        instance_id = self.given_request()
        self.cloud.on(
            'network.addresses',
            lambda each: self.cloud.set_status(each, 'SHUTOFF'),
        )

        self.when_created(instance_id)

        self.assert_fault(
            instance_id, 'stopped by itself, with the status SHUTOFF'
        )
        self.assert_nothing_left()


class ConsoleTest(scene.TestCase):
    """Given a guest agent that says on its console why it does not start."""

    def setUp(self):
        super().setUp()
        self.config(guest_first_heartbeat_timeout=1, group='taskmanager')
        self.instance_id = self.given_request()
        self.cloud.on('network.addresses', self._prints)

    def _prints(self, instance_id):
        self.cloud.prints(instance_id, 'Started.\nNo route to 10.0.0.9.\n')

    def test_the_fault_has_the_console_of_a_server_that_is_deleted(self):
        self.when_created(self.instance_id)

        self.assert_nothing_left()
        fault = self.shown(self.instance_id).fault
        self.assertIn('Started.\nNo route to 10.0.0.9.', fault.details)
        self.assertNotIn('10.0.0.9', fault.message)
        self.assertIn('have the end of the console.', fault.details)

    def test_a_console_that_cannot_be_read_is_not_missed(self):
        self.cloud.fail(
            'console', exception.CloudError(action='look', reason='gone')
        )

        self.when_created(self.instance_id)

        self.assert_nothing_left()
        fault = self.shown(self.instance_id).fault
        self.assertIn('sent no heartbeat', fault.message)
        self.assertNotIn('console', fault.details)
        self.assertIn('could not read the console', self.logs.output)

    def test_a_server_that_was_not_made_has_none(self):
        self.cloud.fail(
            'volumes.create', exception.CloudError(action='x', reason='full')
        )
        asked = []
        self.cloud.on('console', asked.append)

        self.when_created(self.instance_id)

        self.assertEqual([], asked)


class AwayTest(scene.TestCase):
    """Given a cloud that does not tell of servers for a while."""

    def setUp(self):
        super().setUp()
        self._given_one()

    def _given_one(self):
        self.instance_id = self.given_request()
        guest = self.given_guest(self.instance_id)
        self.cloud.on(
            'create_server', lambda _: guest.report(scene.Status.BUILDING)
        )

    def given_no_answer(self, times):
        self.cloud.fail(
            'get_server',
            exception.CloudUnreachable(action='look', reason='no answer'),
            times=times,
        )

    def test_the_server_is_waited_for(self):
        self.given_no_answer(2)

        self.when_created(self.instance_id)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_it_is_built_though_nobody_tells_the_volume_types(self):
        for volume_type in (None, 'fast'):
            with self.subTest(volume_type):
                self._given_one()
                self.useFixture(
                    fixtures.MockPatchObject(
                        self.cloud.volumes,
                        'types',
                        side_effect=exception.CloudUnreachable('no answer'),
                    )
                )

                self.when_created(self.instance_id, volume_type=volume_type)

                self.assertEqual(
                    'ACTIVE', self.shown(self.instance_id).status
                )

    def test_a_cloud_that_stays_away_is_told(self):
        self.config(usage_timeout=1)
        self.given_no_answer(None)

        self.when_created(self.instance_id)

        self.assert_fault(
            self.instance_id, 'not active after 1 seconds', 'no answer'
        )
        self.assert_nothing_left()
