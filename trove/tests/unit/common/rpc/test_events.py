# SPDX-License-Identifier: Apache-2.0
"""What is counted of messages has few labels, whatever they say."""

from __future__ import annotations

from oslo_messaging._drivers import amqp

from trove.common import rpc
from trove.common.rpc import _endpoint
from trove.common.rpc import _events
from trove.common.rpc import _message
from trove.conductor import api
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base as rpc_base


class CountingTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.seen: list[rpc.Event] = []
        self.enterContext(rpc.observe(self.seen.append))
        interface = api.API.interface
        endpoint = _endpoint.Endpoint(
            interface,
            sample_calls.Recorder(interface, lambda message: None),
            interface.latest,
        )
        self.count = _events.counter([endpoint], None)

    def versions(self, *versions, form='sealed'):
        """The labels that these get."""
        self.seen.clear()
        for version in versions:
            self.count(
                'received',
                _message.Message(
                    'cast', method='heartbeat', version=version, form=form
                ),
            )
        return [each.version for each in self.seen]

    def test_a_newer_version_is_told_apart(self):
        self.assertEqual(['1.1', '1.7'], self.versions('1.1', '1.7'))

    def test_of_nobody_who_may_send_it_is_not(self):
        self.assertEqual(['unknown'], self.versions('1.7', form=''))

    def test_who_makes_versions_up_gets_few_labels(self):
        labels = self.versions(*(f'9.{number}' for number in range(90)))

        self.assertEqual(16 + 1, len(set(labels)))


class DroppedTest(rpc_base.MessageTestCase):
    """What oslo.messaging drops by itself is counted all the same."""

    def dropped(self):
        return [
            (each.interface, each.cause)
            for each in self.events
            if each.outcome == 'rejected'
        ]

    def test_a_message_that_comes_twice(self):
        api = self.serve()
        self.patch(
            amqp,
            '_add_unique_id',
            lambda message: message.update({amqp.UNIQUE_ID: 'the same'}),
        )

        for what in 'cup', 'pot':
            api.drop(self.context, what)

        # The second is dropped while the first is being carried out.
        waiting.until(self.dropped, 'it is counted')
        waiting.until(lambda: self.manager.received, 'the first is taken')
        self.assertEqual([('guestagent', 'duplicate')], self.dropped())
        self.assertEqual([('drop', {'what': 'cup'})], self.manager.received)

    def test_a_reply_that_nobody_waits_for(self):
        api = self.serve()
        api.scrape(self.context)
        driver = self.transport.connection.open()._driver

        driver._waiter.waiters.put('of nobody', {})

        self.assertEqual([('reply', 'unasked')], self.dropped())
