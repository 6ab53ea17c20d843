# SPDX-License-Identifier: Apache-2.0
"""Clients and endpoints of all revisions on a real RabbitMQ.

Here it is a spread of what each pair can say, which together is all of it;
the unit tests send everything between every pair, without a broker.
"""

from __future__ import annotations

from concurrent import futures
import itertools
import queue

import testscenarios

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import contracts
from trove.tests.fixtures import rabbitmq

load_tests = testscenarios.load_tests_apply_scenarios

QUEUES = {
    'conductor': 'conductor_queue',
    'taskmanager': 'taskmanager_queue',
}

#: Each pair sends one of so many of the orders, the next pair the next.
SPREAD = 11

#: Seconds, for a broken test: a message is there in milliseconds.
PATIENCE = 180


class ContractsTest(base.TestCase):
    """A server for each revision, on a topic of its own."""

    scenarios = testscenarios.multiply_scenarios(
        [
            ('in the clear', {'keys': None}),
            ('encrypted', {'keys': sample_calls.OneKey()}),
        ],
    )

    def setUp(self):
        super().setUp()
        self.broker = self.useFixture(rabbitmq.VirtualHost())
        self.context = trove_context.TroveContext(project_id='a project')
        self.done = queue.SimpleQueue()
        self.rejected = queue.SimpleQueue()
        self.believed = None
        self.transport = rpc.Transport(
            self.conf,
            url=self.broker.url,
            discover=dict.fromkeys(
                versions.CLIENTS, lambda peer: self.believed
            ),
            keys=self.keys,
            rejected=self.rejected.put,
        )
        self.addCleanup(self.transport.close)
        self.apis = {}
        self.servers = []
        self.addCleanup(self.stop)

    def stop(self):
        def stop(server):
            server.stop()
            server.wait()

        # Each takes a second to notice.
        with futures.ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(stop, self.servers))

    def serve(self, client):
        """Start the servers; their clients are in ``apis``, by revision."""
        interface = client.interface
        recorder = sample_calls.Recorder(interface, self.done.put)
        for number, revision in enumerate(interface.history):
            peer = sample_calls.OneKey.identity
            if interface.name in QUEUES:
                self.config(
                    **{QUEUES[interface.name]: f'{interface.name}-{number}'}
                )
            else:
                peer = f'guest-{number}'
            server = self.transport.server(
                recorder, host='here', peer=peer, version=revision.name
            )
            server.start()
            self.servers.append(server)
            self.apis[revision.name] = client(
                self.transport, peer, timeout=PATIENCE
            )

    def connect(self, interface, pin, believed):
        self.config(**{interface.name: pin}, group='upgrade_levels')
        self.believed = believed
        self.transport.refresh()

    def orders(self, interface):
        return [
            (method, values)
            for method in interface.methods.values()
            for values in sample_calls.orders(method)
        ]

    def check(self, api, place, method, values, outcome):
        send = getattr(api, method.name)
        if outcome.refused:
            self.assertRaises(
                exception.PeerTooOld, send, self.context, **values
            )
            self.assertTrue(self.done.empty(), place)
            return
        send(self.context, **values)
        name, arguments = self.done.get(timeout=PATIENCE)
        said = {
            name: value
            for name, value in values.items()
            if name not in outcome.left_out
        }
        self.assertEqual(method.name, name, place)
        self.assertEqual(
            sample_calls.meaning(method, said),
            sample_calls.meaning(method, arguments),
            place,
        )

    def test_pairs_of_revisions(self):
        for client in versions.CLIENTS.values():
            interface = client.interface
            oracle = contracts.Oracle(interface)
            orders = self.orders(interface)
            self.serve(client)
            pairs = itertools.product(self.apis, repeat=2)
            for number, (pin, endpoint) in enumerate(pairs):
                self.connect(interface, pin, endpoint)
                for method, values in orders[number % SPREAD :: SPREAD]:
                    self.check(
                        self.apis[endpoint],
                        (pin, endpoint, method.name, values),
                        method,
                        values,
                        oracle.outcome(method, values, pin, endpoint),
                    )
            self.apis.clear()
        self.assertTrue(self.done.empty())
        self.assertTrue(self.rejected.empty())

    def test_what_a_peer_was_wrongly_believed_to_take_is_not_lost(self):
        client = guest_api.API
        self.serve(client)
        floor, latest = client.interface.floor, client.interface.latest
        oracle = contracts.Oracle(client.interface)
        told = kept = 0
        for method, values in self.orders(client.interface):
            if oracle.takes(method, values, floor.name):
                continue
            self.connect(client.interface, 'auto', latest.name)
            try:
                getattr(self.apis[floor.name], method.name)(
                    self.context, **values
                )
            except exception.PeerTooOld as error:
                self.assertEqual('call', method.kind)
                self.assertIn('Upgrade the guest agent', str(error))
                told += 1
                continue
            if method.kind == 'call':
                # What it may do without was left out in the end.
                self.assertEqual(
                    method.name, self.done.get(timeout=PATIENCE)[0]
                )
                continue
            rejection = self.rejected.get(timeout=PATIENCE)
            self.assertEqual(method.name, rejection.method)
            self.assertEqual(
                sample_calls.meaning(method, values),
                sample_calls.meaning(method, rejection.arguments),
            )
            kept += 1
        self.assertTrue(told)
        self.assertTrue(kept)
        self.assertTrue(self.done.empty())
