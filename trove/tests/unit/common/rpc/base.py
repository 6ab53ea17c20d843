# SPDX-License-Identifier: Apache-2.0
from trove.common import context as trove_context
from trove.common import rpc
from trove.tests import base
from trove.tests.unit.common.rpc import sample


class MessageTestCase(base.TestCase):
    """A client, an endpoint, and what the peer has announced."""

    def setUp(self):
        super().setUp()
        self.announced = '1.10'
        self.events = []
        observed = rpc.observe(self.events.append)
        observed.__enter__()
        self.addCleanup(observed.__exit__, None, None, None)
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.announced}
        )
        self.context = trove_context.TroveContext(
            project_id='a-project', user_id='a-user', roles=['member']
        )
        self.manager = sample.Manager()

    def serve(self, version=None, manager=None):
        # A topic of its own, for the broker in memory outlives a test.
        peer = self.id()
        server = self.transport.server(
            manager or self.manager, host='here', peer=peer, version=version
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return sample.API(self.transport, peer)

    def sent(self):
        return [
            (event.method, event.version)
            for event in self.events
            if event.outcome == 'sent'
        ]
