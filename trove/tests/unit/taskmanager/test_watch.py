# SPDX-License-Identifier: Apache-2.0
"""How long things have been as they are."""

from __future__ import annotations

from trove.taskmanager import watch
from trove.tests import base


class TestWatch(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.watch = watch.Watch(30, lambda: self.now)

    def look(self, now, **things):
        self.now = now
        self.watch.look(things)

    def test_what_stays_the_same(self):
        self.look(100, a=1)
        self.look(120, a=1)
        self.look(140, a=1)

        self.assertEqual(40, self.watch.unchanged('a'))

    def test_what_changes(self):
        self.look(100, a=1)
        self.look(120, a=2)
        self.look(130, a=2)

        self.assertEqual(10, self.watch.unchanged('a'))

    def test_what_comes_and_goes(self):
        self.assertEqual(0, self.watch.unchanged('a'))
        self.look(100)
        self.assertEqual(0, self.watch.unchanged('a'))
        self.look(110, a=1)
        self.look(120)
        self.look(130, a=1)

        self.assertEqual(0, self.watch.unchanged('a'))

    def test_nothing_is_known_of_a_time_without_a_look(self):
        self.look(100, a=1)
        self.look(131, a=1)

        self.assertEqual(0, self.watch.unchanged('a'))
