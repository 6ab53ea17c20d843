# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import quota
from trove.objects.instance import cancelling
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests.unit.objects import base

Task = states.Task


class QuotaTestCase(base.TestCase):
    def usage(self, resource, project_id=base.ALICE):
        """(in use, reserved)"""
        found = {
            each.resource: each
            for each in quota.usages(self.conf, project_id)
        }[resource]
        return found.in_use, found.reserved

    def set_limits(self, **wanted):
        return quota.set_limits(self.conf, base.ALICE, wanted)

    def grow(self, instance_id, **deltas):
        return self.begin(
            instance_id,
            Task.RESIZING,
            'resize_volume',
            conf=self.conf,
            deltas=deltas,
        )


class TestLimits(QuotaTestCase):
    def test_defaults_are_the_released_ones(self):
        self.assertEqual(
            {'instances': 10, 'ram': -1, 'volumes': 40, 'backups': 50},
            quota.limits(self.conf, base.ALICE),
        )
        self.assertEqual(
            [quota.Usage('instances', 0, 0, 10)],
            quota.usages(self.conf, base.ALICE)[:1],
        )

    def test_own_limits(self):
        self.assertEqual(
            {'instances': 10, 'ram': -1, 'volumes': 7, 'backups': 0},
            self.set_limits(volumes=7, backups=0, ram=None),
        )
        self.assertEqual(8, self.set_limits(volumes=8)['volumes'])
        self.assertEqual(40, quota.limits(self.conf, base.BOB)['volumes'])

    def test_what_is_no_limit(self):
        for wanted in (-2, 2**31, '5', 1.5, True):
            error = self.assertRaises(
                exception.BadRequest, self.set_limits, volumes=wanted
            )
            self.assertEqual(400, error.code)
        self.assertEqual(40, quota.limits(self.conf, base.ALICE)['volumes'])

    def test_what_is_no_resource(self):
        error = self.assertRaises(
            exception.NotFound, self.set_limits, volumes=1, cats=3
        )

        self.assertEqual(404, error.code)
        self.assertIn('cats', str(error))
        self.assertEqual(40, quota.limits(self.conf, base.ALICE)['volumes'])

    def test_a_quota_of_nothing_left_by_others_is_passed_over(self):
        with session.writer() as db:
            for resource in ('volumes', 'cats'):
                db.add(
                    models.Quota(tenant_id=base.ALICE, resource=resource)
                )

        self.assertEqual(40, quota.limits(self.conf, base.ALICE)['volumes'])


class TestCreate(QuotaTestCase):
    def test_it_counts(self):
        self.create(ram=512, volume_size=3)
        self.create(ram=256, volume_size=None)

        self.assertEqual((2, 0), self.usage('instances'))
        self.assertEqual((768, 0), self.usage('ram'))
        self.assertEqual((3, 0), self.usage('volumes'))
        self.assertEqual((0, 0), self.usage('instances', base.BOB))

    def test_too_much_is_refused_and_leaves_nothing(self):
        self.set_limits(instances=1, ram=700, volumes=1)
        self.create()

        error = self.assertRaises(
            exception.QuotaExceeded, self.create, volume_size=2
        )

        self.assertEqual(413, error.code)
        self.assertIn('instances, ram, volumes', str(error))
        self.assertEqual((1, 0), self.usage('instances'))
        self.assertEqual(1, len(workflows.workflows()))
        with session.reader() as db:
            rows = db.scalar(
                sa.select(sa.func.count()).select_from(models.Instance)
            )
        self.assertEqual(1, rows)

    def test_up_to_the_limit_is_not_too_much(self):
        self.set_limits(volumes=5)

        self.create(volume_size=5)

        self.assertRaises(
            exception.QuotaExceeded, self.create, volume_size=1
        )
        self.create(volume_size=0)

    def test_many_at_a_time_do_not_pass_the_limit(self):
        self.set_limits(instances=3)

        got = base.at_once(*[self.create for _ in range(8)])

        refused = [
            each
            for each in got
            if isinstance(each, exception.QuotaExceeded)
        ]
        made = [
            each for each in got if isinstance(each, entities.Instance)
        ]
        self.assertEqual((5, 3), (len(refused), len(made)), got)
        self.assertEqual((3, 0), self.usage('instances'))


