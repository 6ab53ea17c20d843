# SPDX-License-Identifier: Apache-2.0
"""How clients and servers wait for what a real RabbitMQ has for them."""

import importlib
import pathlib
import threading

import amqp
import fixtures
import futurist
import oslo_messaging

from trove.common import rpc
from trove.tests.fixtures import certificates
from trove.tests.fixtures import relay
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import base
from trove.tests.unit.common.rpc import sample

#: Without a heartbeat meanwhile, which would end the wait.
_LONG = '?heartbeat_timeout_threshold=3600'


class ReadingTest(base.BrokerTestCase):
    messages = 100

    def setUp(self):
        super().setUp()
        self.manager = sample.Manager()

    def through(self, network, options=''):
        url = self.broker.url.replace(
            f':{self.broker.port}/', f':{network.port}/'
        )
        return self.connected(url + options)

    def received(self):
        return [values['what'] for _, values in self.manager.received]

    def test_a_channel_that_the_broker_closes_is_opened_again(self):
        acknowledge, wrong = amqp.Channel.basic_ack, [1000]

        def basic_ack(channel, delivery_tag, *args, **kwargs):
            # The broker knows no such message, and closes the channel.
            unknown = wrong.pop() if wrong else 0
            acknowledge(channel, delivery_tag + unknown, *args, **kwargs)

        self.useFixture(
            fixtures.MockPatchObject(amqp.Channel, 'basic_ack', basic_ack)
        )
        transport = self.connected()
        self.serve(transport, self.manager)
        api = sample.API(transport, 'x', timeout=30)

        api.paint(self.context, 'cup')
        api.paint(self.context, 'pot')

        self.assertEqual([], wrong)
        self.assertEqual(['cup', 'pot'], self.received())

    def test_who_waits_does_not_look_for_each_message(self):
        # Not above, for it imports oslo.service: see trove/common/service.py.
        impl_rabbit = importlib.import_module(
            'oslo_messaging._drivers.impl_rabbit'
        )
        consume, looks = impl_rabbit.Connection.consume, []

        def counted(*args, **kwargs):
            looks.append(1)
            return consume(*args, **kwargs)

        self.useFixture(
            fixtures.MockPatchObject(
                impl_rabbit.Connection, 'consume', counted
            )
        )
        transport = self.connected()
        self.serve(transport, self.manager)
        api = sample.API(transport, 'x', timeout=30)
        # Until it knows its way, it looks as oslo.messaging does.
        api.paint(self.context, 'cup')
        looks.clear()

        for number in range(self.messages):
            api.paint(self.context, str(number))

        self.assertEqual(self.messages + 1, len(self.manager.received))
        self.assertLess(len(looks), self.messages / 2)

    def given_notes(self):
        """A server of notes, which are renewed, and many for it."""
        transport = rpc.Transport(
            self.conf,
            url=self.broker.url,
            budget=rpc.Budget(lambda: 60, ('note',)),
        )
        self.addCleanup(transport.close)
        api = sample.API(self.connected(), 'x', timeout=30)
        api.create_queue()
        for number in range(self.messages):
            api.note(self.context, str(number))
        return transport, api

    def notes(self):
        return {
            values['name']
            for method, values in self.manager.received
            if method == 'note'
        }

    def test_what_is_renewed_by_itself_is_carried_out_together(self):
        submit, tasks = futurist.ThreadPoolExecutor.submit, []

        def counted(*args, **kwargs):
            tasks.append(1)
            return submit(*args, **kwargs)

        self.useFixture(
            fixtures.MockPatchObject(
                futurist.ThreadPoolExecutor, 'submit', counted
            )
        )
        transport, api = self.given_notes()

        self.serve(transport, self.manager)
        self.assertEqual('cup', api.paint(self.context, 'cup')['what'])

        waiting.until(
            lambda: len(self.notes()) == self.messages, 'all are there'
        )
        self.assertLess(len(tasks), self.messages / 2)

    def test_one_that_fails_takes_no_other_along(self):
        server = oslo_messaging.rpc.server.RPCServer
        process, failed = server._process_incoming, []

        def fail_once(self, incoming):
            if not failed:
                failed.append(incoming[0].message['args']['name'])
                raise ValueError('out of luck')
            process(self, incoming)

        self.useFixture(
            fixtures.MockPatchObject(server, '_process_incoming', fail_once)
        )
        transport, _ = self.given_notes()

        self.serve(transport, self.manager)

        waiting.until(
            lambda: len(self.notes()) == self.messages - 1,
            'all others are there',
        )
        self.assertNotIn(failed[0], self.notes())
        self.assertIn('out of luck', self.logs.output)

    def test_a_connection_that_breaks_unnoticed_is_made_anew(self):
        # Given a connection that is lost when a message is acknowledged,
        impl_rabbit = importlib.import_module(
            'oslo_messaging._drivers.impl_rabbit'
        )
        acknowledge, lost = impl_rabbit.RabbitMessage.acknowledge, []

        def lose(message):
            if not lost:
                lost.append(1)
                message._raw_message.channel.connection.collect()
                raise OSError('the network is gone')
            acknowledge(message)

        self.useFixture(
            fixtures.MockPatchObject(
                impl_rabbit.RabbitMessage, 'acknowledge', lose
            )
        )
        self.serve(self.connected(), self.manager)
        api = sample.API(self.connected(), 'x', timeout=30)

        # when it is sent, then the broker sends it again.
        self.assertEqual('door', api.paint(self.context, 'door')['what'])
        self.assertEqual([1], lost)

    def test_who_waits_is_stopped_at_once(self):
        # Given a client and a server that sleep until something comes,
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.rpc._broker.reader._IDLE', 3600.0
            )
        )
        transport = self.connected(self.broker.url + _LONG)
        server = self.serve(transport, self.manager)
        sample.API(transport, 'x', timeout=30).paint(self.context, 'cup')

        # when they are stopped, then they end.
        for stop in server.stop, server.wait, transport.close:
            thread = threading.Thread(target=stop, daemon=True)
            thread.start()
            waiting.until(
                lambda thread=thread: not thread.is_alive(),
                f'{stop.__qualname__} is done',
                # Sooner than the broker says anything by itself.
                timeout=15,
            )

    def test_a_message_does_not_wait_for_the_rest_of_the_next_one(self):
        # Given a server that would wait for that long, and a network that
        # passes on two messages at once and stops within the second,
        for name in 'MIN', 'MAX':
            self.useFixture(
                fixtures.MonkeyPatch(
                    'oslo_messaging._drivers.amqpdriver.'
                    f'ACK_REQUEUE_EVERY_SECONDS_{name}',
                    3600.0,
                )
            )
        gate = self.useFixture(relay.Relay(self.broker.port, mark=b'whole'))
        network = self.useFixture(relay.Relay(gate.port, mark=b'in pieces'))
        self.serve(self.through(network, _LONG), self.manager)
        # Before the server ends, which waits for all of it.
        self.addCleanup(network.release)
        api = sample.API(self.connected(), 'x', timeout=30)
        api.create_queue()

        # when they are sent, then the first is carried out,
        api.drop(self.context, 'whole')
        api.drop(self.context, 'cut in pieces')
        waiting.until(lambda: b'in pieces' in gate.held, 'both are there')
        gate.release()
        waiting.until(lambda: network.held, 'the network has stopped')
        waiting.until(lambda: self.received(), 'the first is there', 15)
        self.assertEqual(['whole'], self.received())

        # and the second when it is whole.
        network.release()
        waiting.until(lambda: self.received()[1:], 'the second has arrived')
        self.assertEqual('cut in pieces', self.received()[1])

    def test_what_came_in_one_piece_of_tls_is_read_to_its_end(self):
        # Given a server that speaks TLS, and a network that stops,
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        tls = certificates.write(directory)
        network = self.useFixture(
            relay.Relay(self.broker.port, mark=b'in pieces', tls=tls)
        )
        self.serve(
            self.through(network, f'?ssl=true&ssl_ca_file={tls[0]}'),
            self.manager,
        )
        api = sample.API(self.connected(), 'x', timeout=30)
        self.assertEqual('door', api.paint(self.context, 'door')['what'])

        # when all that has come meanwhile goes on at once,
        api.drop(self.context, 'cut in pieces')
        for number in range(10):
            api.drop(self.context, str(number))
        api.drop(self.context, 'last')
        waiting.until(
            lambda: b'last' in network.held, 'the broker has sent all'
        )
        network.release()

        # then the server reads all of it, before the broker says any more.
        waiting.until(
            lambda: len(self.received()) == 13, 'all have arrived', timeout=15
        )
