# SPDX-License-Identifier: Apache-2.0
"""Refused messages whose sender would rather not be noticed, and faults."""

from __future__ import annotations

import dataclasses

import oslo_messaging

from trove.common import exception
from trove.common import rpc
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import sample
from trove.tests.unit.common.rpc import test_rejections


class FailingKeys(keys_fixture.Keys):
    """Cannot be had while there is an error."""

    error: Exception | None = None

    def opening(self, interface, sender, fresh=False):
        if self.error is not None:
            raise self.error
        return super().opening(interface, sender, fresh)


class RefusingTestCase(test_rejections.RejectionTestCase):
    def setUp(self):
        super().setUp()
        self.api = self.serve()

    def make_transport(self):
        self.keys = FailingKeys(None, test_rejections.KEY)
        return self.memory_transport(
            discover={'guestagent': lambda peer: self.announced},
            keys=self.keys,
            rejected=lambda rejection: self.sink(rejection),
            replays=self,
        )

    def sink(self, rejection):
        self.rejected.append(rejection)

    def call(self, method, context=None, version='1.0', **arguments):
        """Call something that is refused; return the name of the error."""
        error = self.assertRaises(
            oslo_messaging.RemoteError,
            self.bare(version).call,
            context or {},
            method,
            **arguments,
        )
        return error.exc_type

    def sealed(self):
        return self.transport.sealer.request(
            sample.API.interface,
            self.id(),
            'drop',
            '1.10',
            {'what': 'cup'},
            self.context.to_dict(),
            True,
        ).arguments


class HiddenTest(RefusingTestCase):
    """A reply queue makes no probe of a message."""

    def test_a_forged_cast_that_is_sent_as_a_call_is_written_down(self):
        self.assertEqual('NotTaken', self.call('drop', sealed='{}'))

        self.assertEqual('call', self.expect('form').kind)
        (event,) = self.events
        self.assertEqual(('rejected', 'form'), (event.outcome, event.cause))

    def test_cleartext_with_the_argument_of_a_probe_is_written_down(self):
        self.bare().cast({}, 'drop', trove_rpc_probe='x')
        self.expect('seal')

    def test_a_probe_is_not(self):
        self.assertEqual('NoSuchMethod', self.call('trove_rpc_probe'))
        self.call('drop', trove_rpc_probe='x')

        self.assertEqual([], self.rejected)
        self.assertEqual([], self.events)

    def test_what_is_refused_like_a_probe_but_is_none_is_counted(self):
        self.assertEqual(
            'ArgumentsRefused', self.call('drop', what='x', size=1)
        )
        self.assertEqual(['rejected'], [e.outcome for e in self.events])


class LargeTest(RefusingTestCase):
    def test_of_a_forged_one_that_is_large_only_the_size_is_kept(self):
        self.bare().cast({}, 'drop', what=['x'] * 10_000)

        (size,) = self.expect('seal').arguments.values()

        self.assertGreater(size, 16_384)

    def test_of_any_forged_one_no_more_is_kept(self):
        """Nobody looks for secrets in it, which strangers make long."""
        self.bare().cast({}, 'drop', what='key="' * 10, instance_id='a')

        found = self.expect('seal').arguments

        self.assertEqual({'left out', 'instance_id'}, found.keys())

    def test_nested_too_deeply(self):
        nested = 0
        for _ in range(300):
            nested = {'x': nested}

        self.bare().cast({}, 'drop', what=nested)

        self.assertEqual({}, self.expect('form').arguments)


