# SPDX-License-Identifier: Apache-2.0
"""What a receiver cannot take: nothing is run, and it is written down."""

from __future__ import annotations

import json
import time

import oslo_messaging

from trove.common import exception
from trove.common import rpc
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample

KEY = 'k' * 32


class RejectionTestCase(base.MessageTestCase):
    """An endpoint of the oldest revision, and whatever is sent to it."""

    KEYS: tuple[str, ...] = ()

    def setUp(self):
        super().setUp()
        self.rejected: list[rpc.Rejection] = []
        self.replays = None
        self.transport = self.make_transport()

    def make_transport(self):
        return self.memory_transport(
            discover={'guestagent': lambda peer: self.announced},
            keys=keys_fixture.Keys(None, *self.KEYS) if self.KEYS else None,
            rejected=self.rejected.append,
            replays=self,
        )

    # The store of replays.

    def first(self, scope, message_id, sent):
        if isinstance(self.replays, Exception):
            raise self.replays
        return True

    def bare(self, version='1.0'):
        return oslo_messaging.get_rpc_client(
            self.transport.connection.open(),
            oslo_messaging.Target(topic=f'sample.{self.id()}'),
        ).prepare(version=version)

    def expect(self, cause):
        """The one message that was rejected, for this cause."""
        waiting.until(lambda: self.rejected, 'the rejection is written down')
        (rejection,) = self.rejected
        self.assertEqual(cause, rejection.cause, rejection.reason)
        self.assertEqual([], self.manager.received)
        self.rejected.clear()
        return rejection


class HonestTest(RejectionTestCase):
    def setUp(self):
        super().setUp()
        self.serve(version='1.0')
        self.sender = {
            'request_id': 'req-1',
            'project_id': 'p',
            'user': 'u',
        }

    def test_a_cast_of_a_version_that_is_not_served(self):
        self.bare('1.2').cast(self.sender, 'drop', what='cup')

        found = self.expect('version')
        self.assertEqual(
            ('guestagent', self.id(), 'drop', '1.2', 'cast'),
            (
                found.interface,
                found.peer,
                found.method,
                found.version,
                found.kind,
            ),
        )
        self.assertEqual({'what': 'cup'}, found.arguments)
        self.assertEqual(
            ('req-1', 'p', 'u'),
            (found.request_id, found.project_id, found.user_id),
        )
        self.assertTrue(found.replayable)
        self.assertIn('this service supports 1.0', found.reason)
        self.assertIn('trove-rpc rejected replay', found.reason)

    def test_a_cast_of_a_method_that_is_not_served(self):
        self.bare().cast(self.sender, 'polish')
        self.assertTrue(self.expect('method').replayable)

    def test_a_cast_with_arguments_that_are_not_served(self):
        self.bare().cast(self.sender, 'drop', what='cup', size=1)

        found = self.expect('arguments')
        self.assertIn("unexpected keyword argument 'size'", found.reason)
        self.assertTrue(found.replayable)

    def test_a_call_is_answered_and_not_written_down(self):
        self.assertRaises(
            oslo_messaging.RemoteError, self.bare().call, {}, 'polish'
        )
        self.assertEqual([], self.rejected)

    def test_it_is_sent_again_after_the_upgrade(self):
        self.bare('1.1').cast(
            self.sender, 'note', name='n', password='secret'
        )
        found = self.expect('version')
        api = self.serve()

        api.resend(self.context, found.method, found.arguments)

        waiting.until(lambda: self.manager.received, 'it has arrived')
        self.assertEqual(
            [('note', {'name': 'n', 'password': 'secret'})],
            self.manager.received,
        )

    def test_what_this_release_cannot_say_is_not_sent_again(self):
        api = self.serve()
        for method, arguments, error in (
            ('sing', {}, exception.NotFound),
            ('drop', {'what': 'cup', 'size': 1}, exception.BadRequest),
        ):
            self.assertRaises(
                error, api.resend, self.context, method, arguments
            )

    def test_the_counts_name_no_stranger(self):
        self.bare().cast({}, 'x' * 200)
        self.expect('method')

        self.assertEqual(
            [('rejected', 'unknown', 'method')],
            [(e.outcome, e.method, e.cause) for e in self.events],
        )


class LoggedTest(RejectionTestCase):
    """Nobody writes down what is rejected, so the log has it."""

    def make_transport(self):
        return self.memory_transport()

    def test_the_method_of_a_stranger_forges_no_line(self):
        forged = 'drop\n2027-01-01 CRITICAL trove [-] all is lost \x1b[2J'
        self.serve(version='1.0')

        self.assertRaises(
            oslo_messaging.RemoteError, self.bare().call, {}, forged
        )
        self.bare().cast({}, forged)
        waiting.until(
            lambda: 'Rejected guestagent' in self.logs.output, 'it is refused'
        )

        self.assertIn('Refused the call of guestagent', self.logs.output)
        self.assertNotIn('\x1b', self.logs.output)
        self.assertNotIn('\n2027-01-01', self.logs.output)


