# SPDX-License-Identifier: Apache-2.0
"""Clients and servers on a real RabbitMQ of their own."""

from trove.common import context as trove_context
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import rabbitmq


class BrokerTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.broker = self.make_broker()
        self.context = trove_context.TroveContext()

    def make_broker(self):
        return self.useFixture(rabbitmq.VirtualHost())

    def connected(self, url=None):
        transport = rpc.Transport(
            self.conf,
            url=url or self.broker.url,
            discover={'guestagent': lambda peer: '1.10'},
        )
        self.addCleanup(transport.close)
        return transport

    def serve(self, transport, manager, **options):
        server = transport.server(manager, host='x', peer='x', **options)
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server
