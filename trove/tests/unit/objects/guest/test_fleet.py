# SPDX-License-Identifier: Apache-2.0
"""The list of all guests."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.guest import fleet
from trove.objects.guest import guest_versions
from trove.objects.instance import instances
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base


class TestPeers(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(agent_heartbeat_expiry=60)

    def one(self, instance_id):
        return fleet.guest(self.conf, instance_id)

    def silence(self, instance_id, seconds):
        then = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat)
                .where(models.AgentHeartbeat.instance_id == instance_id)
                .values(updated_at=then)
            )

    def many(self, number):
        with session.writer() as db:
            db.execute(
                sa.insert(models.Instance),
                [{'id': f'i{each:05}'} for each in range(number)],
            )
            db.execute(
                sa.insert(models.AgentHeartbeat),
                [
                    {
                        'id': f'h{each:05}',
                        'instance_id': f'i{each:05}',
                        'guest_agent_version': '1.5 27.0.0',
                    }
                    for each in range(number)
                ],
            )

    def test_one_that_announces(self):
        made = self.ready(name='mine')
        self.beat(made.id, version='1.5 27.0.0')
        self.change(made.id, encrypted_key='x')

        guest = self.one(made.id)

        self.assertEqual(
            (made.id, 'mine', base.ALICE, 'ACTIVE', '1.5', '27.0.0'),
            (
                guest.instance_id,
                guest.name,
                guest.project_id,
                guest.status,
                guest.announced,
                guest.release,
            ),
        )
        self.assertEqual((False, False), (guest.probed, guest.silent))
        self.assertTrue(guest.has_key)
        self.assertIsNotNone(guest.seen)

    def test_one_that_was_probed_and_is_silent(self):
        made = self.ready()
        guest_versions.record_probe(made.id, None)
        guest_versions.record_probe(made.id, '1.0/victoria')
        self.silence(made.id, 90)

        guest = self.one(made.id)

        self.assertEqual(
            ('1.0/victoria', True, None, True, False),
            (
                guest.announced,
                guest.probed,
                guest.release,
                guest.silent,
                guest.has_key,
            ),
        )

    def test_one_that_was_never_heard(self):
        made = self.create()

        guest = self.one(made.id)

        self.assertEqual(
            (None, None, None, None, 'BUILD'),
            (
                guest.announced,
                guest.how,
                guest.seen,
                guest.silent,
                guest.status,
            ),
        )

    def test_one_that_makes_a_backup(self):
        made = self.ready()
        with session.writer() as db:
            db.add(
                models.Backup(
                    name='b',
                    tenant_id=base.ALICE,
                    instance_id=made.id,
                    state='BUILDING',
                )
            )

        self.assertEqual('BACKUP', self.one(made.id).status)

    def test_the_deleted_and_the_unknown_are_none(self):
        gone = self.create()
        instances.mark_deleted(gone.id)

        self.assertEqual([], list(fleet.guests(self.conf)))
        for instance_id in (gone.id, 'nope', 'no\0pe'):
            self.assertRaises(
                exception.InstanceNotFound, self.one, instance_id
            )

    def test_all_are_found_page_by_page(self):
        self.many(10)

        for page in (1, 3, 10, 100):
            found = [
                guest.instance_id
                for guest in fleet.guests(self.conf, page=page)
            ]

            self.assertEqual([f'i{each:05}' for each in range(10)], found)

    def test_ten_thousand_take_two_queries_per_page(self):
        self.many(10_000)

        with statements.selects() as seen:
            found = sum(1 for guest in fleet.guests(self.conf, page=5000))

        self.assertEqual(10_000, found)
        # Two full pages, and one that shows that there are no more.
        self.assertEqual(2 * 3, len(seen))

    def test_a_census(self):
        self.many(3)
        guest_versions.record_probe('i00002', None)
        guest_versions.record_probe('i00002', '1.5')
        self.silence('i00001', 90)
        with session.writer() as db:
            db.add(models.Instance(id='never-heard'))
            db.add(models.Instance(id='deleted', deleted=True))

        with statements.selects() as seen:
            counted = fleet.census(self.conf)

        self.assertEqual(
            {('1.5', False): 2, ('1.5', True): 1, (None, True): 1}, counted
        )
        self.assertEqual(2, len(seen))
