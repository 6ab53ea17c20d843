# SPDX-License-Identifier: Apache-2.0
"""Copies are refused, and use up nothing of whom they are copies of."""

from __future__ import annotations

import time

from testtools import matchers

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.fixtures import keys as fake_keys

CONDUCTOR = conductor_api.API.interface
KEY = 'k' * 32

#: Of each minute: a quarter for heartbeats, the rest for reports.
MOST = 40


class Store:
    """What all conductors remember together."""

    def __init__(self):
        self.known = set()
        self.asked = 0

    def first(self, scope, message_id, sent):
        self.asked += 1
        new = message_id not in self.known
        self.known.add(message_id)
        return new


class CopiesTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.store = Store()
        self.received = []
        self.rejected = []
        self.guest = rpc.Transport(
            self.conf, keys=fake_keys.Keys('i1', KEY)
        ).sealer
        self.conductor = self.given_conductor()

    def given_conductor(self):
        """A process that has taken nothing yet; returns how to reach it."""
        broker = brokers.Broker()
        transport = rpc.Transport(
            self.conf,
            keys=fake_keys.Keys(None, KEY),
            rejected=self.rejected.append,
            replays=self.store,
            budget=rpc.Budget(lambda: MOST, ('heartbeat',)),
            connection=broker.connection('conductor'),
        )
        server = transport.server(
            sample_calls.Recorder(CONDUCTOR, self.received.append), host='x'
        )
        server.start()
        return broker.connection('broker'), server.topic

    def sealed(self, method='report_root', **arguments):
        return method, self.guest.request(
            CONDUCTOR,
            None,
            method,
            '1.1',
            {'instance_id': 'i1', **arguments},
            {},
            True,
        )

    def send(self, sealed, to=None):
        connection, topic = to or self.conductor
        method, request = sealed
        connection.prepared('', topic, '1.1', None).cast(
            request.context, method, **request.arguments
        )

    def beat(self):
        return self.sealed('heartbeat', payload={})

    def causes(self):
        return {each.cause for each in self.rejected}

    def test_copies_of_what_was_taken(self):
        for sealed in self.sealed(), self.beat():
            self.received.clear()
            for _ in range(100):
                self.send(sealed)
            self.assertEqual(1, len(self.received))

        self.assertEqual({'replay'}, self.causes())
        # And: nobody has asked the database for them.
        self.assertEqual(1, self.store.asked)

    def test_the_guest_itself_is_heard_on(self):
        """Given 40 copies, its next report was refused for a minute."""
        sealed = self.sealed()
        for _ in range(10 * MOST):
            self.send(sealed)
        self.received.clear()

        self.send(self.sealed())
        self.send(self.beat())

        self.assertEqual(
            ['report_root', 'heartbeat'], [name for name, _ in self.received]
        )

    def test_copies_of_what_another_process_has_taken_before(self):
        now = time.time()
        self.patch(time, 'time', lambda: now - 90)
        old = [self.sealed() for _ in range(MOST)]
        old += [self.beat() for _ in range(MOST)]
        for sealed in old:
            self.send(sealed)
        self.patch(time, 'time', lambda: now)
        # Given a conductor that has just been started,
        other = self.given_conductor()
        # When all of that is sent to it once more,
        for sealed in old:
            self.send(sealed, other)
        self.received.clear()

        # Then what the guest sends now is taken.
        self.send(self.sealed(), other)
        self.send(self.beat(), other)

        self.assertEqual(
            ['report_root', 'heartbeat'], [name for name, _ in self.received]
        )

    def test_what_is_too_old_costs_a_budget_as_well(self):
        """Each is written down by itself, so the database is asked."""
        now = time.time()
        self.patch(time, 'time', lambda: now - 3 * 24 * 3600)
        old = [self.sealed() for _ in range(10 * MOST)]
        old += [self.beat()] * 100
        self.patch(time, 'time', lambda: now)
        for sealed in old:
            self.send(sealed)

        causes = [each.cause for each in self.rejected]
        self.assertThat(
            causes.count('age'), matchers.LessThan(MOST + 1), set(causes)
        )
        self.assertEqual([], self.received)

    def test_what_is_beyond_the_budget_makes_nothing_be_forgotten(self):
        """It is not remembered either, and may come when there is room."""
        reports = [self.sealed() for _ in range(MOST)]
        for sealed in reports:
            self.send(sealed)
        self.assertEqual({'limit'}, self.causes())
        refused = len(self.rejected)
        self.rejected.clear()

        for sealed in reports[-refused:]:
            self.send(sealed)

        self.assertNotIn('replay', self.causes())

    def test_that_it_is_a_copy_is_told_of_the_message(self):
        sealed = self.sealed()
        for _ in range(3):
            self.send(sealed)

        self.assertEqual(1, len({each.id for each in self.rejected}))
