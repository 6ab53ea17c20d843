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
