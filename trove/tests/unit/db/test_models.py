# SPDX-License-Identifier: Apache-2.0
"""The tables: as released where they are, never showing what they hold."""

from __future__ import annotations

import datetime

from trove.db import models
from trove.db import session
from trove.tests import base
from trove.tests.fixtures import database


class ModelsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.database = self.useFixture(database.SQLiteDatabase())
        self.database.configure(self.conf)

    def test_a_row_shows_its_key_and_nothing_else(self):
        instance = models.Instance(id='i1', encrypted_key='secret')

        self.assertEqual("Instance(id='i1')", repr(instance))

    def test_a_row_gets_an_id_and_times_by_itself(self):
        with session.writer() as db:
            instance = models.Instance(name='i')
            db.add(instance)
            db.flush()
            key = instance.id

        with session.reader() as db:
            found = db.get(models.Instance, key)
        self.assertEqual(36, len(found.id))
        self.assertIsInstance(found.created, datetime.datetime)
        self.assertIsNone(found.created.tzinfo)
        self.assertIs(False, found.deleted)

    def test_every_table_has_one_class_named_at_the_door(self):
        classes = {
            getattr(models, name) for name in models.__all__ if name != 'Base'
        }

        self.assertEqual(
            set(models.Base.metadata.tables),
            {each.__tablename__ for each in classes},
        )
