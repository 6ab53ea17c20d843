# SPDX-License-Identifier: Apache-2.0

import uuid

from trove.cloud import base as cloud_base
from trove.tests.unit.api import base

NETWORK = str(uuid.uuid4())
SUBNET = str(uuid.uuid4())


class TestOffers(base.TestCase):
    """Given a cloud that knows its volume types and networks."""

    def setUp(self):
        super().setUp()
        self.cloud.volumes.types = lambda context: ['fast']
        self.cloud.network.networks = lambda context: [NETWORK]

    def test_what_the_cloud_has(self):
        body = self.order(
            volume={'size': 1, 'type': 'fast'}, nics=[{'net-id': NETWORK}]
        )

        response = self.post('/instances', body)

        self.assertEqual(200, response.status_code, response.text)

    def test_what_it_has_not(self):
        for changes, words in (
            ({'volume': {'size': 1, 'type': 'slow'}}, ('"slow"', '"fast"')),
            ({'nics': [{'net-id': SUBNET}]}, (SUBNET, NETWORK, 'net-id')),
            ({'nics': [{'network_id': SUBNET}]}, (SUBNET, 'network_id')),
        ):
            response = self.post('/instances', self.order(**changes))
            self.assert_refused(response, *words, 'leave')
        for nic in (
            {'network_id': NETWORK, 'subnet_id': SUBNET},
            {'subnet_id': SUBNET, 'ip_address': '10.0.0.7'},
        ):
            response = self.post('/instances', self.order(nics=[nic]))
            self.assert_fault(response, 501, 'notImplemented', 'subnet_id')
        self.assertEqual([], self.transport.sent)

    def test_two_names_of_the_same(self):
        nic = {'net-id': NETWORK, 'network_id': SUBNET}
        for changes in ({'nics': [nic]}, {'flavor': {'id': '2'}}):
            response = self.post('/instances', self.order(**changes))
            self.assert_refused(response, 'give one of them')

    def test_a_driver_that_says_nothing_has_none(self):
        self.assertEqual([], cloud_base.Volumes.types(None, None))
        self.assertEqual([], cloud_base.Network.networks(None, None))
