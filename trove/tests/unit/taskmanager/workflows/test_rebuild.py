# SPDX-License-Identifier: Apache-2.0
"""Replace the disk of a server; the data are on the volume."""

from __future__ import annotations

import functools

from trove.common import exception
from trove.objects import configuration as configurations
from trove.objects.guest import probes
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

Status = states.ServiceStatus
Task = states.Task


class RebuildTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance('1.5')
        self.guest.hooks['rebuild'] = lambda **_: self.guest.report(
            Status.HEALTHY
        )

    def when_rebuilt(self, image_id='image-2'):
        self.given_task(
            self.instance_id,
            Task.BUILDING,
            'rebuild',
            details={'image_id': image_id},
        )
        self.manager.rebuild(self.context, self.instance_id, image_id)

    def test_the_new_guest_takes_over_the_data(self):
        before = self.cloud.specs[self.instance_id]

        self.when_rebuilt()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        spec = self.cloud.specs[self.instance_id]
        self.assertEqual('image-2', spec.image_id)
        self.assertEqual(before.volume_id, spec.volume_id)
        self.assertEqual(before.flavor.id, spec.flavor.id)
        self.assertIn(self.instance_id, spec.files['guest_info.conf'])
        self.assertEqual(
            [
                *('rpc_ping', 'stop_db', 'rpc_ping', 'rebuild'),
                # It follows nobody, so it can be written.
                *('rpc_ping', 'make_read_only'),
            ],
            self.guest.asked,
        )
        self.assertEqual('18', self.guest.arguments('rebuild')['ds_version'])

    def test_what_the_cloud_cannot_rebuild_is_not_stopped(self):
        def check(_):
            raise exception.CloudError(action='rebuild', reason='too old')

        self.cloud.on('check_rebuild', check)

        self.when_rebuilt()

        shown = self.shown(self.instance_id)
        self.assertIn('too old', shown.fault.details)
        self.assertIn('Nothing was changed', shown.fault.details)
        self.assertEqual([], self.guest.asked)

    def test_a_server_that_is_gone_is_told_with_what_helps(self):
        self.cloud.compute.delete_server(self.context, self.instance_id)

        self.when_rebuilt()

        fault = self.shown(self.instance_id).fault.details
        self.assertIn('Save the data of a server that is gone', fault)
        self.assertNotIn('again', fault)
        self.assertEqual([], self.guest.asked)

    def test_a_server_that_an_operator_gave_it_is_taken(self):
        instances.update(self.instance_id, compute_instance_id='gone')

        self.when_rebuilt()

        self.assertEqual(
            self.cloud.servers[self.instance_id].id,
            self.shown(self.instance_id).compute_instance_id,
        )

    def test_a_new_guest_that_was_silent_at_first(self):
        # Given a probe that was too early
        self.cloud.on(
            'network.addresses',
            lambda _: probes.record_unanswered([self.instance_id]),
        )
        # When
        self.when_rebuilt()
        # Then its answer counts
        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertIn('rebuild', self.guest.asked)

    def test_its_configuration_group_stays(self):
        group = configurations.create(
            self.conf,
            self.context,
            name='g',
            version_id=self.version.id,
            values={'work_mem': '7MB'},
        )
        instances.update(self.instance_id, configuration_id=group.id)

        self.when_rebuilt()

        told = self.guest.arguments('rebuild')
        self.assertEqual({'work_mem': '7MB'}, told['config_overrides'])

    def test_a_guest_that_is_broken(self):
        def fail(**_):
            raise exception.DatastoreError(action='stop', reason='no disk')

        self.guest.hooks['stop_db'] = fail

        self.when_rebuilt()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_the_cloud_fails_and_it_is_rebuilt_again(self):
        self.cloud.fail(
            'rebuild_server', exception.CloudError('no image'), times=1
        )

        self.when_rebuilt()

        self.assert_fault(self.instance_id, 'rebuild the server', 'no image')
        self.assertIn('start_db_with_conf_changes', self.guest.asked)
        self.assertTrue(self.shown(self.instance_id).task.is_idle)

        self.when_rebuilt()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)

    def test_the_guest_cannot_use_the_data(self):
        self.guest.hooks['rebuild'] = lambda **_: self.guest.report(
            Status.FAILED
        )

        self.when_rebuilt()

        self.assert_fault(
            self.instance_id, 'wait until the database runs', 'another one'
        )
        self.assertTrue(self.shown(self.instance_id).task.is_idle)

    def test_what_was_said_before_does_not_count(self):
        self.config(usage_timeout=1)
        self.guest.hooks['rebuild'] = lambda **_: None
        self.cloud.on(
            'rebuild_server', lambda _: self.guest.report(Status.HEALTHY)
        )

        self.when_rebuilt()

        self.assert_fault(self.instance_id, 'sent no heartbeat')

    def test_another_task_manager_goes_on_with_it(self):
        def die(_):
            self.cloud.on('rebuild_server', lambda _: None)
            raise scene.Killed

        self.cloud.on('rebuild_server', die)
        self.assertRaises(scene.Killed, self.when_rebuilt)

        self.when_recovered()

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        spec = self.cloud.specs[self.instance_id]
        self.assertEqual('image-2', spec.image_id)


