# SPDX-License-Identifier: Apache-2.0
"""Archived logs are looked after, whoever does it."""

from __future__ import annotations

import io
import pathlib

import fixtures

from trove.db import models
from trove.db import session
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.instance import instances
from trove.objectstore import local
from trove.objectstore import storage
from trove.taskmanager import log_archives
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene


def at(hour):
    return f'2027-01-31T{hour:02d}:00:00.000000Z'


class LogArchivesTest(scene.TestCase):
    """Given an instance whose log is to be archived."""

    def setUp(self):
        super().setUp()
        box = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(local_directory=str(box), group='objectstore')
        self.config(log_archive_interval=0.1, group='taskmanager')
        self.store = local.LocalStore(box)
        self.instance_id, self.guest = self.given_instance('1.5')
        logs.want(scene.PROJECT, self.instance_id, 'local', 'box')
        self.archives = log_archives.LogArchives(self.env)

    def save(self, number, hour=None, series=1):
        metadata = {logs.UNTIL: at(hour)} if hour is not None else {}
        self.store.save(
            'box',
            f'log-{self.instance_id}-{series:04d}-{number:08d}',
            io.BytesIO(b'log'),
            metadata,
            suffix='.gz',
        )

    def backup(self, number, series=1):
        with session.writer() as db:
            db.add(
                models.Backup(
                    id='b',
                    name='b',
                    tenant_id=scene.PROJECT,
                    instance_id=self.instance_id,
                    state='COMPLETED',
                )
            )
        known = {'log-series': str(series), 'log-number': str(number)}
        logs.note_backup('b', {**known, 'log-time': at(1)})

    def look(self):
        """Look after it, whatever was done a moment ago."""
        with session.writer() as db:
            db.get(models.LogArchive, self.instance_id).checked = None
        self.archives.look()

    def told(self, number):
        """Wait for so many orders; return the arguments of the last."""
        waiting.until(
            lambda: self.guest.asked.count('archive_log') == number,
            f'the guest is told {number} times',
        )
        return self.guest.arguments('archive_log')

    def left(self):
        return [each.name[-16:] for each in self.store.entries('box')]

    def test_an_object_that_no_database_wrote_ends_the_access(self):
        # Given a guest in the hands of somebody else, and an access at its
        # end
        self.look()
        self.told(1)
        self.save(1, 2)
        self.save(2, 3)
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.taskmanager.workflows.backup_order.LEAST', 1
            )
        )
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.taskmanager.workflows.backup_order.room',
                lambda instance: 0,
            )
        )
        with session.writer() as db:
            row = db.get(models.LogArchive, self.instance_id)
            row.ordered = row.ordered.replace(year=2020)

        self.look()
        self.look()

        self.assertEqual(1, self.guest.asked.count('archive_log'))
        fault = self.shown(self.instance_id).fault
        self.assertIn('-0001-00000001.gz has ', fault.message)
        self.assertIn('delete this object', fault.details or fault.message)
        with session.reader() as db:
            self.assertEqual(1, db.query(models.InstanceFault).count())
        self.assertIn('more than the database can have', self.logs.output)

    def test_the_guest_is_told_once(self):
        self.look()
        self.save(1, 2)
        self.look()

        order = self.told(1)

        self.assertEqual(
            {
                'container': 'box',
                'prefix': f'log-{self.instance_id}-',
                'series': 1,
                'interval': 0.1,
            },
            order['archive'],
        )
        self.assertEqual('local', order['store']['driver'])

    def test_it_is_told_again_when_nothing_comes(self):
        self.look()
        self.told(1)
        with session.writer() as db:
            row = db.get(models.LogArchive, self.instance_id)
            row.ordered = row.ordered.replace(year=2020)

        self.look()

        self.told(2)

    def test_a_store_that_signs_names_has_it_told_again_in_time(self):
        told = []

        class Signing(storage.DRIVERS['local']):
            signs_names = True

            def appending(self, container, prefix, names):
                told.append([next(iter(each))[-16:] for each in names])
                return super().appending(container, prefix, names)

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.objectstore.storage.DRIVERS',
                {**storage.DRIVERS, 'local': Signing},
            )
        )
        self.useFixture(
            fixtures.MonkeyPatch('trove.taskmanager.log_archives._BEHIND', 20)
        )
        self.look()
        for number in range(1, 100):
            self.save(number, 2)
        self.look()
        self.assertEqual(1, len(told))
        # When it has gone on for a while, or after a gap
        self.save(100, 3)
        self.look()
        self.save(1, 4, series=2)
        self.look()

        self.assertEqual(
            [
                ['0001-00000001.gz', '0002-00000001.gz'],
                ['0001-00000081.gz', '0002-00000001.gz'],
                ['0002-00000001.gz', '0003-00000001.gz'],
            ],
            told,
        )
        self.told(3)

    def test_what_is_there_is_seen_in_the_store(self):
        self.backup(1)
        self.save(1, 2)
        self.save(2)
        self.save(3, 4)
        self.save(5, 6)

        self.look()

        self.assertEqual(at(4), logs.window(self.instance_id).latest)
        self.assertEqual(3, logs.point(self.instance_id, at(3)).series.last)

    def test_a_gap_is_a_fault_and_a_series(self):
        self.backup(1)
        self.save(1, 2)
        self.save(1, 5, series=2)

        self.look()
        self.look()

        (archive,) = self.claimed()
        self.assertEqual([1, 2], [each.series for each in archive.series])
        self.assertEqual(at(5), archive.series[1].latest)
        fault = instances.get(self.admin, self.instance_id).fault
        self.assertIn(f'has a gap after {at(2)}', fault.message)

    def claimed(self):
        with session.writer() as db:
            db.get(models.LogArchive, self.instance_id).checked = None
        return log_work.claim(60)

    def test_what_no_backup_needs_is_deleted(self):
        for number in 1, 2, 3:
            self.save(number, number)
        self.backup(3)

        self.look()
        self.look()

        self.assertEqual(['1-00000003.gz'], [e[-13:] for e in self.left()])
        self.assertEqual(at(3), logs.window(self.instance_id).latest)

    def test_it_is_ended_and_forgotten(self):
        self.save(1, 1)
        self.look()
        self.told(1)
        logs.unwant(self.instance_id)

        self.look()
        self.assertIsNone(self.told(2)['archive'])
        # What it was storing then
        self.save(2, 2)
        with session.writer() as db:
            row = db.get(models.LogArchive, self.instance_id)
            row.ordered = row.ordered.replace(year=2020)
        self.look()
        self.look()

        self.assertEqual([], self.left())
        (archive,) = self.claimed()
        self.assertEqual((), archive.series)

    def test_one_that_breaks_keeps_no_other_from_being_seen(self):
        self.save(1, 2)
        self.save(2, 3)
        other, _ = self.given_instance('1.5')
        logs.want(scene.PROJECT, other, 'local', 'box')
        first, second = sorted([self.instance_id, other])
        with session.writer() as db:
            db.get(models.LogSeries, (first, 1)).last = 'broken'
        self.instance_id = second
        self.save(1, 2)

        self.look()

        self.assertIn(f'archived log of instance {first}', self.logs.output)
        with session.reader() as db:
            self.assertLess(0, db.get(models.LogSeries, (second, 1)).last)
