# SPDX-License-Identifier: Apache-2.0
"""Configuration groups in the database."""

from __future__ import annotations

from trove.common import exception
from trove.objects import configuration
from trove.objects import parameter
from trove.objects.instance import instances
from trove.tests.unit.objects import base


class TestGroups(base.TestCase):
    def setUp(self):
        super().setUp()
        parameter.save(
            self.version.id,
            [
                parameter.Parameter('jit', 'boolean'),
                parameter.Parameter('work_mem', 'integer', False, 64),
            ],
        )

    def group(self, context=None, **values):
        return configuration.create(
            self.conf,
            context or self.context,
            name='mine',
            version_id=self.version.id,
            values=values,
        )

    def get(self, group):
        return configuration.get(self.context, group.id)

    def test_one_comes_back(self):
        made = self.group(jit=False, work_mem='1MB')

        self.assertEqual({'jit': False, 'work_mem': '1MB'}, made.values)
        self.assertEqual(self.version.id, made.version.id)
        self.assertEqual(made, self.get(made))

    def test_many_at_a_time_do_not_pass_the_limit(self):
        self.config(max_configurations_per_tenant=3)
        self.group(self.make_context(base.BOB), jit=True)

        for expected in 3, 0:
            got = base.at_once(
                *[lambda: self.group(jit=True) for _ in range(5)]
            )

            made = [
                each for each in got if isinstance(each, configuration.Group)
            ]
            refused = [
                each
                for each in got
                if isinstance(each, exception.QuotaExceeded)
            ]
            self.assertEqual(
                (expected, 5 - expected), (len(made), len(refused)), got
            )

    def test_another_projects_is_not_there(self):
        theirs = self.group(self.make_context(base.BOB), jit=True)

        self.assertRaises(exception.NotFound, self.get, theirs)
        found = configuration.get(self.admin, theirs.id)
        self.assertEqual(theirs, found)
        listed, _ = configuration.list_(self.context, limit=9, marker=None)
        self.assertEqual([], listed)

    def test_values_are_replaced(self):
        group = self.group(jit=True)

        configuration.change(
            self.context,
            group,
            values={'work_mem': 64},
            columns={'name': 'new', 'description': 'text'},
        )

        found = self.get(group)
        self.assertEqual({'work_mem': 64}, found.values)
        self.assertEqual(('new', 'text'), (found.name, found.description))

    def test_what_another_has_changed_stays(self):
        group = self.group(jit=True)
        configuration.change(
            self.context, group, values={'jit': False}, columns={}
        )

        self.assertRaises(
            exception.Conflict,
            configuration.change,
            self.context,
            group,
            values={},
            columns={},
        )

        self.assertEqual({'jit': False}, self.get(group).values)

    def test_one_with_instances_stays(self):
        group = self.group(jit=True)
        instance = self.create(group=group)

        self.assertRaises(
            exception.BadRequest, configuration.delete, self.context, group.id
        )
        self.assertEqual(1, self.get(group).instance_count)
        found, _ = configuration.instances(group.id)
        self.assertEqual([(instance.id, 'db')], found)

        instances.mark_deleted(instance.id)
        configuration.delete(self.context, group.id)
        self.assertRaises(exception.NotFound, self.get, group)

    def test_no_instance_is_made_with_one_that_is_gone(self):
        group = self.group(jit=True)
        configuration.delete(self.context, group.id)

        self.assertRaises(exception.NotFound, self.create, group=group)

    def test_no_instance_is_made_with_values_of_before(self):
        group = self.group(jit=True)
        configuration.change(
            self.context, group, values={'jit': False}, columns={}
        )

        self.assertRaises(exception.Conflict, self.create, group=group)
