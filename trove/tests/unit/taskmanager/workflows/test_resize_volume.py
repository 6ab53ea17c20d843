# SPDX-License-Identifier: Apache-2.0
"""Enlarge a volume."""

from __future__ import annotations

from trove.common import exception
from trove.objects import quota
from trove.objects.instance import states
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task


class TestResizeVolume(scene.TestCase):
    def given(self, version='1.4'):
        self.instance_id, self.guest = self.given_instance(version)

    def when_resized(self, size=5):
        self.given_task(
            self.instance_id,
            Task.RESIZING,
            'resize_volume',
            conf=self.conf,
            deltas={'volumes': size - 2},
        )
        self.manager.resize_volume(self.context, size, self.instance_id)

    def gigabytes(self):
        return {
            usage.resource: usage.in_use + usage.reserved
            for usage in quota.usages(self.conf, scene.PROJECT)
        }['volumes']

    def test_guest_that_can_does_it_while_the_database_runs(self):
        self.given()

        self.when_resized()

        shown = self.shown(self.instance_id)
        self.assertEqual('ACTIVE', shown.status)
        self.assertEqual(5, shown.volume_size)
        self.assertEqual({self.instance_id: 5}, self.cloud.volume_sizes)
        self.assertEqual(5, self.gigabytes())
        self.assertEqual(['resize_fs'], self.guest.asked)
        self.assertEqual(
            {
                'device_path': '/dev/vdb',
                'mount_point': '/var/lib/postgresql',
                'online': True,
            },
            self.guest.arguments('resize_fs'),
        )

    def test_guest_that_speaks_1_0_stops_the_database_for_it(self):
        self.given('1.0')

        self.when_resized()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(5, self.shown(self.instance_id).volume_size)
        self.assertEqual(['stop_db', 'resize_fs', 'restart'], self.guest.asked)

    def assert_as_before(self, *parts):
        self.assert_fault(self.instance_id, *parts)
        self.assertEqual(2, self.shown(self.instance_id).volume_size)
        self.assertEqual(2, self.gigabytes())

    def test_cloud_fails(self):
        self.given()
        self.cloud.fail('volumes.extend', exception.CloudError('no space'))

        self.when_resized()

        self.assert_as_before('enlarge the volume', 'no space')
        self.assertEqual([], self.guest.asked)

    def test_guest_fails_and_the_database_runs_again(self):
        for version in ('1.0', '1.4'):
            self.given(version)

            def fail(**_):
                raise exception.DatastoreError(action='grow', reason='bad fs')

            self.guest.hooks['resize_fs'] = fail

            self.when_resized()

            self.assert_fault(
                self.instance_id, 'enlarge the file system', 'bad fs'
            )
            self.assertEqual(2, self.shown(self.instance_id).volume_size)
            self.assertEqual(
                Status.HEALTHY, self.shown(self.instance_id).service_status
            )

    def test_request_that_failed_can_be_repeated(self):
        self.given()
        self.guest.hooks['resize_fs'] = lambda **_: 1 / 0
        self.when_resized()
        self.guest.hooks['resize_fs'] = lambda **_: None

        self.when_resized()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(5, self.shown(self.instance_id).volume_size)

    def test_volume_is_gone(self):
        self.given()
        self.cloud.volumes.delete(self.context, self.instance_id)

        self.when_resized()

        self.assert_as_before('enlarge the volume', 'could not be found')