class BrokenTest(RejectionTestCase):
    def setUp(self):
        super().setUp()
        self.api = self.serve()

    def test_what_has_not_the_form_of_a_message(self):
        for version in ('1.' + '9' * 50, 'x', '1.0.0'):
            with self.raw() as send:
                send({'method': 'drop', 'args': {}, 'version': version})
            self.assertFalse(self.expect('form').replayable)
        for message in (
            {'method': None, 'args': {}, 'version': '1.0'},
            {'method': ['drop'], 'args': {}, 'version': '1.0'},
            {'method': 'drop', 'args': [1], 'version': '1.0'},
            {'method': 'drop', 'args': {}, 'version': 1.0},
            {
                'method': 'drop',
                'args': {'what': 'x'},
                'version': '1.0',
                'namespace': 'n',
            },
        ):
            with self.raw() as send:
                send(message)
            self.expect('form')

    def test_a_message_that_is_too_large(self):
        self.config(rpc_max_message_bytes=65536)

        self.bare().cast({}, 'drop', what='x' * 65537)
        found = self.expect('size')
        self.assertEqual({}, found.arguments)

        self.bare().cast({}, 'drop', what=[{str(n): n} for n in range(9000)])
        self.expect('size')

    def test_what_looks_encrypted_where_nothing_is(self):
        self.bare().cast({}, 'drop', sealed='{}')
        self.expect('seal')
        self.bare().cast({'context': 'AAAA'}, 'drop', what='AAAA')
        self.expect('seal')

    def raw(self):
        driver = self.transport.connection.open()._driver
        target = oslo_messaging.Target(topic=f'sample.{self.id()}')

        class Raw:
            def __enter__(inner):
                return lambda message: driver.send(target, {}, message)

            def __exit__(inner, *exc_info):
                pass

        return Raw()


class SealedTest(RejectionTestCase):
    KEYS = (KEY,)

    def setUp(self):
        super().setUp()
        self.api = self.serve()

    def sealed(self, version='1.10', **changes):
        """A sealed ``drop``, as its client would send it."""
        request = self.transport.sealer.request(
            sample.API.interface,
            self.id(),
            'drop',
            version,
            {'what': 'cup'},
            self.context.to_dict(),
            authenticated=True,
        )
        said = json.loads(request.arguments['sealed']) | changes
        return {'sealed': json.dumps(said)}

    def test_a_call_is_sealed_both_ways(self):
        reply = self.api.paint(self.context, 'door', colour='red')

        self.assertEqual('red', reply['colour'])
        self.assertEqual(
            [('received', 'sealed'), ('sent', 'sealed')],
            [(e.outcome, e.form) for e in self.events],
        )

    def test_a_peer_that_knows_no_better_is_sent_the_released_form(self):
        self.announced = '1.2'
        self.transport.refresh()

        self.assertEqual('shines', self.api.polish(self.context))

        self.assertEqual('released', self.events[-1].form)

    def test_our_errors_come_back_sealed(self):
        error = self.assertRaises(
            exception.UserNotFound, self.api.fail, self.context, 'ours'
        )
        self.assertIn('jane', str(error))
        error = self.assertRaises(
            exception.PeerError, self.api.fail, self.context, 'python'
        )
        self.assertEqual('ValueError', error.remote_type)

    def test_a_copy_is_refused(self):
        message = self.sealed()
        self.bare('1.10').cast({}, 'drop', **message)
        waiting.until(lambda: self.manager.received, 'it has arrived')
        self.manager.received.clear()

        self.bare('1.10').cast({}, 'drop', **message)

        self.assertFalse(self.expect('replay').replayable)

    def test_the_store_of_the_service_counts_too(self):
        self.replays = exception.ServiceUnavailable(what='The database')
        self.bare('1.10').cast({}, 'drop', **self.sealed())

        found = self.expect('unread')
        self.assertTrue(found.replayable)
        self.assertEqual({'what': 'cup'}, found.arguments)

    def test_an_old_one_is_refused_but_can_be_sent_again(self):
        self.config(rpc_message_max_age=60)
        transport = self.transport
        request = self.past(transport)

        self.bare('1.10').cast({}, 'drop', **request)

        found = self.expect('age')
        self.assertTrue(found.replayable)
        self.assertIn('Check first whether it was carried out', found.reason)
        self.assertEqual({'what': 'cup'}, found.arguments)
        # A copy of it is no other message.
        self.bare('1.10').cast({}, 'drop', **request)
        self.assertEqual(found.id, self.expect('age').id)
        sealed = json.loads(request['sealed'])
        self.assertEqual(sealed['id'], found.id)

    def past(self, transport):
        now = time.time
        self.patch(time, 'time', lambda: now() - 61)
        try:
            return self.sealed()
        finally:
            self.patch(time, 'time', now)

    def test_what_was_sealed_for_something_else_is_refused(self):
        for version, method in (('1.10', 'note'), ('1.2', 'drop')):
            self.bare(version).cast({}, method, **self.sealed())
            self.expect('seal')
        self.bare('1.10').cast({}, 'drop', **self.sealed(id='0' * 32))
        self.expect('seal')

    def test_what_comes_in_the_clear_is_refused(self):
        self.bare().cast(self.context.to_dict(), 'drop', what='cup')
        self.expect('seal')
        # Not even a method that is not there is looked at.
        self.bare().cast(self.context.to_dict(), 'sing', what='cup')
        self.expect('seal')

    def test_what_is_not_served_is_opened_before_it_is_written_down(self):
        request = self.transport.sealer.request(
            sample.API.interface,
            self.id(),
            'sing',
            '1.11',
            {'song': 'la'},
            self.context.to_dict(),
            authenticated=True,
        )

        self.bare('1.11').cast({}, 'sing', **request.arguments)

        found = self.expect('version')
        self.assertEqual({'song': 'la'}, found.arguments)
        self.assertEqual(self.context.request_id, found.request_id)

    def patch(self, owner, name, value):
        setattr(owner, name, value)
