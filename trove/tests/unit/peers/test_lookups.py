# SPDX-License-Identifier: Apache-2.0
"""Strangers who name instances do not keep the database busy."""

from __future__ import annotations

import fixtures
import sqlalchemy as sa

from trove.db import session
from trove.objects.keys import instance_keys
from trove.peers import control_keys
from trove.peers import lookups
from trove.tests import base
from trove.tests.unit.peers import keyring


class LookupsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.there = {'a'}
        self.listed = 0
        self.lookups = lookups.Lookups(self.ids, clock=lambda: self.now)

    def ids(self):
        self.listed += 1
        return set(self.there)

    def given_flood(self):
        for _ in range(lookups.MAX_ABSENT):
            self.lookups.absent()

    def test_as_long_as_few_are_absent_each_is_looked_up(self):
        for _ in range(lookups.MAX_ABSENT - 1):
            self.lookups.absent()

        self.assertTrue(self.lookups.exists('nobody'))
        self.assertEqual(0, self.listed)

    def test_then_only_those_that_there_are(self):
        self.given_flood()

        self.assertTrue(self.lookups.exists('a'))
        for number in range(1000):
            self.assertFalse(self.lookups.exists(f'nobody-{number}'))

        self.assertEqual(1, self.listed)

    def test_a_new_one_is_known_soon(self):
        self.given_flood()
        self.assertFalse(self.lookups.exists('b'))
        self.there.add('b')

        self.now += 5

        self.assertTrue(self.lookups.exists('b'))
        self.assertEqual(2, self.listed)

    def test_it_is_over_after_a_minute(self):
        self.given_flood()
        self.assertFalse(self.lookups.exists('nobody'))

        self.now += 60

        self.assertTrue(self.lookups.exists('nobody'))

    def test_the_log_says_it_once(self):
        self.given_flood()
        self.given_flood()

        self.assertEqual(1, self.logs.output.count('do not exist'))
        self.assertIn('who has access', self.logs.output)

    def test_what_is_remembered_is_looked_up_again_now_and_then(self):
        taken = [self.lookups.again('a') for _ in range(100)]
        self.assertEqual(lookups.MAX_AGAIN, sum(taken))
        self.assertTrue(self.lookups.again('b'))

        self.now += 3

        self.assertEqual(3, sum(self.lookups.again('a') for _ in range(100)))


class KeysTest(keyring.KeysTestCase):
    """The same with the keys of a service, and its database."""

    def setUp(self):
        super().setUp()
        self.now = control_keys.time.monotonic()
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.peers.control_keys.time.monotonic', lambda: self.now
            )
        )
        self.key = instance_keys.create(self.conf, self.instance_id)
        self.queries = 0
        sa.event.listen(session.engine(), 'before_cursor_execute', self.count)
        self.addCleanup(
            sa.event.remove,
            session.engine(),
            'before_cursor_execute',
            self.count,
        )

    def count(self, connection, cursor, statement, *_):
        self.queries += statement.startswith('SELECT')

    def ask(self, name, fresh=True):
        return list(self.held.opening('conductor', name, fresh=fresh))

    def test_names_of_nobody(self):
        for number in range(1000):
            self.assertEqual([], self.ask(f'nobody-{number}'))

        self.assertLess(self.queries, lookups.MAX_ABSENT + 5)
        # A guest that is there is opened, looked up before or not.
        self.assertEqual([self.key], self.ask(self.instance_id))

    def test_the_same_names_again_and_again(self):
        for _ in range(3):
            self.now += 2
            for number in range(700):
                self.ask(f'nobody-{number}')

        self.assertLess(self.queries, lookups.MAX_ABSENT + 15)

    def test_the_name_of_one_that_is_there(self):
        for _ in range(500):
            self.assertEqual([self.key], self.ask(self.instance_id))

        self.assertLessEqual(self.queries, lookups.MAX_AGAIN + 1)

    def test_a_new_key_is_known_however_many_name_the_instance(self):
        """Whoever names it has it looked up, once a second, for all."""
        for _ in range(500):
            self.ask(self.instance_id)
        new = instance_keys.begin_rotation(self.conf, self.instance_id)
        self.now += 1
        # The turn of this second goes to a stranger,
        self.ask(self.instance_id)
        queries = self.queries

        # and what he had looked up opens the messages of the guest.
        for _ in range(500):
            self.assertIn(new, self.ask(self.instance_id, fresh=False))
        self.assertEqual(queries, self.queries)

    def test_those_of_nobody_push_nobody_out(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.peers.control_keys._MAX_KNOWN', 5)
        )
        self.ask(self.instance_id)
        for number in range(100):
            self.ask(f'nobody-{number}', fresh=False)
        self.queries = 0

        self.ask(self.instance_id, fresh=False)

        self.assertEqual(0, self.queries)
