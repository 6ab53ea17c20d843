# SPDX-License-Identifier: Apache-2.0
"""A page of instances takes as much work however many there are."""

from __future__ import annotations

import datetime
import json

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base

FEW, MANY = 60, 3000
PAGE = 10
#: Rows that a page may take besides, where there are many.
SPARE = 10

#: What PostgreSQL would do now and then with tables as small as these, by
#: statistics that change when it vacuums. Without it, an index has to serve.
_COSTLY = ('seqscan', 'bitmapscan', 'hashjoin', 'mergejoin')

_BEGAN = datetime.datetime(2026, 1, 1)


def _nodes(plan):
    yield plan
    for inner in plan.get('Plans', ()):
        yield from _nodes(inner)


class TestWork(base.TestCase):
    """On SQLite the plan is looked at, elsewhere the rows are counted."""

    def setUp(self):
        super().setUp()
        self.number = 0

    def given(self, number):
        """So many instances in all; each other one is deleted."""
        rows = [
            {
                'id': f'{(each * 7919) % 1_000_003:036d}',
                'name': f'db{each}',
                'tenant_id': base.ALICE,
                # All of the second half are of one moment.
                'created': _BEGAN + datetime.timedelta(min(each, FEW)),
                'datastore_version_id': self.version.id,
                'deleted': each % 2 == 1,
            }
            for each in range(self.number, number)
        ]
        with session.writer() as db:
            db.execute(sa.insert(models.Instance), rows)
            for model, more in (
                (models.InstanceFault, {'message': 'm', 'details': 'd'}),
                (models.InstanceAddress, {'address': 'a', 'type': 'private'}),
                (models.AgentHeartbeat, {}),
                (
                    models.ServiceStatus,
                    {'status_id': 1, 'status_description': 'healthy'},
                ),
            ):
                db.execute(
                    sa.insert(model),
                    [{'instance_id': row['id'], **more} for row in rows],
                )
        self.number = number
        if self.dialect == 'postgresql':
            with session.engine().begin() as connection:
                connection.execute(sa.text('ANALYZE'))

    @property
    def dialect(self):
        return session.engine().dialect.name

    def looks(self):
        first, _ = instances.list_(self.context, limit=1)
        for name, context, kwargs in (
            ('of a project', self.context, {}),
            ('behind a marker', self.context, {'marker': first[0].id}),
            ('with deleted ones', self.context, {'deleted': None}),
            ('without clusters', self.context, {'include_clustered': False}),
            ('of all projects', self.admin, {'all_projects': True}),
            (
                'of all projects, with deleted ones',
                *(self.admin, {'all_projects': True, 'deleted': None}),
            ),
        ):
            with self.subTest(name):
                yield (
                    name,
                    lambda c=context, k=kwargs: instances.list_(
                        c, limit=PAGE, **k
                    ),
                )

    def statements(self, look):
        """What is asked of the database, with its values."""
        with statements.noted() as seen:
            look()
        return seen

    def plans(self, look, explain):
        found = []
        for statement, values in self.statements(look):
            with session.engine().connect() as connection:
                if self.dialect == 'postgresql':
                    for each in _COSTLY:
                        connection.exec_driver_sql(
                            f'SET LOCAL enable_{each} = off'
                        )
                found.append(
                    connection.exec_driver_sql(
                        f'{explain} {statement}', values
                    ).all()
                )
        self.assertNotEqual([], found)
        return found

    def rows_read(self, look):
        if self.dialect == 'postgresql':
            return sum(
                node['Actual Loops']
                * (node['Actual Rows'] + node.get('Rows Removed by Filter', 0))
                for ((plan,),) in self.plans(
                    look, 'EXPLAIN (ANALYZE, FORMAT JSON)'
                )
                for node in _nodes(self.decoded(plan)[0]['Plan'])
                if 'Relation Name' in node
            )
        with session.reader() as db:
            before = self.handled(db)
            look()
            return self.handled(db) - before

    def decoded(self, plan):
        return json.loads(plan) if isinstance(plan, str) else plan

    def handled(self, db):
        told = db.execute(sa.text("SHOW SESSION STATUS LIKE 'Handler_read_%'"))
        return sum(int(value) for _, value in told)

    def check_plan(self, look):
        for plan in self.plans(look, 'EXPLAIN QUERY PLAN'):
            said = [row[3] for row in plan]
            # What was found may be looked through, and tables of datastores.
            whole = {each for each in said if each.startswith('SCAN instance')}
            self.assertEqual(set(), whole, said)
            # Of what the parts have found, and of the page.
            sorts = [each for each in said if 'FOR ORDER BY' in each]
            self.assertLessEqual(len(sorts), 2, said)

    def test_no_page_reads_or_sorts_more_in_a_large_fleet(self):
        self.given(FEW)
        few = {}
        if self.dialect != 'sqlite':
            few = {name: self.rows_read(look) for name, look in self.looks()}

        self.given(MANY)

        for name, look in self.looks():
            if self.dialect == 'sqlite':
                self.check_plan(look)
            else:
                many = self.rows_read(look)
                self.assertLessEqual(many, few[name] + SPARE)

    def test_pages_show_each_one_once_in_its_order(self):
        self.given(FEW)
        with session.writer() as db:
            for column, ids in (
                ('deleted', range(0, 8, 2)),
                ('created', range(4, 12, 2)),
            ):
                wanted = [f'{(each * 7919) % 1_000_003:036d}' for each in ids]
                db.execute(
                    sa.update(models.Instance)
                    .where(models.Instance.id.in_(wanted))
                    .values({column: None})
                )
        whole, _ = instances.list_(self.context, limit=FEW)

        seen, marker = [], None
        while True:
            page, marker = instances.list_(
                self.context, limit=7, marker=marker
            )
            seen += page
            if marker is None:
                break

        self.assertEqual(FEW // 2, len(whole))
        self.assertEqual([e.id for e in whole], [e.id for e in seen])
        dated = [e for e in whole if e.created.year > 1970]
        self.assertEqual(whole[4:], dated)
        self.assertEqual(
            sorted(dated, key=lambda each: (each.created, each.id)), dated
        )