SNAPSHOT = {
    'dataset': {'snapshot_id': None},
    'replication_strategy': 'any',
    'master': {'host': '10.0.0.1', 'port': 5432},
    'replica_conf': {
        'log_position': {},
        'replication_user': {'name': 'replicator', 'password': 'other'},
        'administrator': {'password': 'secret'},
    },
}


class SetTest(sets.TestCase):
    """Passwords are new after a rebuild, and who is followed is forgotten."""

    def setUp(self):
        super().setUp()
        self.primary, self.replicas = self.given_set()
        for guest in self.guests.values():
            guest.hooks['rebuild'] = functools.partial(
                guest.report, Status.HEALTHY
            )
            guest.answers['get_replication_snapshot'] = SNAPSHOT
            # Whom it follows is not told by such a snapshot.
            guest.hooks.pop('attach_replica')

    def when_rebuilt(self, instance_id):
        self.given_task(
            instance_id,
            Task.BUILDING,
            'rebuild',
            details={'image_id': 'image-2'},
        )
        self.manager.rebuild(self.context, instance_id, 'image-2')

    def assert_follows(self, instance_id):
        told = self.guests[instance_id].arguments('attach_replica')
        self.assertEqual(
            {key: SNAPSHOT[key] for key in ('master', 'replica_conf')},
            told['replica_info'],
        )

    def test_a_replica_follows_its_primary_again(self):
        one, other = self.replicas

        self.when_rebuilt(one)

        self.assert_set(self.primary, one, other)
        self.assert_follows(one)
        self.assertEqual(
            ['stop_db', 'rebuild', 'attach_replica'], self.asked(one)
        )
        self.assertEqual([], self.asked(other))
        self.assertEqual(
            {'state': 'COMPLETED'},
            self.guests[self.primary].arguments('get_replication_snapshot')[
                'snapshot_info'
            ],
        )

    def test_the_replicas_follow_their_primary_again(self):
        self.when_rebuilt(self.primary)

        self.assert_set(self.primary, *self.replicas)
        for each in self.replicas:
            self.assert_follows(each)
        self.assertNotIn('attach_replica', self.asked(self.primary))

    def test_a_replica_that_does_not(self):
        dead = self.replicas[1]
        self.given_dead(dead)

        self.when_rebuilt(self.primary)

        self.assert_fault(
            self.primary, 'have its replicas follow it again', dead, 'dead'
        )
        self.assert_follows(self.replicas[0])
        # When it has gone, the primary is rebuilt again
        instances.update(dead, task_id=Task.PROMOTION_ERROR.code)
        self.when_rebuilt(self.primary)
        self.assertEqual('ACTIVE', self.shown(self.primary).status)
