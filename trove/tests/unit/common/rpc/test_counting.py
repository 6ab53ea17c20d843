# SPDX-License-Identifier: Apache-2.0
"""What is counted of messages has few labels, whatever they say."""

from __future__ import annotations

from trove.common import rpc
from trove.common.rpc import _counting
from trove.common.rpc import _incoming
from trove.common.rpc import _server
from trove.conductor import api
from trove.rehearsal import messages
from trove.tests import base


class CountingTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.seen: list[rpc.Event] = []
        self.enterContext(rpc.observe(self.seen.append))
        interface = api.API.interface
        endpoint = _server.Endpoint(
            interface,
            messages.Recorder(interface, lambda message: None),
            interface.latest,
        )
        self.count = _counting.counter([endpoint], None)

    def versions(self, *versions, form='sealed'):
        """The labels that these get."""
        self.seen.clear()
        for version in versions:
            self.count(
                'received',
                _incoming.Message(
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
