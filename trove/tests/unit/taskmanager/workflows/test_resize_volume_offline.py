# SPDX-License-Identifier: Apache-2.0
"""Enlarge a volume that is detached meanwhile."""

from __future__ import annotations

import fixtures

from trove.common import exception
from trove.objects.instance import enlarging
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.taskmanager.workflows import resize_volume
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

Status = states.ServiceStatus


class Place:
    """A guest's volume: refuses whatever it must not see.

    Like a guest agent of a release, it mounts nothing twice.
    """

    def __init__(self, guest, cloud):
        self.guest = guest
        self.cloud = cloud
        self.running = True
        self.mounted = True
        guest.hooks |= {
            'stop_db': self.stop,
            'restart': self.start,
            'unmount_volume': self.unmount,
            'mount_volume': self.mount,
            'resize_fs': self.resize,
        }

    @property
    def attached(self):
        return self.guest.instance_id not in self.cloud.detached

    def check(self, fine, what):
        if not fine:
            raise exception.DatastoreError(action=what, reason='not now')

    def stop(self, **_):
        self.running = False
        self.guest.report(Status.SHUTDOWN)

    def start(self, **_):
        self.check(self.attached and self.mounted, 'start')
        self.running = True
        self.guest.report(Status.HEALTHY)

    def unmount(self, **_):
        self.check(not self.running, 'unmount')
        self.mounted = False

    def mount(self, **_):
        self.check(self.attached and not self.mounted, 'mount')
        self.mounted = True

    def resize(self, online=False, **_):
        self.check(self.attached and not self.running, 'resize')
        self.check(not online, 'resize online')
        self.mounted = False

    def detach(self):
        self.check(not self.mounted, 'detach')


class OfflineTest(sets.TestCase):
    """Given a primary with replicas, and a cloud that wants volumes free."""

    def setUp(self):
        super().setUp()
        self.config(online_volume_resize=False)
        self.primary, self.replicas = self.given_set(1)
        self.all = (self.primary, *self.replicas)
        self.places = {
            each: Place(self.guests[each], self.cloud) for each in self.all
        }
        self.cloud.on(
            'volumes.detach', lambda each: self.places[each].detach()
        )
        self.cloud.on('volumes.extend', self.extend)

    def extend(self, instance_id):
        if instance_id not in self.cloud.detached:
            raise exception.CloudError(action='enlarge', reason='in use')

    def begin(self, size=5):
        enlarging.begin(self.conf, self.context, self.primary, size)

    def when_resized(self, size=5):
        self.begin(size)
        self.manager.resize_volume(self.context, size, self.primary)

    def assert_run(self):
        for each, place in self.places.items():
            self.assertTrue(
                place.attached and place.mounted and place.running, each
            )
            self.assertEqual(Status.HEALTHY, self.shown(each).service_status)

    def assert_all_have(self, size):
        self.assert_run()
        self.assertEqual(
            [size] * 2, [self.shown(each).volume_size for each in self.all]
        )
        self.assertEqual({size}, set(self.cloud.volume_sizes.values()))
        self.assertEqual('ACTIVE', self.shown(self.primary).status)

    def test_the_database_is_stopped_meanwhile(self):
        self.when_resized()

        self.assert_all_have(5)
        for each in self.all:
            asked = self.asked(each)
            self.assertEqual(['stop_db', 'unmount_volume'], asked[:2])
            self.assertEqual(['mount_volume', 'restart'], asked[-2:])

    def test_the_cloud_does_not_enlarge_it(self):
        self.cloud.fail('volumes.extend', exception.CloudError('no space'))
        for given in (self.replicas, []):
            with self.subTest(replicas=given):
                if not given:
                    instances.update(self.replicas[0], volume_size=7)

                self.when_resized()

                self.assert_fault(self.primary, 'no space')
                self.assert_run()
                self.assertEqual(2, self.shown(self.primary).volume_size)

    def test_a_failure_in_any_step_of_the_primary(self):
        instances.update(self.replicas[0], volume_size=70)
        for size, name in enumerate(self.names(), start=3):
            error = exception.DatastoreError(action='go on', reason='luck')
            with self.given_failure(resize_volume.ResizeVolume, name, error):
                self.when_resized(size)
            self.assert_fault(self.primary, name, 'luck')
            self.assertNotIn(
                'Not undone', self.shown(self.primary).fault.message
            )
            self.assert_run()

    def test_it_is_not_attached_again(self):
        self.cloud.fail('volumes.attach', exception.CloudError('gone'))
        for given in (self.replicas, []):
            if not given:
                instances.update(self.replicas[0], volume_size=7)

            self.when_resized()

            self.assert_fault(
                self.primary,
                'gone',
                'could not be started' if given else 'may be stopped, or its',
            )
        # When it is repeated
        self.cloud.heal()
        self.when_resized(8)
        self.assert_all_have(8)

    def test_the_primary_is_dead(self):
        self.given_dead(self.primary)

        self.when_resized()

        self.assert_fault(self.primary, 'dead', 'Check its guest agent')
        self.assert_run()
        self.assertEqual(['rpc_ping'], self.guests[self.primary].asked)

    def test_a_task_manager_killed_in_any_step(self):
        for size, name in enumerate(self.names(), start=3):
            with self.given_failure(
                resize_volume.ResizeVolume, name, scene.Killed()
            ):
                self.begin(size)
                self.assertRaises(
                    scene.Killed,
                    self.manager.resize_volume,
                    self.context,
                    size,
                    self.primary,
                )
            # It goes on as it has begun.
            self.config(online_volume_resize=True)
            self.when_recovered()
            self.config(online_volume_resize=False)
            self.assert_all_have(size)

    def test_a_task_manager_killed_at_the_cloud(self):
        for size, call in enumerate(('detach', 'extend', 'attach'), start=3):
            self.begin(size)
            self.cloud.fail(f'volumes.{call}', scene.Killed(), times=1)
            self.assertRaises(
                scene.Killed,
                self.manager.resize_volume,
                self.context,
                size,
                self.primary,
            )
            self.when_recovered()
            self.assert_all_have(size)

    def names(self):
        made = resize_volume.ResizeVolume(self.env, self.context, 'none')
        names = [step.name for step in made.steps()]
        self.assertEqual(6, len(names))
        return names

    def test_a_cloud_that_detaches_nothing(self):
        self.useFixture(
            fixtures.MockPatchObject(
                self.cloud.volumes, 'detachable', new=False
            )
        )

        self.when_resized()

        self.assert_fault(self.primary, 'online_volume_resize is false')
        self.assert_run()
        self.assertEqual([], self.asked(self.primary))
