# SPDX-License-Identifier: Apache-2.0
"""The order in which messages arrive, and threads that are late."""

from __future__ import annotations

import fixtures

from trove.common.rpc import _dispatch
from trove.guestagent import turns
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class Orderly(sample.Manager):
    """Carries out its casts as they came, one after the other."""

    def __init__(self):
        super().__init__()
        self.turns = turns.Turns()

    def expect(self, method):
        return self.turns.place()

    def drop(self, context, what):
        with self.turns:
            super().drop(context, what)

    def note(self, context, name, **fields):
        with self.turns:
            super().note(context, name, **fields)


class ArrivalTest(base.MessageTestCase):
    def setUp(self):
        super().setUp()
        self.manager = Orderly()

    def given_late(self, method, until):
        """Given a thread that does not get on with a message at first."""
        dispatch = _dispatch.Dispatcher.dispatch

        def late(dispatcher, incoming):
            if incoming.message['method'] == method:
                waiting.until(until, 'the other thread is ahead')
            return dispatch(dispatcher, incoming)

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.rpc._dispatch.Dispatcher.dispatch', late
            )
        )

    def names(self):
        return [name for name, _ in self.manager.received]

    def test_what_came_first_is_done_first(self):
        self.given_late('drop', lambda: self.manager.turns._changed._waiters)
        api = self.serve()

        api.drop(self.context, 'cup')
        api.note(self.context, 'n', size=1)

        waiting.until(lambda: len(self.names()) == 2, 'both are done')
        self.assertEqual(['drop', 'note'], self.names())

    def test_what_is_refused_holds_up_nobody(self):
        api = self.serve()
        self.transport.connection.client('').prepare(
            topic=f'sample.{self.id()}', version='1.0'
        ).cast({}, 'drop', whom='cup')

        api.drop(self.context, 'cup')

        waiting.until(lambda: self.names() == ['drop'], 'it is done')

    def test_nor_does_it_while_that_is_answered(self):
        """To whom is gone, that takes up to a minute."""
        answered = []
        dispatch = _dispatch.Dispatcher.dispatch

        def then_answer(dispatcher, incoming):
            try:
                return dispatch(dispatcher, incoming)
            finally:
                if 'whom' in incoming.message['args']:
                    waiting.until(self.names, 'another one is done')
                    answered.append(self.names())

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.rpc._dispatch.Dispatcher.dispatch', then_answer
            )
        )
        api = self.serve()
        self.transport.connection.client('').prepare(
            topic=f'sample.{self.id()}', version='1.0'
        ).cast({}, 'drop', whom='cup')

        api.drop(self.context, 'cup')

        waiting.until(lambda: answered, 'it was answered')
        self.assertEqual([['drop']], answered)
