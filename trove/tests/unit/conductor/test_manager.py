# SPDX-License-Identifier: Apache-2.0
"""The conductor: what guests report is kept, and only what they may report."""

from __future__ import annotations

from unittest import mock

import sqlalchemy as sa

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.conductor import api
from trove.conductor import heartbeats
from trove.conductor import manager
from trove.db import models
from trove.db import session
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats as guest_heartbeats
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.peers import rejections
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus

UNKNOWN = '11111111-2222-3333-4444-555555555555'


class ConductorTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.writer = heartbeats.Writer(self.conf)
        self.addCleanup(self.writer.close)
        self.conductor = manager.Manager(
            self.conf,
            rejections.Recorder(self.conf, 'conductor'),
            self.writer,
            lambda: '1.1',
        )
        self.instance_id = self.given_request()
        # Ours names its project, released ones name none.
        self.guest_context = trove_context.TroveContext(
            project_id=scene.PROJECT, overwrite=False
        )
        self.released = trove_context.TroveContext(overwrite=False)
        self.sealed = trove_context.TroveContext(overwrite=False)
        self.sealed.sender = self.instance_id
        self.foreign = trove_context.TroveContext(
            project_id='project-2', overwrite=False
        )

    def heartbeat(self, context, instance_id, payload, sent):
        self.conductor.heartbeat(context, instance_id, payload, sent=sent)
        self.writer.flush()

    def assert_refused(self, *parts):
        refusals = [
            line
            for line in self.logs.output.splitlines()
            if line.startswith('Refused')
        ]
        self.assertEqual(1, len(refusals), self.logs.output)
        for part in parts:
            self.assertIn(part, refusals[0])

    def given_deleted(self):
        instances.mark_deleted(self.instance_id)


class TestContract(ConductorTestCase):
    def test_it_serves_its_contract(self):
        rpc.verify(api.API.interface, self.conductor)


class TestHeartbeat(ConductorTestCase):
    def when_reported(self, status='healthy', sent=100.0, **payload):
        self.heartbeat(
            self.guest_context,
            self.instance_id,
            {'service_status': status} | payload,
            sent=sent,
        )

    def status(self):
        return guest_heartbeats.heartbeat(self.instance_id).status

    def test_status_and_version_are_kept(self):
        self.when_reported(rpc_version='1.4', release='27.0.0')

        beat = guest_heartbeats.heartbeat(self.instance_id)
        self.assertEqual(Status.HEALTHY, beat.status)
        self.assertEqual(100.0, beat.sent)
        self.assertEqual('1.4', guest_versions.guest_version(self.instance_id))
        self.assertEqual(
            '27.0.0', guest_versions.guest_release(self.instance_id)
        )

    def test_versions_of_every_form_that_guests_announce(self):
        for sent, version in enumerate(('1.5,2.0', '1.0/victoria', '1.5'), 1):
            self.when_reported(sent=sent, rpc_version=version)

            self.assertEqual(
                version, guest_versions.guest_version(self.instance_id)
            )

    def test_what_released_guests_send(self):
        self.heartbeat(
            self.released,
            self.instance_id,
            {'service_status': 'running'},
            sent=1.0,
        )

        self.assertEqual(Status.RUNNING, self.status())
        self.assertIsNone(guest_versions.guest_version(self.instance_id))

    def test_newer_one_wins_and_older_ones_are_dropped(self):
        self.when_reported('running', 100.0)
        self.when_reported('crashed', 101.0)
        self.when_reported('healthy', 100.5)
        self.when_reported('healthy', 101.0)

        self.assertEqual(Status.CRASHED, self.status())

    def test_sent_may_be_missing(self):
        self.when_reported(sent=None)

        self.assertEqual(Status.HEALTHY, self.status())

    def test_unknown_status_leaves_the_status_as_it_was(self):
        self.when_reported('healthy', 100.0)
        self.when_reported('levitating', 101.0, rpc_version='1.4')

        self.assertEqual(Status.HEALTHY, self.status())
        self.assertEqual('1.4', guest_versions.guest_version(self.instance_id))
        self.assertIn('levitating', self.logs.output)

    def test_version_that_is_none_is_not_kept(self):
        nonsense = ('newest', 5, '1.5 probed', '1.5' * 50, '1.5,', '')
        for sent, version in enumerate(nonsense, 1):
            self.when_reported(sent=sent, rpc_version=version)

            self.assertEqual(Status.HEALTHY, self.status())
            self.assertIsNone(guest_versions.guest_version(self.instance_id))

    def test_release_that_is_none_is_not_kept(self):
        self.when_reported(rpc_version='1.5', release='27 probed')

        self.assertEqual('1.5', guest_versions.guest_version(self.instance_id))
        self.assertIsNone(guest_versions.guest_release(self.instance_id))

    def test_payload_that_is_nonsense_does_no_harm(self):
        self.heartbeat(
            self.guest_context, self.instance_id, 'x', sent='y'
        )

        self.assertEqual(Status.NEW, self.status())

    def test_unknown_instance(self):
        self.heartbeat(
            self.guest_context, UNKNOWN, {'service_status': 'healthy'}, 1.0
        )

        self.assertIn(UNKNOWN, self.logs.output)
        self.assertIn('delete its server', self.logs.output)
        with session.reader() as db:
            self.assertIsNone(
                db.scalar(
                    sa.select(models.AgentHeartbeat).where(
                        models.AgentHeartbeat.instance_id == UNKNOWN
                    )
                )
            )

    def test_deleted_instance(self):
        self.given_deleted()

        self.when_reported()

        self.assertIn('delete its server', self.logs.output)
        self.assertTrue(self.shown(self.instance_id).deleted)
        self.assertNotEqual(
            Status.HEALTHY, self.shown(self.instance_id).service_status
        )

    def test_message_of_another_project(self):
        self.heartbeat(
            self.foreign,
            self.instance_id,
            {'service_status': 'crashed'},
            sent=1.0,
        )

        self.assertEqual(Status.NEW, self.status())
        self.assert_refused('project-2', 'guest_id')

    def test_guest_of_ours_has_to_name_its_project(self):
        # An administrator's context is no excuse: a guest says so itself.
        for context in (
            self.released,
            self.foreign,
            trove_context.make_admin_context(),
            trove_context.make_admin_context(project_id='project-2'),
        ):
            self.heartbeat(
                context,
                self.instance_id,
                {'service_status': 'crashed', 'rpc_version': '1.4'},
                sent=1.0,
            )

        self.assertEqual(Status.NEW, self.status())
        # One line says it all, for an hour.
        self.assertEqual(1, self.logs.output.count('Refused heartbeat'))

    def test_guest_that_is_rolled_back_is_heard(self):
        self.when_reported(rpc_version='1.4', sent=1.0)

        self.heartbeat(
            self.released,
            self.instance_id,
            {'service_status': 'running'},
            sent=2.0,
        )

        self.assertEqual(Status.RUNNING, self.status())
        self.assertIsNone(guest_versions.guest_version(self.instance_id))

    def test_nonsense_of_every_kind_does_no_harm(self):
        for instance_id, sent in (
            (5, 1.0),
            (None, 1.0),
            ([], 1.0),
            ('a\0b', 1.0),
            ('a' * 100, 1.0),
            (self.instance_id, 10**400),
            (self.instance_id, float('nan')),
        ):
            self.heartbeat(
                self.guest_context,
                instance_id,
                {'service_status': 'healthy'},
                sent=sent,
            )

        self.assertEqual(5, self.logs.output.count('Refused heartbeat'))
        self.assertEqual(Status.HEALTHY, self.status())

    def test_database_that_comes_back_is_waited_for(self):
        record = guest_heartbeats.record_heartbeats
        gone = exception.ServiceUnavailable(what='The database')
        answers = iter([gone, gone])

        def flaky(*args, **kwargs):
            for error in answers:
                raise error
            return record(*args, **kwargs)

        with mock.patch.object(guest_heartbeats, 'record_heartbeats', flaky):
            self.when_reported()

        self.assertEqual(Status.HEALTHY, self.status())

    def test_database_that_does_not_come_back_is_told_of(self):
        self.config(database_retries=1, group='conductor')
        gone = exception.ServiceUnavailable(what='The database')

        with mock.patch.object(
            guest_heartbeats, 'record_heartbeats', side_effect=gone
        ):
            self.when_reported()

        self.assertIn('Repair the database', self.logs.output)
        self.assertIn("'service_status': 'healthy'", self.logs.output)

    def test_fault_of_ours_is_told_with_its_place(self):
        with mock.patch.object(
            guest_heartbeats,
            'record_heartbeats',
            side_effect=ValueError('oops'),
        ):
            self.when_reported()

        self.assertIn('Could not record heartbeat', self.logs.output)
        self.assertIn('Traceback', self.logs.output)
        self.assertIn('ValueError: oops', self.logs.output)
        # And those that follow are written.
        self.when_reported(sent=101.0)
        self.assertEqual(Status.HEALTHY, self.status())