class FaultTest(RefusingTestCase):
    """Something of ours fails: what came may well be honest."""

    def test_the_keys_cannot_be_had(self):
        for error in (
            exception.ServiceUnavailable(what='The database'),
            RuntimeError('the database'),
        ):
            self.keys.error = error
            self.bare('1.10').cast({}, 'drop', **self.sealed())
            found = self.expect('unread')
            self.assertTrue(found.honest)
            self.assertTrue(found.replayable)
            self.assertIn('sealed', found.arguments)
            # Now they can: it is opened before it is sent again.
            self.keys.error = None
            opened = self.transport.opened(sample.API.interface, found)
            self.assertEqual({'what': 'cup'}, opened.arguments)
            self.assertEqual(self.context.request_id, opened.request_id)
            forged = dataclasses.replace(found, method='note')
            self.assertRaises(
                exception.BadRequest,
                self.transport.opened,
                sample.API.interface,
                forged,
            )

    def test_the_keys_cannot_be_had_for_one_of_the_released_form(self):
        self.keys.error = exception.ServiceUnavailable(what='The database')
        request = self.transport.sealer.request(
            sample.API.interface,
            self.id(),
            'drop',
            '1.0',
            {'what': 'cup'},
            self.context.to_dict(),
            False,
        )
        self.bare().cast(request.context, 'drop', **request.arguments)
        found = self.expect('unread')
        self.assertTrue(found.replayable)
        # Now they can
        self.keys.error = None
        opened = self.transport.opened(sample.API.interface, found)
        self.assertEqual({'what': 'cup'}, opened.arguments)
        self.assertEqual(self.context.request_id, opened.request_id)

    def test_what_does_not_open_later_either_says_why(self):
        self.keys.error = exception.ServiceUnavailable(what='The database')
        request = self.transport.sealer.request(
            sample.API.interface,
            self.id(),
            'drop',
            '1.0',
            {'what': 'cup'},
            self.context.to_dict(),
            False,
        )
        self.bare().cast(request.context, 'drop', **request.arguments)
        found = self.expect('unread')
        self.keys.error = None
        plain = self.memory_transport()
        for transport, minimum, words in (
            (plain, 'released', 'encryption is off here'),
            (self.transport, 'authenticated', 'not authenticate the sender'),
        ):
            self.config(rpc_seal_minimum=minimum)
            transport.refresh()
            error = self.assertRaises(
                exception.BadRequest,
                transport.opened,
                sample.API.interface,
                found,
            )
            self.assertIn(words, str(error))

    def test_what_a_guest_has_made_up_is_not_opened(self):
        found = rpc.Rejection(
            'guestagent',
            self.id(),
            None,
            'drop',
            '1.0',
            'cast',
            'unread',
            'it is so',
            {},
        )
        for made_up in 'x', {}, {'context': 'x'}, {'context': {'context': 1}}:
            self.assertRaises(
                exception.BadRequest,
                self.transport.opened,
                sample.API.interface,
                dataclasses.replace(found, arguments={'unopened': made_up}),
            )

    def test_the_store_of_copies_fails_in_its_own_way(self):
        self.replays = RuntimeError('the database')
        self.bare('1.10').cast({}, 'drop', **self.sealed())

        found = self.expect('unread')
        self.assertTrue(found.replayable)
        self.assertEqual({'what': 'cup'}, found.arguments)

    def test_a_sink_that_fails_tells_the_log(self):
        def sink(rejection):
            raise RuntimeError('no room')

        self.sink = sink

        self.assertEqual('NotTaken', self.call('drop', what='cup'))
        self.assertIn("drop' 1.0 of request", self.logs.output)


class ObserverTest(RefusingTestCase):
    def test_one_that_fails_takes_no_message_away(self):
        def broken(event):
            raise ValueError('no room')

        with rpc.observe(broken):
            for _ in range(2):
                self.api.drop(self.context, 'cup')
            waiting.until(
                lambda: len(self.manager.received) == 2, 'both arrived'
            )

        self.assertEqual(1, self.logs.output.count('metrics are wrong'))
        self.assertEqual([], self.rejected)


class UnsealedFailureTest(RefusingTestCase):
    """What a peer answers in the clear to a sealed message."""

    def answer(self, error):
        class Prepared:
            def call(self, *args, **kwargs):
                raise error

        connection = self.transport.connection
        connection.prepared = lambda *args: Prepared()
        connection.reach = lambda: None
        return self.assertRaises(
            exception.TroveError, self.api.polish, self.context
        )

    def test_anybody_may_have_sent_it(self):
        for error in (
            oslo_messaging.RemoteError('DatabaseNotFound', 'forged'),
            oslo_messaging.RemoteError('Strange', 'forged'),
            ValueError('forged'),
        ):
            found = self.answer(error)
            self.assertIsInstance(found, exception.SealError)
            self.assertNotIn('forged', str(found))

    def test_a_refusal_is_believed(self):
        found = self.answer(oslo_messaging.RemoteError('NotTaken', 'no'))
        self.assertIsInstance(found, exception.PeerError)
        found = self.answer(
            oslo_messaging.RemoteError('UnsupportedVersion', 'no')
        )
        self.assertIsInstance(found, exception.PeerTooOld)