class TestGiveBack(QuotaTestCase):
    def test_a_deletion_gives_back_once(self):
        made = self.ready(ram=512, volume_size=3)
        self.ready(ram=1, volume_size=1)
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        got = base.at_once(
            *[
                lambda: instances.mark_deleted(made.id, base.OWNER)
                for _ in range(3)
            ]
        )

        self.assertEqual([False, False, True], sorted(got))
        self.assertEqual((1, 0), self.usage('instances'))
        self.assertEqual((1, 0), self.usage('ram'))
        self.assertEqual((1, 0), self.usage('volumes'))

    def test_what_was_not_sent_gives_back(self):
        made = self.create()

        instances.mark_deleted(made.id)

        self.assertEqual((0, 0), self.usage('ram'))

    def test_an_instance_of_another_release(self):
        made = self.ready(ram=512, volume_size=2)
        with session.writer() as db:
            db.execute(sa.delete(models.Reservation))
        self.grow(made.id, volumes=1, ram=512)
        self.claim(made.id, 'resize_volume')
        tasks.end_task(made.id, base.OWNER, volume_size=3)
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        self.assertFalse(instances.usage_is_known(made.id))
        for _ in range(2):
            instances.record_usage(made.id, ram=1024)
        self.assertTrue(instances.usage_is_known(made.id))
        instances.mark_deleted(made.id, base.OWNER)

        self.assertEqual((0, 0), self.usage('instances'))
        self.assertEqual((0, 0), self.usage('ram'))
        self.assertEqual((0, 0), self.usage('volumes'))

    def test_it_never_falls_below_nothing(self):
        made = self.create()
        with session.writer() as db:
            db.execute(sa.update(models.QuotaUsage).values(in_use=0))

        instances.mark_deleted(made.id)

        self.assertEqual((0, 0), self.usage('instances'))


class TestResize(QuotaTestCase):
    def test_it_is_reserved_then_used_then_given_back(self):
        made = self.ready(volume_size=1)

        self.grow(made.id, volumes=4)
        self.assertEqual((1, 4), self.usage('volumes'))

        self.claim(made.id, 'resize_volume')
        tasks.end_task(made.id, base.OWNER, volume_size=5)
        self.assertEqual((5, 0), self.usage('volumes'))

        self.delete(made.id)
        self.claim(made.id, 'delete_instance')
        instances.mark_deleted(made.id, base.OWNER)
        self.assertEqual((0, 0), self.usage('volumes'))

    def test_too_much_changes_nothing(self):
        made = self.ready()

        self.assertRaises(
            exception.QuotaExceeded, self.grow, made.id, volumes=40
        )

        self.assertEqual('ACTIVE', self.get(made.id).status)
        self.assertIsNone(workflows.get_workflow(made.id))
        self.assertEqual((1, 0), self.usage('volumes'))

    def test_what_is_reserved_counts(self):
        self.set_limits(volumes=5)
        made = self.ready(volume_size=1)
        self.grow(made.id, volumes=4)

        self.assertRaises(
            exception.QuotaExceeded, self.create, volume_size=1
        )

    def test_a_failure_gives_back(self):
        made = self.ready()
        self.grow(made.id, volumes=4, ram=100)
        self.claim(made.id, 'resize_volume')

        tasks.fail_task(made.id, base.OWNER, message='m')

        self.assertEqual((1, 0), self.usage('volumes'))
        self.assertEqual((512, 0), self.usage('ram'))

    def test_what_could_not_be_sent_gives_back(self):
        made = self.ready()
        self.grow(made.id, volumes=4)

        tasks.undo_task(self.context, made.id, Task.RESIZING)

        self.assertEqual((1, 0), self.usage('volumes'))

    def test_a_deletion_in_the_middle_gives_all_back(self):
        made = self.ready(volume_size=1)
        self.grow(made.id, volumes=4)
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        instances.mark_deleted(made.id, base.OWNER)

        self.assertEqual((0, 0), self.usage('volumes'))

    def test_a_reset_in_the_middle_gives_back(self):
        made = self.ready(volume_size=1)
        self.grow(made.id, volumes=4)

        cancelling.reset(made.id)

        self.assertEqual((1, 0), self.usage('volumes'))

    def test_less_counts_when_it_is_done(self):
        made = self.ready(ram=512)

        self.grow(made.id, ram=-256)
        self.assertEqual((512, 0), self.usage('ram'))

        self.claim(made.id, 'resize_volume')
        tasks.end_task(made.id, base.OWNER)
        self.assertEqual((256, 0), self.usage('ram'))

    def test_options_are_needed(self):
        made = self.ready()

        self.assertRaises(
            TypeError,
            self.begin,
            made.id,
            Task.RESIZING,
            'resize_volume',
            deltas={'volumes': 1},
        )
