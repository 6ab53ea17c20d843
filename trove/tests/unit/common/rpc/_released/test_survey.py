# SPDX-License-Identifier: Apache-2.0
"""Many peers are asked side by side, by the broker in memory.

The same with a real one is in functional/rpc/test_asking.py.
"""

from __future__ import annotations

import json
import threading
from unittest import mock

from trove.common.rpc._broker import questions
from trove.common.rpc._released import probe
from trove.common.rpc._released import survey
from trove.tests import base
from trove.tests.unit.common.rpc import sample
from trove.tests.unit.common.rpc._broker import lacking

INTERFACE = sample.API.interface


class AskingTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(probe_timeout=0.5)
        self.transport = self.memory_transport()
        self.there = self.memory_transport()

    def given(self, **peers):
        """A server for each, as of a revision; returns their names."""
        for peer, version in peers.items():
            server = self.there.server(
                sample.Manager(),
                host='x',
                peer=f'{self.id()}.{peer}',
                version=version,
            )
            server.start()
            self.addCleanup(server.wait)
            self.addCleanup(server.stop)

    def ask(self, *peers):
        asked = self.transport.ask_many(
            INTERFACE, (f'{self.id()}.{peer}' for peer in peers)
        )
        return [
            (peer.rpartition('.')[2], revision and revision.name)
            for peer, revision in asked
        ]

    def test_each_is_found_out_about(self):
        self.given(old='1.0', newer='1.1', newest='1.10')

        found = self.ask('old', 'newer', 'newest')

        self.assertEqual(
            {'old': '1.0', 'newer': '1.1', 'newest': '1.10'}, dict(found)
        )
        self.assertEqual(3, len(found))

    def test_nobody_waits_for_one_that_does_not_answer(self):
        self.given(one='1.1', other='1.1')

        found = self.ask('away', 'one', 'other')

        # The one that was asked first is the last to be known.
        self.assertEqual(('away', None), found[-1])
        self.assertEqual({('one', '1.1'), ('other', '1.1')}, set(found[:2]))

    def test_no_more_than_that_are_asked_at_once(self):
        self.config(probe_at_once=2, probe_timeout=0.1)
        taken, most = [], []

        def peers():
            for number in range(6):
                taken.append(number)
                most.append(len(taken) - len(found))
                yield f'{self.id()}.{number}'

        found = []
        for outcome in self.transport.ask_many(INTERFACE, peers()):
            found.append(outcome)

        self.assertEqual(6, len(found))
        self.assertLessEqual(max(most), 2)

    def test_an_answer_that_comes_too_late_counts(self):
        names = self.ask_with_a_late_one('away', 'gone')

        self.assertEqual(('slow', None), names[0])
        self.assertIn(('slow', '1.1'), names[1:])

    def test_a_late_answer_while_more_are_asked_than_are_to_be_then(self):
        away = [f'away{number}' for number in range(60)]
        self.config(probe_at_once=40)

        names = self.ask_with_a_late_one(*away)

        self.assertEqual({'slow', *away}, {name for name, _ in names})

    def ask_with_a_late_one(self, *others):
        self.config(probe_timeout=0.2)
        # Each is sent before the next is taken, and with it its timeout.
        self.patch(survey, '_BATCH', 1)
        began, go_on = threading.Event(), threading.Event()
        come = threading.Event()
        self.given(slow='1.1')

        def peers():
            yield f'{self.id()}.slow'
            # The others are waited for still when it answers.
            self.config(probe_timeout=3)
            for other in others:
                yield f'{self.id()}.{other}'

        asked = self.transport.ask_many(INTERFACE, peers())
        # Given that replies are not read for a while
        driver = self.transport.connection.open()._driver
        driver._get_reply_q()
        waiters = driver._waiter.waiters
        put = waiters.put

        def slowly(name, reply):
            if not began.is_set():
                began.set()
                go_on.wait(30)
            put(name, reply)
            come.set()

        waiters.put = slowly
        found = [next(asked)]
        go_on.set()
        self.assertTrue(come.wait(30))
        found += asked

        return [
            (peer.rpartition('.')[2], revision and revision.name)
            for peer, revision in found
        ]

    def test_who_stops_early_leaves_nothing_behind(self):
        self.given(one='1.1')
        asked = self.transport.ask_many(
            INTERFACE, (f'{self.id()}.{peer}' for peer in ('one', 'away'))
        )
        next(asked)

        asked.close()

        driver = self.transport.connection.open()._driver
        self.assertEqual({}, driver._waiter.waiters._queues)
        self.assertEqual([('one', '1.1')], self.ask('one'))

    def test_a_library_that_is_built_otherwise(self):
        self.given(one='1.1')
        connection = self.transport.connection
        self.assertTrue(questions.can_send(connection))

        with lacking.Lacking('survey'):
            self.assertFalse(questions.can_send(connection))
            self.assertEqual([('one', '1.1')], self.ask('one'))

    def test_a_driver_that_has_no_queue_for_replies(self):
        self.assertFalse(
            questions.can_send(
                mock.Mock(**{'open.return_value._driver': 1})
            )
        )


class AnswersTest(base.TestCase):
    """What anybody may put into the queue for replies."""

    def read(self, **failure):
        said = {'module': 'x', 'class': 'y', 'message': '', 'tb': []}
        return questions.read({'failure': json.dumps(said | failure)})

    def test_what_oslo_messaging_says(self):
        answer = self.read(
            module='oslo_messaging.rpc.dispatcher', **{'class': 'NoSuchMethod'}
        )
        self.assertEqual('NoSuchMethod', answer.type)

    def test_a_built_in_exception(self):
        answer = self.read(
            module='builtins',
            message="got an unexpected keyword argument 'a'",
            **{'class': 'TypeError'},
        )
        self.assertEqual('TypeError', answer.type)
        self.assertIn('unexpected keyword', answer.text)

    def test_nonsense_says_nothing(self):
        for reply in (
            {'failure': 'none'},
            {'failure': 7},
            {'failure': '[]'},
            {'failure': '{"class": [], "module": {}}'},
            {'failure': '{"class": "exit", "module": "builtins"}'},
            {},
            {'result': {'a': 1}},
        ):
            with self.subTest(reply):
                inquiry = probe.inquiry(INTERFACE, silent=True)
                next(inquiry)
                error = self.assertRaises(
                    StopIteration, inquiry.send, questions.read(reply)
                )
                self.assertIsNone(error.value)

    def test_of_a_long_one_not_all_is_looked_at(self):
        answer = self.read(message='x' * 100_000)

        self.assertLessEqual(len(answer.text), 4096)
