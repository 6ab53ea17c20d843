# SPDX-License-Identifier: Apache-2.0
"""What comes from the message broker, checked before it is read."""

from __future__ import annotations

import collections
import json

import kombu
import kombu.compression

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.fixtures import wiretap
from trove.tests.unit.common.rpc import sample


class TestMemory(base.TestCase):
    """In one process it is the same."""

    def test_what_is_compressed_is_refused(self):
        rejected: list[rpc.Rejection] = []
        events: list[rpc.Event] = []
        self.enterContext(rpc.observe(events.append))
        manager = sample.Manager()
        transport = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: '1.10'},
            url='kombu+memory:///',
            rejected=rejected.append,
        )
        self.addCleanup(transport.close)
        server = transport.server(manager, host='x', peer='x')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        message = json.loads(
            wiretap.envelope({'method': 'drop', 'args': {'what': 'cup'}})
        )
        connection = kombu.Connection('memory://')
        self.addCleanup(connection.release)
        producer = kombu.Producer(connection.channel(), routing_key='sample.x')

        for name in kombu.compression.encoders():
            producer.publish(message, compression=name)
        producer.publish(message, serializer='yaml')
        sample.API(transport, 'x').drop(trove_context.TroveContext(), 'pot')

        waiting.until(lambda: manager.received, 'the good one has arrived')
        self.assertEqual([('drop', {'what': 'pot'})], manager.received)
        count = len(kombu.compression.encoders()) + 1
        self.assertEqual(['form'] * count, [r.cause for r in rejected])
        self.assertEqual(
            {'compressed': count - 1, 'type': 1},
            collections.Counter(e.cause for e in events if e.cause),
        )

    def test_compression_is_refused_at_start(self):
        transport = rpc.Transport(self.conf, url='kombu+memory:///')
        self.addCleanup(transport.close)
        transport.connection.open()
        transport.close()
        self.conf.set_override(
            'kombu_compression', 'gzip', group='oslo_messaging_rabbit'
        )
        self.addCleanup(
            self.conf.clear_override,
            'kombu_compression',
            group='oslo_messaging_rabbit',
        )

        error = self.assertRaises(
            exception.ConfigurationError, transport.connection.open
        )

        self.assertIn('kombu_compression', str(error))
