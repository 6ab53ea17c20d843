# SPDX-License-Identifier: Apache-2.0
"""Replicas are built from a backup of their primary."""

from __future__ import annotations

import io

import fixtures

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.backup import backups
from trove.objects.instance import states
from trove.objectstore import local
from trove.taskmanager.workflows import replica
from trove.tests.unit.taskmanager import scene

SNAPSHOT = {'master': {'host': '10.0.0.1', 'port': 5432}}


class CreateReplicaTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.config(
            local_directory=directory, local_min_free=0, group='objectstore'
        )
        self.store = local.LocalStore(directory)
        self.primary, self.source = self.given_instance(version='1.5')
        self.source.answers['get_replication_snapshot'] = SNAPSHOT
        self.cloud.on(
            'create_server',
            lambda each: self.guests[each].report(scene.Status.NEW),
        )
        self.useFixture(
            fixtures.MockPatchObject(replica, '_FIRST_WAIT', 0.2)
        )

    def given_backup(self, state='COMPLETED'):
        stored = self.store.save(
            'box', 'b1', io.BytesIO(b'data'), {}, suffix='.gz'
        )
        with session.writer() as db:
            db.merge(
                models.Backup(
                    id='b1',
                    name='of the primary',
                    tenant_id=scene.PROJECT,
                    instance_id=self.primary,
                    state=state,
                    backup_type='full',
                    storage_driver='local',
                    location=stored.location,
                    checksum=stored.checksum,
                )
            )

    def given_state(self, state):
        with session.writer() as db:
            db.get(models.Backup, 'b1').state = state

    def given_replica(self):
        instance_id = self.given_request(
            slave_of_id=self.primary,
            details={'backup_id': 'b1', 'slave_of_id': self.primary},
        )
        self.given_guest(instance_id, version='1.5')
        return instance_id

    def when_built(self, instance_id):
        self.when_created(
            instance_id, backup_id='b1', slave_of_id=self.primary
        )

    def is_there(self):
        try:
            backups.get(self.admin, 'b1')
        except exception.NotFound:
            return False
        return True

    def test_it_is_told_whom_to_follow(self):
        self.given_backup()
        built = self.given_replica()

        self.when_built(built)

        self.assertEqual('ACTIVE', self.shown(built).status)
        self.assertEqual(self.primary, self.shown(built).slave_of_id)
        told = self.guests[built].arguments('prepare')
        self.assertEqual(SNAPSHOT, told['snapshot'])
        self.assertEqual('b1', told['backup_info']['id'])
        asked = self.source.arguments('get_replication_snapshot')
        self.assertEqual(
            ('b1', 'COMPLETED', built),
            tuple(
                asked['snapshot_info'][name]
                for name in ('id', 'state', 'replica_id')
            ),
        )

    def test_the_last_one_deletes_the_backup(self):
        self.given_backup()
        one, two = self.given_replica(), self.given_replica()

        self.when_built(one)
        self.assertTrue(self.is_there())
        self.when_built(two)

        self.assertFalse(self.is_there())
        self.assertEqual([], list(self.store.entries('box')))

    def test_a_backup_that_another_one_continues_stays(self):
        self.given_backup()
        with session.writer() as db:
            db.add(
                models.Backup(
                    id='b2',
                    name='of the user',
                    parent_id='b1',
                    state='COMPLETED',
                    tenant_id=scene.PROJECT,
                )
            )

        self.when_built(self.given_replica())

        self.assertTrue(self.is_there())

    def test_a_backup_that_takes_long_is_waited_for(self):
        self.given_backup('BUILDING')
        built = self.given_replica()

        self.when_built(built)

        # No thread waits for it.
        self.assertEqual('BUILD', self.shown(built).status)
        self.assertNotIn('prepare', self.guests[built].asked)
        self.given_state('COMPLETED')
        self.when_recovered()
        self.assertEqual('ACTIVE', self.shown(built).status)
        self.assertFalse(self.is_there())

    def test_a_backup_that_fails(self):
        self.given_backup('FAILED')
        built = self.given_replica()

        self.when_built(built)

        self.assert_fault(built, 'b1 of its primary is FAILED', 'primary')
        self.assertFalse(self.is_there())

    def test_a_primary_that_does_not_let_it_follow(self):
        self.given_backup()
        built = self.given_replica()

        def refuse(**_):
            raise exception.DatastoreError(action='let in', reason='full')

        self.source.hooks['get_replication_snapshot'] = refuse

        self.when_built(built)

        self.assert_fault(built, 'does not let it follow', 'full')
        self.assertTrue(self.shown(built).task.is_error)

    def test_who_may_have_replicas(self):
        built = self.given_replica()
        for primary, error, text in (
            (built, exception.BadRequest, f'a replica of {self.primary}'),
            (self.given_request(), exception.Unprocessable, 'being built'),
            ('nobody', exception.InstanceNotFound, 'nobody'),
        ):
            raised = self.assertRaises(
                error, self.given_request, slave_of_id=primary
            )
            self.assertIn(text, str(raised))
        self.given_task(self.primary, states.Task.REBOOTING, 'reboot')
        self.assertRaises(exception.InstanceBusy, self.given_replica)
