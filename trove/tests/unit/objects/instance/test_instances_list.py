# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base


class TestList(base.TestCase):
    def ids(self, context=None, **kwargs):
        kwargs.setdefault('limit', 100)
        found, marker = instances.list_(context or self.context, **kwargs)
        return [each.id for each in found], marker

    def test_own_ones_only(self):
        mine = self.create()
        self.create(self.make_context(base.BOB))

        self.assertEqual(([mine.id], None), self.ids())

    def test_all_projects_for_administrators(self):
        made = [self.create(), self.create(self.make_context(base.BOB))]

        ids, _ = self.ids(self.admin, all_projects=True)

        self.assertEqual({each.id for each in made}, set(ids))
        self.assertEqual(
            ([made[1].id], None), self.ids(self.admin, project_id=base.BOB)
        )

    def test_others_are_refused_others_projects(self):
        for kwargs in ({'all_projects': True}, {'project_id': base.BOB}):
            error = self.assertRaises(exception.Forbidden, self.ids, **kwargs)
            self.assertEqual(403, error.code)

    def test_deleted_ones(self):
        gone, here = self.create(), self.create()
        instances.mark_deleted(gone.id)

        self.assertEqual(([here.id], None), self.ids())
        self.assertEqual(([gone.id], None), self.ids(deleted=True))
        self.assertEqual(
            {gone.id, here.id}, set(self.ids(deleted=None)[0])
        )

    def test_pages_hold_each_one_once_although_made_at_the_same_time(self):
        made = [self.create(ram=1) for _ in range(7)]
        for each in made:
            self.change(each.id, created=datetime.datetime(2026, 1, 1))
        self.change(made[0].id, created=None)

        seen, marker = self.ids(limit=2)
        while marker:
            page, marker = self.ids(limit=2, marker=marker)
            self.assertLessEqual(len(page), 2)
            seen += page

        self.assertEqual(sorted({each.id for each in made}), sorted(seen))
        self.assertEqual(made[0].id, seen[0])

    def test_a_page_that_is_just_full_is_the_last(self):
        made = {self.create().id, self.create().id}

        ids, marker = self.ids(limit=2)

        self.assertEqual((made, None), (set(ids), marker))

    def test_the_marker_may_have_been_deleted(self):
        self.create()
        self.create()
        (first,), marker = self.ids(limit=1)
        instances.mark_deleted(first)

        ids, _ = self.ids(limit=1, marker=marker)

        self.assertEqual(1, len(ids))
        self.assertNotEqual(first, ids[0])

    def test_unknown_markers(self):
        foreign = self.create(self.make_context(base.BOB)).id
        for marker in ('nope', foreign, 'a\0'):
            error = self.assertRaises(
                exception.BadRequest, self.ids, marker=marker
            )
            self.assertEqual(400, error.code)

    def test_a_long_page_takes_as_many_queries_as_a_short_one(self):
        self.config(max_instances_per_tenant=-1, max_volumes_per_tenant=-1)
        counts = []
        for more in (1, 20):
            for _ in range(more):
                made = self.create()
                instances.set_addresses(made.id, [('127.42.0.2', 'private')])
                instances.add_fault(made.id, 'm', 'd')
            with statements.selects() as seen:
                self.ids()
            counts.append(len(seen))

        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 5)

    def test_what_belongs_to_each_instance(self):
        one = self.ready()
        two = self.ready(slave_of_id=one.id)
        instances.set_addresses(one.id, [('127.42.0.2', 'private', 'net')])
        instances.add_fault(two.id, 'broken')
        with session.writer() as db:
            db.add(models.Backup(name='b', state='NEW', instance_id=two.id))

        found, _ = instances.list_(self.context, limit=10)

        by_id = {each.id: each for each in found}
        self.assertEqual(
            (entities.Address('127.42.0.2', 'private', 'net'),),
            by_id[one.id].addresses,
        )
        self.assertEqual((), by_id[two.id].addresses)
        self.assertEqual((two.id,), by_id[one.id].replicas)
        self.assertEqual('broken', by_id[two.id].fault.message)
        self.assertIsNone(by_id[one.id].fault)
        self.assertEqual('BACKUP', by_id[two.id].status)
        self.assertEqual('ACTIVE', by_id[one.id].status)
        self.assertEqual('1.4', by_id[one.id].guest_version)

    def test_clustered_ones_can_be_left_out(self):
        plain, clustered = self.create(), self.create()
        with session.writer() as db:
            cluster = models.Cluster(
                id='c' * 36, name='c', task_id=1, tenant_id=base.ALICE,
                datastore_version_id=self.version.id,
            )
            db.add(cluster)
        self.change(clustered.id, cluster_id='c' * 36)

        self.assertEqual(2, len(self.ids()[0]))
        self.assertEqual(
            ([plain.id], None), self.ids(include_clustered=False)
        )
