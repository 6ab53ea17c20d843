# SPDX-License-Identifier: Apache-2.0
"""Clients and endpoints of every pair of versions, over a transport."""

import threading

import oslo_messaging
from testtools import matchers

from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class LowestVersionTest(base.MessageTestCase):
    def test_what_the_oldest_version_says_is_sent_at_it(self):
        api = self.serve(version='1.0')

        reply = api.paint(self.context, 'door', times=2)

        self.assertEqual([('paint', '1.0')], self.sent())
        self.assertEqual(2, reply['times'])

    def test_a_later_argument_raises_the_version(self):
        api = self.serve()

        api.paint(self.context, 'door', colour='red')
        api.paint(self.context, 'door', colour='red', reason='ugly')

        self.assertEqual([('paint', '1.1'), ('paint', '1.2')], self.sent())

    def test_a_later_argument_at_its_default_is_not_sent(self):
        api = self.serve(version='1.0')

        api.paint(self.context, 'door', colour=None, reason=None)

        self.assertEqual([('paint', '1.0')], self.sent())

    def test_zero_is_no_false_and_is_sent(self):
        api = self.serve()

        reply = api.paint(self.context, 'door', times=0, colour=0, gently=0)

        # They are equal to False.
        for name in 'times', 'colour', 'gently':
            self.assertIs(int, type(reply[name]), name)
            self.assertEqual(0, reply[name])

    def test_what_says_no_is_sent(self):
        api = self.serve()

        reply = api.paint(self.context, '', times=False, colour='')

        self.assertEqual(
            ('', False, ''), (reply['what'], reply['times'], reply['colour'])
        )
        self.assertEqual([('paint', '1.1')], self.sent())

    def test_a_withdrawn_argument_is_sent_only_when_it_says_something(self):
        self.announced = '1.1'
        api = self.serve(version='1.1')

        self.assertFalse(api.paint(self.context, 'door')['forced'])
        self.assertTrue(api.paint(self.context, 'door', forced=True)['forced'])

        self.assertEqual([('paint', '1.0')] * 2, self.sent())

    def test_a_withdrawn_argument_is_refused_when_the_peer_has_it_no_more(
        self,
    ):
        error = self.assertRaises(
            exception.PeerTooNew,
            self.serve().paint,
            self.context,
            'door',
            forced=True,
        )

        self.assertIn('forced was removed after version 1.1', str(error))
        self.assertEqual([], self.manager.received)

    def test_open_fields_are_carried(self):
        api = self.serve()

        api.note(self.context, 'n', size=3, state='new')

        waiting.until(
            lambda: self.manager.received, 'the message has arrived'
        )
        self.assertEqual(
            [('note', {'name': 'n', 'size': 3, 'state': 'new'})],
            self.manager.received,
        )

    def test_arguments_that_do_not_fit_fail_before_anything_is_sent(self):
        api = self.serve()

        self.assertRaises(TypeError, api.paint, self.context)
        self.assertRaises(TypeError, api.paint, self.context, 'x', size=1)
        self.assertEqual([], self.events)


class ReleaseTest(base.MessageTestCase):
    """Of what comes in it is counted of which release the sender is."""

    def release(self, outcome='received'):
        (event,) = waiting.until(
            lambda: [e for e in self.events if e.outcome == outcome],
            'it is counted',
        )
        return event.release

    def when_sent_by(self, context, version='1.0'):
        self.transport.connection.client('').prepare(
            topic=f'sample.{self.id()}', version=version
        ).cast(context, 'drop', what='cup')

    def test_a_sender_of_ours_says_it(self):
        self.serve().paint(self.context, 'wall')

        self.assertEqual('fourth', self.release())

    def test_a_peer_that_may_be_of_a_release_is_not_told(self):
        self.announced = '1.2'

        self.serve().paint(self.context, 'wall')

        self.assertIsNone(self.release())

    def test_an_older_sender(self):
        self.serve()

        self.when_sent_by({'rpc_revision': '1.0/hasty'})

        self.assertEqual('hasty', self.release())

    def test_one_that_is_newer_or_says_nonsense(self):
        self.serve()
        for said in ('1.11', '', ['1.10'], {}, 5):
            self.events.clear()

            self.when_sent_by({'rpc_revision': said})

            self.assertEqual('unknown', self.release())

    def test_what_was_rejected(self):
        self.serve()

        self.when_sent_by({'rpc_revision': '1.1'}, version='1.99')

        self.assertEqual('third', self.release('rejected'))


