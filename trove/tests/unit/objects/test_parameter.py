# SPDX-License-Identifier: Apache-2.0
"""Rules of datastore versions."""

from __future__ import annotations

import json

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import parameter
from trove.tests.unit.objects import base

CONNECTIONS = parameter.Parameter('max_connections', 'integer', True, 1, 99)
STYLE = parameter.Parameter('DateStyle', 'string')
COST = parameter.Parameter('random_page_cost', 'float', False, 0, 1.5e308)


class TestParameters(base.TestCase):
    def listed(self):
        return parameter.list_(self.version.id)

    def test_they_come_back(self):
        saved = parameter.save(self.version.id, [CONNECTIONS, STYLE, COST])

        self.assertEqual(3, saved)
        self.assertEqual([STYLE, CONNECTIONS, COST], self.listed())
        self.assertEqual([], parameter.list_('another'))

    def test_saved_again_some_change(self):
        parameter.save(self.version.id, [CONNECTIONS, STYLE])
        changed = parameter.Parameter('max_connections', 'integer', False, 5)

        parameter.save(self.version.id, [changed, COST])
        self.assertEqual([STYLE, changed, COST], self.listed())

        parameter.save(self.version.id, [COST], only=True)
        self.assertEqual([COST], self.listed())

    def test_one_by_one(self):
        parameter.create(self.version.id, STYLE)
        error = self.assertRaises(
            exception.BadRequest, parameter.create, self.version.id, STYLE
        )
        self.assertIn('exists already', str(error))
        self.assertEqual(STYLE, parameter.get(self.version.id, 'datestyle'))

        changed = parameter.Parameter('DateStyle', 'string', True)
        parameter.update(self.version.id, changed)
        self.assertEqual([changed], self.listed())

        parameter.delete(self.version.id, 'DateStyle')
        self.assertEqual([], self.listed())

    def test_what_is_not_there(self):
        for call in (
            lambda: parameter.get(self.version.id, 'jit'),
            lambda: parameter.update(self.version.id, STYLE),
            lambda: parameter.delete(self.version.id, 'jit'),
        ):
            self.assertRaises(exception.NotFound, call)

    def test_what_released_trove_may_have_stored(self):
        with session.writer() as db:
            db.add(
                models.DatastoreConfigurationParameter(
                    id='1',
                    name='odd',
                    datastore_version_id=self.version.id,
                    data_type='list',
                    min_size='few',
                )
            )

        self.assertEqual(
            [parameter.Parameter('odd', 'string')], self.listed()
        )


class TestFiles(base.TestCase):
    def test_a_file_of_released_trove(self):
        rules = [
            {
                'name': 'max_connections',
                'type': 'integer',
                'restart_required': True,
                'min': 1,
                'max': '99',
            },
            {'name': 'DateStyle', 'type': 'string'},
        ]

        found = parameter.read_file(
            json.dumps({'configuration-parameters': rules})
        )

        self.assertEqual([CONNECTIONS, STYLE], found)

    def test_what_is_no_such_file(self):
        for text in (
            '{',
            '[]',
            '{}',
            '{"configuration-parameters": [1]}',
            '{"configuration-parameters": [{"name": "x"}]}',
            '{"configuration-parameters": [{"name": "x", "type": "integer",'
            ' "min": "few"}]}',
        ):
            error = self.assertRaises(
                exception.BadRequest, parameter.read_file, text
            )

            self.assertIn('"configuration-parameters"', str(error))
