# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime

from trove.db import models
from trove.db import session
from trove.objects import root
from trove.tests.unit.objects import base


class TestRoot(base.TestCase):
    def test_never_enabled(self):
        made = self.create()

        root.record_disabled(made.id)

        self.assertIsNone(root.history(made.id))
        self.assertFalse(root.is_enabled(made.id))

    def test_enabled(self):
        made = self.create()

        root.record_enabled(made.id, 'u1')
        root.record_enabled(made.id, 'u2')

        history = root.history(made.id)
        self.assertTrue(history.enabled)
        self.assertEqual('u1', history.user)

    def test_the_user_is_filled_in(self):
        made = self.create()

        root.record_enabled(made.id)
        root.record_enabled(made.id, 'u1')

        self.assertEqual('u1', root.history(made.id).user)

    def test_disabled_within_the_same_second(self):
        made = self.create()

        root.record_enabled(made.id, 'u1')
        root.record_disabled(made.id)
        root.record_disabled(made.id)

        self.assertFalse(root.is_enabled(made.id))
        self.assertIsNotNone(root.history(made.id))

    def test_enabled_again_by_somebody_else(self):
        made = self.create()

        root.record_enabled(made.id, 'u1')
        root.record_disabled(made.id)
        root.record_enabled(made.id, 'u2')

        self.assertTrue(root.is_enabled(made.id))
        self.assertEqual('u2', root.history(made.id).user)

    def test_enabled_again_by_release_26(self):
        made = self.create()
        with session.writer() as db:
            db.add(
                models.RootHistory(
                    id=made.id,
                    created=datetime.datetime(2026, 1, 2),
                    deleted_at=datetime.datetime(2026, 1, 1),
                )
            )

        self.assertTrue(root.is_enabled(made.id))
