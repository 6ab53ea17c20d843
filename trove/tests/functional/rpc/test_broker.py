# SPDX-License-Identifier: Apache-2.0
"""Clients and servers on a real RabbitMQ that comes and goes."""

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import sample


class BrokerTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.broker = self.useFixture(rabbitmq.RabbitMQ())
        self.transport = rpc.Transport(
            self.conf,
            url=self.broker.url,
            discover={'guestagent': lambda peer: '1.10'},
        )
        self.addCleanup(self.transport.close)
        self.config(rpc_send_attempts=1)
        self.manager = sample.Manager()
        self.api = sample.API(self.transport, 'x', timeout=5)
        self.context = trove_context.TroveContext()

    def serve(self, **options):
        server = self.transport.server(
            self.manager, host='x', peer='x', **options
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server

    def test_a_broker_that_is_away_is_an_error_and_comes_back(self):
        # Given a broker that is away from the start,
        self.broker.stop()
        # when something is sent, then the sender is told.
        for send in self.api.paint, self.api.drop:
            error = self.assertRaises(
                exception.ServiceUnavailable, send, self.context, 'cup'
            )
            self.assertIn('The message broker is not reachable', str(error))

        # When it comes, then all works.
        self.broker.start()
        self.serve()
        self.assertEqual('door', self.api.paint(self.context, 'door')['what'])

        # When it dies in the middle, then the sender is told again,
        self.broker.kill()
        for send in self.api.paint, self.api.drop:
            self.assertRaises(
                exception.ServiceUnavailable, send, self.context, 'cup'
            )

        # and client and server find it when it is back.
        self.broker.start()
        waiting.until(
            lambda: self.api.paint(self.context, 'door'),
            'the server answers again',
            timeout=90,
            ignore=(exception.TroveError,),
        )

    def test_versions_and_errors_are_as_on_any_transport(self):
        self.serve(version='1.1')

        # It announced 1.10 and was rolled back to 1.1.
        reply = self.api.paint(self.context, 'door', reason='ugly')
        self.assertIsNone(reply['reason'])
        error = self.assertRaises(
            exception.PeerTooOld, self.api.polish, self.context
        )
        self.assertIn('sample server x', str(error))

    def test_a_cast_waits_in_the_queue_of_a_peer_not_yet_there(self):
        self.api.create_queue()
        self.api.drop(self.context, 'cup')
        self.assertEqual(1, self.broker.queues()['sample.x'])

        server = self.serve()

        waiting.until(
            lambda: self.manager.received, 'the message has arrived'
        )
        self.assertEqual([('drop', {'what': 'cup'})], self.manager.received)

        # When the peer is gone for good, then so are its queues.
        server.stop()
        server.wait()
        self.assertIn('sample.x.x', self.broker.queues())
        self.api.delete_queues()
        self.api.delete_queues()
        waiting.until(
            lambda: not {'sample.x', 'sample.x.x'} & set(self.broker.queues()),
            'the queues are gone',
        )
        self.assertNotIn('Could not remove', self.logs.output)

    def test_what_waits_for_a_peer_is_not_eaten(self):
        self.api.create_queue()
        for number in range(20):
            self.api.drop(self.context, str(number))

        # When its queue is made again, and it is asked what it speaks,
        self.api.create_queue()
        answer = self.transport.ask(
            'sample.x', None, '1.0', 'trove_rpc_probe', {}, timeout=1
        )

        # then nobody answers, and all of it is still there.
        self.assertIsNone(answer)
        self.serve()
        waiting.until(
            lambda: len(self.manager.received) == 20, 'all have arrived'
        )
        self.assertEqual(
            sorted(str(number) for number in range(20)),
            sorted(values['what'] for _, values in self.manager.received),
        )

    def test_a_peer_without_a_queue_is_told_of_at_once(self):
        for send in self.api.paint, self.api.drop:
            error = self.assertRaises(
                exception.PeerUnreachable, send, self.context, 'cup'
            )
            self.assertEqual(503, error.code)
            self.assertIn('sample server x cannot be reached', str(error))

        # When it comes, then nothing of it was sent.
        self.serve()
        self.assertEqual('door', self.api.paint(self.context, 'door')['what'])
        names = [name for name, _ in self.manager.received]
        self.assertEqual(['paint'], names)
