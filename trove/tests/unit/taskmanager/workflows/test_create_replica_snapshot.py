# SPDX-License-Identifier: Apache-2.0
"""Replicas whose volume is made from a snapshot of that of their primary."""

from __future__ import annotations

import fixtures

from trove.common import exception
from trove.objects.backup import backups
from trove.objects.backup import work
from trove.objects.instance import states
from trove.taskmanager.workflows import replica
from trove.tests.unit.taskmanager import scene

FOLLOW = {'master': {'host': '10.0.0.1', 'port': 5432}}


class CreateReplicaTest(scene.TestCase):
    """Given a primary, and what the API has written down of a replica."""

    def setUp(self):
        super().setUp()
        self.primary, self.source = self.given_instance(version='1.5')
        self.source.answers |= {
            'get_replication_snapshot': FOLLOW, 'pre_create_backup': {}
        }
        self.cloud.on(
            'create_server',
            lambda each: self.guests[each].report(scene.Status.NEW),
        )
        self.useFixture(
            fixtures.MockPatchObject(replica, '_FIRST_WAIT', 0.2)
        )
        self.backup, _ = work.begin(
            self.conf,
            self.context,
            work.Order(
                instance_id=self.primary,
                name='b',
                description=None,
                storage_driver='cinder',
                container=None,
                default_container='box',
                for_replica=True,
            ),
        )
        self.built = self.given_replica()

    def given_replica(self):
        built = self.given_request(
            slave_of_id=self.primary,
            details={
                'backup_id': self.backup.id,
                'slave_of_id': self.primary,
            },
        )
        self.given_guest(built, version='1.5')
        return built

    def when_snapshot_is_made(self):
        self.manager.create_backup(
            self.context,
            backup_info={
                'id': self.backup.id,
                'storage_driver': 'cinder',
                'for_replica': True,
            },
            instance_id=self.primary,
        )

    def when_built(self, built=None):
        self.when_created(
            built or self.built,
            backup_id=self.backup.id,
            slave_of_id=self.primary,
        )

    def assert_no_snapshot(self):
        self.assertEqual({}, self.cloud.snapshots)
        self.assertRaises(
            exception.NotFound, backups.get, self.admin, self.backup.id
        )

    def assert_nothing_left_of(self, *parts):
        self.assert_fault(self.built, *parts)
        self.assertEqual({self.primary}, set(self.cloud.servers))
        self.assertEqual({self.primary}, set(self.cloud.volume_sizes))
        self.assert_no_snapshot()
        self.assertEqual('ACTIVE', self.shown(self.primary).status)

    def test_its_volume_begins_with_the_snapshot(self):
        made = []
        create = self.cloud.volumes.create

        def note(*args, **kwargs):
            made.append(kwargs['backup_id'])
            return create(*args, **kwargs)

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.cloud.noop.NoopVolumes.create',
                lambda _, *args, **kwargs: note(*args, **kwargs),
            )
        )
        self.when_snapshot_is_made()

        self.when_built()

        self.assertEqual('ACTIVE', self.shown(self.built).status)
        self.assertEqual([self.backup.id], made)
        told = self.guests[self.built].arguments('prepare')
        self.assertEqual(FOLLOW, told['snapshot'])
        self.assertEqual(
            f'cinder://snapshot-{self.backup.id}',
            told['backup_info']['location'],
        )
        asked = self.source.arguments('get_replication_snapshot')
        self.assertEqual(self.built, asked['snapshot_info']['replica_id'])
        self.assert_no_snapshot()

    def test_the_last_of_several_deletes_the_snapshot(self):
        other = self.given_replica()
        self.when_snapshot_is_made()

        self.when_built()
        self.assertIn(self.backup.id, self.cloud.snapshots)
        self.when_built(other)

        self.assert_no_snapshot()

    def test_a_snapshot_that_takes_long_is_waited_for(self):
        self.when_built()

        # No thread waits for it, and nothing is made before.
        self.assertEqual('BUILD', self.shown(self.built).status)
        self.assertNotIn(self.built, self.cloud.volume_sizes)
        self.when_snapshot_is_made()
        self.when_recovered()
        self.assertEqual('ACTIVE', self.shown(self.built).status)
        self.assert_no_snapshot()

    def test_a_snapshot_that_fails(self):
        self.cloud.fail('volumes.snapshot', exception.CloudError('no space'))
        self.when_snapshot_is_made()

        self.when_built()

        self.assert_nothing_left_of(
            'create the volume', f'{self.backup.id} of its primary is FAILED'
        )
        self.assertIn('no space', self.shown(self.primary).fault.details)

    def test_a_volume_that_cannot_be_made(self):
        self.when_snapshot_is_made()
        self.cloud.fail('volumes.create', exception.CloudError('no space'))

        self.when_built()

        self.assert_nothing_left_of('create the volume', 'no space')
        task = self.shown(self.built).task
        self.assertIs(states.Task.BUILDING_ERROR_VOLUME, task)

    def test_a_guest_agent_that_never_comes(self):
        self.config(guest_first_heartbeat_timeout=1, group='taskmanager')
        self.cloud.on('create_server', lambda _: None)
        self.when_snapshot_is_made()

        self.when_built()

        self.assert_nothing_left_of('wait for the guest agent')