class FailureTest(base.MessageTestCase):
    def test_our_errors_come_back_as_themselves_without_traceback(self):
        error = self.assertRaises(
            exception.UserNotFound, self.serve().fail, self.context, 'ours'
        )
        self.assertEqual(
            'User "jane" could not be found on the instance.', str(error)
        )

    def test_other_errors_come_back_as_peer_error_without_traceback(self):
        api = self.serve()
        for how, remote_type in (('python', 'ValueError'), ('x', 'Strange')):
            error = self.assertRaises(
                exception.PeerError, api.fail, self.context, how
            )
            self.assertEqual(remote_type, error.remote_type)
            self.assertNotIn('Traceback', str(error))

    def test_no_reply_is_a_timeout_that_names_the_peer(self):
        api = sample.API(self.transport, 'nobody', timeout=1)

        error = self.assertRaises(
            exception.PeerTimeout, api.paint, self.context, 'door'
        )

        self.assertIn('sample server nobody did not answer', str(error))


class EndpointTest(base.MessageTestCase):
    def bare(self, **target):
        return oslo_messaging.get_rpc_client(
            self.transport.connection.open(),
            oslo_messaging.Target(topic=f'sample.{self.id()}', **target),
        )

    def test_the_context_arrives(self):
        api = self.serve()

        api.paint(self.context, 'door')

        (context,) = self.manager.contexts
        self.assertEqual('a-project', context.project_id)
        self.assertEqual('a-user', context.user_id)
        self.assertEqual(['member'], context.roles)
        self.assertEqual(self.context.request_id, context.request_id)

    def test_the_project_is_read_from_every_released_form(self):
        self.serve()
        for key in ('project_id', 'tenant', 'project'):
            self.bare(version='1.0').call({key: 'p1'}, 'paint', what='x')

        self.assertEqual(
            ['p1'] * 3, [c.project_id for c in self.manager.contexts]
        )

    def test_the_project_is_sent_in_every_released_form(self):
        values = self.context.to_dict()
        for key in ('project_id', 'tenant', 'project'):
            self.assertEqual('a-project', values[key])

    def test_only_declared_methods_can_be_called(self):
        self.serve()
        for name in ('not_declared', '_note', 'target', 'declared'):
            error = self.assertRaises(
                oslo_messaging.RemoteError,
                self.bare(version='1.0').call,
                {},
                name,
            )
            self.assertEqual('NoSuchMethod', error.exc_type)
        self.assertEqual([], self.manager.received)

    def test_arguments_that_are_not_declared_are_refused_unrun(self):
        self.serve(version='1.0')
        for arguments in (
            {'what': 'x', 'size': 1},
            {},
            {'what': 'x', 'colour': 'red'},
        ):
            error = self.assertRaises(
                oslo_messaging.RemoteError,
                self.bare(version='1.0').call,
                {},
                'paint',
                **arguments,
            )
            self.assertEqual('ArgumentsRefused', error.exc_type)
        self.assertEqual([], self.manager.received)

    def test_it_takes_the_form_of_every_version_it_speaks(self):
        self.serve(version='1.1')

        self.bare(version='1.0').call({}, 'paint', what='x', forced=True)
        self.bare(version='1.0').call({}, 'paint', what='x', gently=True)
        self.bare(version='1.1').call({}, 'paint', what='x', colour='red')

        self.assertEqual(3, len(self.manager.received))

    def test_an_endpoint_that_breaks_its_contract_does_not_start(self):
        class Broken(sample.Manager):
            polish = None

            def drop(self, context, what, where=None):
                """More than declared."""

            def fail(self, context, how='ours'):
                """A default that is not declared."""

        error = self.assertRaises(
            exception.ContractError, self.serve, manager=Broken()
        )

        self.assertThat(
            str(error),
            matchers.MatchesAll(
                matchers.Contains('polish is declared, but not served'),
                matchers.Contains(
                    'drop is declared as (what), but served as '
                    '(what, where=None)'
                ),
                matchers.Contains("fail is declared as (how), but served as"),
            ),
        )

    def test_a_cast_to_a_peer_that_is_not_there_yet_waits_for_it(self):
        api = sample.API(self.transport, self.id())
        api.create_queue()
        api.drop(self.context, 'cup')

        self.serve()

        waiting.until(
            lambda: self.manager.received, 'the message has arrived'
        )
        self.assertEqual([('drop', {'what': 'cup'})], self.manager.received)

    def test_stop_finishes_what_has_begun(self):
        begun, go_on = threading.Event(), threading.Event()
        finished = []

        class Slow(sample.Manager):
            def drop(self, context, what):
                begun.set()
                go_on.wait(30)
                finished.append(what)

        server = self.transport.server(Slow(), host='h', peer=self.id())
        server.start()
        sample.API(self.transport, self.id()).drop(self.context, 'cup')
        begun.wait(30)

        server.stop()
        self.assertEqual([], finished)
        go_on.set()
        server.wait()

        self.assertEqual(['cup'], finished)
