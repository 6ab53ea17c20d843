# SPDX-License-Identifier: Apache-2.0
"""What an operator watches."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils

from trove.db import models
from trove.db import session
from trove.objects import counts
from trove.objects import quota
from trove.objects.guest import replication
from trove.objects.instance import encryption
from trove.objects.instance import workflows
from trove.tests.unit.objects import base


def ago(**kwargs):
    return timeutils.utcnow() - datetime.timedelta(**kwargs)


class CountsTest(base.TestCase):
    def add(self, *rows):
        with session.writer() as db:
            db.add_all(rows)

    def schedule(self, instance, interval=24):
        self.change(instance.id, created=ago(days=30))
        self.add(
            models.BackupSchedule(
                instance_id=instance.id,
                tenant_id=base.ALICE,
                storage_driver='swift',
                container='c',
                interval=interval,
                full_every=7,
                next=ago(hours=-1),
                made=0,
            )
        )

    def backup(self, instance, created, state='COMPLETED'):
        backup_id = f'{instance.id[:8]}{created:%H%M%S}{state}'
        self.add(
            models.Backup(
                id=backup_id,
                name='b',
                tenant_id=base.ALICE,
                instance_id=instance.id,
                state=state,
                created=created,
                updated=created,
            )
        )
        return backup_id

    def test_instances_by_status(self):
        self.ready()
        broken = self.ready()
        self.change(broken.id, server_status='ERROR')
        self.create()
        self.change(self.ready().id, deleted=True)

        self.assertEqual(
            {'ACTIVE': 1, 'ERROR': 1, 'BUILD': 1}, counts.instances()
        )

    def test_the_job_that_has_not_advanced_for_longest(self):
        self.assertEqual({}, counts.idle_jobs())
        first = self.create()
        self.create()
        with session.writer() as db:
            db.get(models.Workflow, first.id).updated = ago(minutes=10)

        found = counts.idle_jobs()

        self.assertEqual(['create_instance'], [*found])
        self.assertAlmostEqual(600, found['create_instance'], delta=60)

    def test_jobs_by_what_they_do(self):
        self.assertEqual({}, counts.jobs())
        jobs = [self.create().id for _ in range(3)]
        for each in jobs[1:]:
            workflows.claim_workflow(each, 'create_instance', f'tm#{each}')
        workflows.workflow_step(jobs[2], f'tm#{jobs[2]}', 'create the server')

        self.assertEqual(
            {'queued': 1, 'waiting': 1, 'running': 1}, counts.jobs()
        )

    def test_the_certificate_that_expires_first(self):
        self.assertIsNone(counts.certificate_days())
        for days in (40, -2):
            encryption.record(
                self.ready().id, 'mtls', 'ref', ago(days=-days)
            )
        gone = self.ready()
        encryption.record(gone.id, 'mtls', 'ref', ago(days=9))
        self.change(gone.id, deleted=True)

        self.assertAlmostEqual(-2, counts.certificate_days(), places=1)

    def test_a_replica_has_the_certificate_of_its_primary(self):
        primary = self.ready()
        encryption.record(primary.id, 'mtls', 'ref', ago(days=1))

        replica = self.ready(slave_of_id=primary.id)

        found = encryption.expiring(datetime.timedelta())
        self.assertEqual({primary.id, replica.id}, {*found})

    def test_what_is_used_of_quotas(self):
        self.config(max_instances_per_tenant=8, max_ram_per_tenant=-1)
        for project, used, reserved in (
            (base.ALICE, 3, 1),
            ('other', 1, None),
        ):
            for resource in ('instances', 'ram', 'nosuch'):
                self.add(
                    models.QuotaUsage(
                        tenant_id=project,
                        resource=resource,
                        in_use=used,
                        reserved=reserved,
                    )
                )
        self.assertEqual(5, counts.quotas_used()['instances'])
        self.assertEqual(
            {'instances': 0.5}, counts.quotas_filled(self.conf)
        )

        quota.set_limits(self.conf, 'other', {'instances': 1, 'ram': 0})

        self.assertEqual(
            {'instances': 1.0}, counts.quotas_filled(self.conf)
        )

    def test_schedules_without_a_backup(self):
        self.assertEqual(0, counts.overdue_schedules())
        daily, weekly, failing, fresh = (self.ready() for _ in range(4))
        for each in daily, failing, fresh:
            self.schedule(each)
        self.schedule(weekly, interval=168)
        for each in daily, weekly:
            self.backup(each, ago(days=3))
        self.backup(failing, ago(hours=1), state='FAILED')
        self.change(fresh.id, created=ago(hours=1))

        # The daily one, and the one that fails.
        self.assertEqual(2, counts.overdue_schedules())
        self.assertEqual({'COMPLETED': 2, 'FAILED': 1}, counts.backups_made())
        self.backup(daily, ago(hours=30))
        self.assertEqual(1, counts.overdue_schedules())

    def archive(self, *latest, wanted=True):
        """An instance with an archived log, each series after a gap."""
        instance = self.ready()
        for number, each in enumerate(latest, 1):
            self.add(
                models.LogSeries(
                    instance_id=instance.id,
                    series=number,
                    storage_driver='swift',
                    container='c',
                    first=1,
                    last=1,
                    latest=each and f'{each.isoformat()}Z',
                )
            )
        self.add(
            models.LogArchive(
                instance_id=instance.id,
                tenant_id=base.ALICE,
                wanted=wanted,
                series=len(latest),
            )
        )
        return instance

    def test_the_log_that_is_furthest_behind(self):
        self.assertIsNone(counts.archive_lag())
        for minutes, wanted in (5, True), (20, True), (90, False):
            self.archive(
                ago(minutes=minutes + 60), ago(minutes=minutes), wanted=wanted
            )

        self.assertAlmostEqual(1200, counts.archive_lag(), delta=60)

    def test_a_log_without_an_object_since_a_gap_is_behind(self):
        self.archive(ago(minutes=5))
        self.archive(ago(minutes=60), ago(minutes=40), None)

        self.assertAlmostEqual(2400, counts.archive_lag(), delta=60)

    def test_a_log_that_was_never_archived_is_behind_its_backups(self):
        instance = self.archive(None)
        self.assertIsNone(counts.archive_lag())
        self.archive(ago(minutes=5))
        for hours, series, state in (
            (1, 1, 'COMPLETED'),
            (2, 1, 'COMPLETED'),
            (3, 1, 'FAILED'),
            (4, 0, 'COMPLETED'),
        ):
            when = ago(hours=hours)
            made = self.backup(instance, when, state)
            self.add(
                models.BackupLog(
                    backup_id=made,
                    series=series,
                    number=1,
                    complete=f'{when.isoformat()}Z',
                )
            )

        self.assertAlmostEqual(7200, counts.archive_lag(), delta=60)

    def test_how_replicas_follow(self):
        primary = self.ready()
        for state in (
            None,
            replication.State(follows=True, lag=1.0),
            replication.State(follows=True),
            replication.State(follows=True, lag=100.0),
            replication.State(follows=False, error='No.'),
        ):
            replica = self.ready()
            self.change(replica.id, slave_of_id=primary.id)
            if state is not None:
                self.beat(replica.id, sent=1.0, replication=state)

        self.assertEqual(
            {'unknown': 1, 'follows': 2, 'behind': 1, 'stopped': 1},
            counts.replicas(self.conf),
        )
        with session.writer() as db:
            for row in db.query(models.ReplicationState):
                row.updated_at = ago(days=1)
        self.assertEqual({'unknown': 5}, counts.replicas(self.conf))
