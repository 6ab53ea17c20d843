# SPDX-License-Identifier: Apache-2.0
"""How clients and servers wait for what a real RabbitMQ has for them."""

import importlib
import pathlib
import threading

import fixtures

from trove.common import context as trove_context
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import certificates
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import relay
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import sample


class ReadingTest(base.TestCase):
    messages = 100

    def setUp(self):
        super().setUp()
        self.broker = self.useFixture(rabbitmq.RabbitMQ())
        self.context = trove_context.TroveContext()
        self.manager = sample.Manager()

    def transport(self, url=None):
        transport = rpc.Transport(
            self.conf,
            url=url or self.broker.url,
            discover={'guestagent': lambda peer: '1.10'},
        )
        self.addCleanup(transport.close)
        return transport

    def through(self, network, options=''):
        url = self.broker.url.replace(
            f':{self.broker.port}/', f':{network.port}/{options}'
        )
        return self.transport(url)

    def serve(self, transport):
        server = transport.server(self.manager, host='x', peer='x')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server

    def received(self):
        return [values['what'] for _, values in self.manager.received]

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
        transport = self.transport()
        self.serve(transport)
        api = sample.API(transport, 'x', timeout=30)
        # Until it knows its way, it looks as oslo.messaging does.
        api.paint(self.context, 'cup')
        looks.clear()

        for number in range(self.messages):
            api.paint(self.context, str(number))

        self.assertEqual(self.messages + 1, len(self.manager.received))
        self.assertLess(len(looks), self.messages / 2)

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
        self.serve(self.transport())
        api = sample.API(self.transport(), 'x', timeout=30)

        # when it is sent, then the broker sends it again.
        self.assertEqual('door', api.paint(self.context, 'door')['what'])
        self.assertEqual([1], lost)

    def test_who_waits_is_stopped_at_once(self):
        # Given a client and a server that sleep until something comes,
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.rpc._reading._IDLE', 3600.0)
        )
        self.config(
            heartbeat_timeout_threshold=3600, group='oslo_messaging_rabbit'
        )
        transport = self.transport()
        server = self.serve(transport)
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
        # Given a server, and a network that stops within a message,
        network = self.useFixture(
            relay.Relay(self.broker.port, mark=b'in pieces')
        )
        self.serve(self.through(network))
        api = sample.API(self.transport(), 'x', timeout=30)
        api.paint(self.context, 'door')

        # when that is the second of two, then the first is carried out,
        api.drop(self.context, 'whole')
        api.drop(self.context, 'cut in pieces')
        waiting.until(lambda: network.held, 'the network has stopped')
        waiting.until(lambda: self.received()[1:], 'the first has arrived')
        self.assertEqual(['door', 'whole'], self.received())

        # and the second when it is whole.
        network.release()
        waiting.until(lambda: self.received()[2:], 'the second has arrived')
        self.assertEqual('cut in pieces', self.received()[2])

    def test_what_came_in_one_piece_of_tls_is_read_to_its_end(self):
        # Given a server that speaks TLS, and a network that stops,
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        tls = certificates.write(directory)
        network = self.useFixture(
            relay.Relay(self.broker.port, mark=b'in pieces', tls=tls)
        )
        self.serve(self.through(network, f'?ssl=true&ssl_ca_file={tls[0]}'))
        api = sample.API(self.transport(), 'x', timeout=30)
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