class TestUpdateBackup(ConductorTestCase):
    def setUp(self):
        super().setUp()
        with session.writer() as db:
            backup = models.Backup(
                name='b',
                state='NEW',
                instance_id=self.instance_id,
                tenant_id='p',
            )
            db.add(backup)
        self.backup_id = backup.id

    def when_updated(self, instance_id=None, sent=1.0, **fields):
        self.conductor.update_backup(
            self.guest_context,
            instance_id or self.instance_id,
            self.backup_id,
            sent=sent,
            **fields,
        )

    def backup(self):
        with session.reader() as db:
            return db.get(models.Backup, self.backup_id)

    def test_fields_are_kept(self):
        self.when_updated(
            state='COMPLETED',
            size=0.5,
            checksum='c',
            location=f'file:///box/{self.backup_id}.gz',
        )

        backup = self.backup()
        self.assertEqual('COMPLETED', backup.state)
        self.assertEqual(0.5, backup.size)
        self.assertEqual('c', backup.checksum)

    def test_old_message_is_dropped(self):
        self.when_updated(sent=2.0, state='FAILED')
        self.when_updated(sent=1.0, state='BUILDING')

        self.assertEqual('FAILED', self.backup().state)

    def test_the_data_of_another_backup_is_refused(self):
        self.when_updated(location='file:///box/another.gz')

        self.assertIsNone(self.backup().location)
        self.assert_refused('location')

    def test_backup_of_another_instance(self):
        other = self.given_request(name='other')

        self.when_updated(instance_id=other, state='FAILED')

        self.assertEqual('NEW', self.backup().state)
        self.assert_refused(self.backup_id)

    def test_unknown_backup(self):
        self.backup_id = UNKNOWN

        self.when_updated(state='FAILED')

        self.assert_refused(UNKNOWN)

    def test_unknown_instance(self):
        self.when_updated(instance_id=UNKNOWN, state='FAILED')

        self.assertEqual('NEW', self.backup().state)
        self.assert_refused(UNKNOWN)

    def test_identity_of_the_backup_cannot_be_changed(self):
        self.when_updated(
            state='COMPLETED',
            tenant_id='thief',
            instance_id_='x',
            deleted=True,
        )

        backup = self.backup()
        self.assertEqual('p', backup.tenant_id)
        self.assertFalse(backup.deleted)
