# SPDX-License-Identifier: Apache-2.0
"""Clients and servers on a real RabbitMQ that comes and goes."""

import threading

from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import base
from trove.tests.unit.common.rpc import sample


class BrokerTest(base.BrokerTestCase):
    def setUp(self):
        super().setUp()
        self.transport = self.connected()
        self.config(rpc_send_attempts=1)
        self.manager = sample.Manager()
        self.api = sample.API(self.transport, 'x', timeout=30)

    def listen(self, **options):
        return self.serve(self.transport, self.manager, **options)

    def test_a_broker_that_is_away_is_an_error_and_comes_back(self):
        # Given a broker that is away from the start,
        self.broker.stop()
        # when something is sent, then the sender is told.
        for send in self.api.paint, self.api.drop:
            error = self.assertRaises(
                exception.ServiceUnavailable, send, self.context, 'cup'
            )
            self.assertIn('The message broker is unavailable', str(error))

        # When it comes, then all works.
        self.broker.start()
        self.listen()
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
        self.listen(version='1.1')

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

        server = self.listen()

        waiting.until(lambda: self.manager.received, 'the message has arrived')
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
        self.listen()
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
            self.assertIn('sample server x is unreachable', str(error))

        # When it comes, then nothing of it was sent.
        self.listen()
        self.assertEqual('door', self.api.paint(self.context, 'door')['what'])
        names = [name for name, _ in self.manager.received]
        self.assertEqual(['paint'], names)


class BacklogTest(base.BrokerTestCase):
    """What a server takes of the messages that wait for it."""

    #: The default of executor_thread_pool_size.
    threads = 64
    messages = 400
    #: What it takes besides, one every ten seconds.
    slack = 4

    def setUp(self):
        super().setUp()
        self.go_on = threading.Event()
        # Before the servers end, which waits for their threads.
        self.addCleanup(self.go_on.set)

    def connected(self, **options):
        query = ''.join(f'?{k}={v}' for k, v in options.items())
        return super().connected(self.broker.url + query)

    def serve(self, transport, manager):
        server = super().serve(transport, manager)
        self.addCleanup(self.go_on.set)
        return server

    def check_that_it_keeps(self, bound, **options):
        """Have a server get stuck; the rest must be left to another one."""
        stuck, free = Stuck(self.go_on), sample.Manager()
        api = sample.API(self.connected(), 'x')
        api.create_queue()
        for number in range(self.messages):
            api.drop(self.context, str(number))
        self.serve(self.connected(**options), stuck)
        waiting.until(
            lambda: len(stuck.begun) == self.threads, 'all threads are at it'
        )
        # When another one comes, then it gets what the first has not taken:
        # what its threads are at, as many again, and what is on its way.
        self.serve(self.connected(), free)
        kept = 2 * self.threads + bound
        waiting.until(
            lambda: len(free.received) >= self.messages - kept - self.slack,
            'the other one has done the rest',
        )
        # and that the first one has, it does when it can.
        self.go_on.set()
        waiting.until(
            lambda: len(stuck.received) + len(free.received) == self.messages,
            'all is done',
        )
        self.assertGreaterEqual(len(stuck.received), 2 * self.threads)
        self.assertEqual(
            {str(number) for number in range(self.messages)},
            {values['what'] for _, values in stuck.received + free.received},
        )

    def test_a_server_leaves_to_others_what_it_cannot_do(self):
        self.check_that_it_keeps(64)

    def test_the_operator_s_value_counts(self):
        self.check_that_it_keeps(5, rabbit_qos_prefetch_count=5)

    def test_a_server_that_is_stuck_can_be_stopped(self):
        stuck = Stuck(self.go_on)
        api = sample.API(self.connected(), 'x')
        api.create_queue()
        for number in range(self.messages):
            api.drop(self.context, str(number))
        server = self.connected().server(stuck, host='x', peer='x')
        server.start()
        waiting.until(
            lambda: len(stuck.begun) == self.threads, 'all threads are at it'
        )

        server.stop()
        self.go_on.set()
        server.wait()

        # What it has taken it does; the broker has the rest.
        free = sample.Manager()
        self.serve(self.connected(), free)
        waiting.until(
            lambda: len(stuck.received) + len(free.received) == self.messages,
            'all is done',
        )


class Stuck(sample.Manager):
    """Begins messages, and ends none until it may go on."""

    def __init__(self, go_on):
        super().__init__()
        self.begun = []
        self._go_on = go_on

    def drop(self, context, what):
        self.begun.append(what)
        self._go_on.wait()
        super().drop(context, what)
