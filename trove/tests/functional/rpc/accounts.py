# SPDX-License-Identifier: Apache-2.0
"""Peers that talk to each other by broker accounts."""

from __future__ import annotations

import oslo_messaging

from trove.common import rpc
from trove.tests import base


class Conductor:
    """What stands at the conductors' topic."""

    target = oslo_messaging.Target(version='1.0')

    def __init__(self):
        self.heard = []

    def tell(self, context, what):
        self.heard.append(what)

    def ask(self, context, what):
        return f'{what}!'


class Guest:
    target = oslo_messaging.Target(version='1.0')

    def ask(self, context, what):
        return f'{what}?'


class AccountsTestCase(base.TestCase):
    def connected(self, url, own=None):
        transport = rpc.Transport(self.conf, url=url, own=own)
        self.addCleanup(transport.close)
        return transport

    def listen(self, transport, topic, endpoint):
        server = oslo_messaging.get_rpc_server(
            transport.connection.open(),
            oslo_messaging.Target(
                topic=topic, server=topic.partition('.')[2] or 'x'
            ),
            [endpoint],
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server

    def client(self, transport, topic, timeout=60):
        return transport.connection.prepared('x', topic, '1.0', timeout)
