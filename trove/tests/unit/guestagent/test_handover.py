# SPDX-License-Identifier: Apache-2.0
"""What could not be taken, reported to conductors old and new."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import fixtures

from trove.common import exception
from trove.common import rpc
from trove.guestagent import guest_keys
from trove.guestagent import guest_transport
from trove.guestagent import handover as handovers
from trove.guestagent import rejections
from trove.tests import base
from trove.tests.fixtures import conductors
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import test_rejections

SECRET = test_rejections.SECRET


class HandOverTestCase(base.TestCase):
    #: Whether messages are encrypted.
    sealed = True

    def setUp(self) -> None:
        super().setUp()
        self.state_dir = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(
            guest_id='a-guest',
            tenant_id='a-project',
            # The broker in memory outlives a test
            conductor_queue=self.id(),
            instance_rpc_encr_key='k' * 32,
            enable_secure_rpc_messaging=self.sealed,
            probe_timeout=1,
        )
        self.config(group='guestagent', state_dir=str(self.state_dir))
        self.config(group='upgrade_levels', refresh_interval=1)
        self.shared = self.memory_transport()
        self.conductor = conductors.Conductor()
        self.messages = self.agent()

    def agent(self) -> guest_transport.GuestTransport:
        made = guest_transport.GuestTransport(
            self.conf, self.shared, guest_keys.make(self.conf), self.state_dir
        )
        self.addCleanup(made.stop)
        return made

    @property
    def sink(self) -> rejections.Rejections:
        return self.handover._store

    @property
    def handover(self) -> handovers.HandOver:
        return self.messages._handover

    def serve(
        self, version: str | None = None, budget: rpc.Budget | None = None
    ) -> Any:
        """Start one, as of a release."""
        keys_ = keys_fixture.Keys(None, 'k' * 32) if self.sealed else None
        transport = rpc.Transport(
            self.conf,
            keys=keys_,
            budget=budget,
            connection=self.shared.connection,
        )
        server = transport.server(
            self.conductor, host='conductor', version=version
        )
        server.start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server: Any) -> None:
        server.stop()
        server.wait()

    def kept(self) -> int:
        return len(list((self.state_dir / 'rejected').glob('*.json')))


class NewConductorsTest(HandOverTestCase):
    def test_all_of_it_goes_there_and_is_gone_here(self) -> None:
        # Given
        self.serve()
        given = test_rejections.rejection(user_id='joe')
        self.sink(given)
        # When
        self.handover.round()
        # Then
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        (said,) = self.conductor.rejected
        self.assertEqual(
            {'count': 1, 'masked': False, 'told': False},
            {name: said.pop(name) for name in ('count', 'masked', 'told')},
        )
        self.assertEqual(given, rpc.Rejection.from_dict(said))
        self.assertEqual(0, self.kept())
        (context,) = self.conductor.contexts
        self.assertEqual('a-guest', context.sender)
        self.assertEqual('a-project', context.project_id)
        self.assertEqual('joe', context.user_id)
        self.assertEqual('req-1', context.request_id)
        self.assertFalse(context.is_admin)
        self.assertEqual([], self.conductor.failures)

    def test_it_is_kept_until_they_have_written_it_down(self) -> None:
        # Given conductors whose database is away
        self.conductor.away = exception.ServiceUnavailable(
            what='The database'
        )
        self.serve()
        self.sink(test_rejections.rejection())
        # When
        self.handover.round()
        # Then
        self.assertEqual(1, self.kept())
        self.assertIn('Could not report', self.logs.output)
        # When it is back
        self.conductor.away = None
        self.handover.round()
        # Then
        self.assertEqual(1, len(self.conductor.rejected))
        self.assertEqual(0, self.kept())

    def test_it_is_kept_while_the_guest_has_said_too_much(self) -> None:
        # Given conductors that take nine reports of a guest within a minute
        now = 0.0
        asked = ('get_versions',)
        self.serve(budget=rpc.Budget(lambda: 12, asked, lambda: now))
        for _ in range(12):
            self.sink(test_rejections.rejection())
        # When
        self.handover.round()
        # Then it stops at the first that is refused, and keeps the others.
        self.assertEqual(9, len(self.conductor.rejected))
        self.assertEqual(3, self.kept())
        self.assertIn('Could not report', self.logs.output)
        self.assertIn('guest_reports_per_minute', self.logs.output)
        # When there is room
        now += 60
        self.handover.round()
        # Then
        self.assertEqual(12, len(self.conductor.rejected))
        self.assertEqual(0, self.kept())

    def test_how_often_it_came_is_said(self) -> None:
        self.serve()
        for _ in range(7):
            self.sink(test_rejections.hostile())
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        self.assertEqual(7, self.conductor.rejected[0]['count'])

    def test_a_new_one_does_not_wait(self) -> None:
        self.serve()
        self.messages.start()
        waiting.until(self.messages.conductors.speaks, 'they were asked')
        self.sink(test_rejections.rejection())
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        waiting.until(lambda: not self.kept(), 'it is gone here')


class ClearTest(HandOverTestCase):
    sealed = False

    def test_no_secret_goes_over_the_wire(self) -> None:
        self.serve()
        self.sink(test_rejections.rejection())
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        (said,) = self.conductor.rejected
        self.assertTrue(said['masked'])
        self.assertNotIn(SECRET, str(said))
        self.assertEqual(0, self.kept())


class OldConductorsTest(HandOverTestCase):
    def test_a_fault_once_and_the_rest_after_their_upgrade(self) -> None:
        # Given
        old = self.serve('1.0/stein')
        self.sink(test_rejections.rejection())
        # When
        for _ in range(3):
            self.handover.round()
        # Then
        waiting.until(lambda: self.conductor.failures, 'it is a fault')
        said, message, lines = self.conductor.failures[0]
        self.assertEqual('a-guest', said['instance_id'])
        self.assertIn("rejected 'polish'", message)
        self.assertIn('Upgrade the guest agent', message)
        self.assertIn('version 1.9', ''.join(lines))
        self.assertNotIn(SECRET, message + ''.join(lines))
        self.assertEqual(1, self.kept())
        # When the agent is killed, and they are upgraded
        self.messages = self.agent()
        self.handover.round()
        self.end(old)
        self.serve()
        self.assertTrue(self.messages.conductors.look())
        self.handover.round()
        # Then
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        self.assertTrue(self.conductor.rejected[0]['told'])
        self.assertFalse(self.conductor.rejected[0]['masked'])
        self.assertEqual(1, len(self.conductor.failures))
        self.assertEqual(0, self.kept())

    def test_ours_that_are_rolled_back_do_not_swallow_it(self) -> None:
        # Given conductors that were found to take it, and an operator who has
        # permitted what they say afterwards
        self.conductor.held = True
        new = self.serve()
        self.messages.conductors.look()
        # When older ones have taken their place, unnoticed so far
        self.end(new)
        self.serve('1.0')
        self.sink(test_rejections.rejection())
        self.handover.round()
        # Then
        waiting.until(lambda: self.conductor.failures, 'it is a fault')
        self.assertEqual(1, self.kept())

    def test_without_an_operators_word_it_stays_here(self) -> None:
        # Given conductors that were found to take it
        new = self.serve()
        self.messages.conductors.look()
        # When somebody in their place says that he does not know it
        self.end(new)
        old = self.serve('1.0')
        self.sink(test_rejections.rejection())
        for _ in range(3):
            self.handover.round()
        # Then nothing is told him
        self.assertEqual([], self.conductor.failures)
        self.assertEqual('1.1', self.messages.conductors.speaks())
        # When they are back
        self.end(old)
        self.serve()
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'it is reported')

    def test_nothing_is_asked_while_no_more_can_be_done(self) -> None:
        self.serve('1.0')
        self.sink(test_rejections.rejection())
        self.handover.round()
        self.messages.conductors.look = self.fail
        self.handover.round()


class SilenceTest(HandOverTestCase):
    def test_without_an_answer_it_is_kept(self) -> None:
        self.sink(test_rejections.rejection())
        self.handover.round()
        self.assertEqual(1, self.kept())
        self.serve()
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'it is reported')
        self.assertEqual(0, self.kept())

    def test_what_waited_for_long_is_told_in_any_words(self) -> None:
        # Given conductors that take messages, but do not answer
        self.serve()
        self.messages.conductors.look = lambda: False
        self.sink(test_rejections.rejection(time=time.time() - 61))
        self.sink(test_rejections.rejection())
        # When
        self.handover.round()
        # Then
        waiting.until(lambda: self.conductor.failures, 'it is a fault')
        self.assertEqual(2, self.kept())
        self.assertEqual(
            [True, False], [kept.told for kept in self.sink.waiting()]
        )

    def test_an_error_is_said_once_and_nothing_is_lost(self) -> None:
        self.serve()
        api = self.handover._conductor
        self.sink(test_rejections.rejection())

        def away(*args, **kwargs):
            raise exception.ServiceUnavailable(what='The message broker')

        api.report_rejected = away
        for _ in range(3):
            self.handover.round()
        self.assertEqual(1, self.kept())
        self.assertEqual(1, self.logs.output.count('Could not report'))
        del api.report_rejected
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'it is reported')

    def test_one_that_cannot_be_sent_holds_no_other_up(self) -> None:
        self.serve()
        report = self.handover._conductor.report_rejected

        def odd(context: Any, **arguments: Any) -> None:
            if arguments['rejection']['method'] == 'odd':
                raise ValueError('not this one')
            report(context, **arguments)

        self.handover._conductor.report_rejected = odd
        for name in ('odd', 'even'):
            self.sink(test_rejections.rejection(method=name))
        self.handover.round()
        waiting.until(lambda: self.conductor.rejected, 'one is reported')
        self.assertEqual('even', self.conductor.rejected[0]['method'])
        self.assertEqual(1, self.kept())
