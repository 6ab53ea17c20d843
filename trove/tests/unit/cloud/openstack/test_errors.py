# SPDX-License-Identifier: Apache-2.0
"""What users and operators read of the errors of a cloud."""

from __future__ import annotations

from trove.cloud.openstack import errors
from trove.tests import base
from trove.tests.unit.cloud.openstack import things


class ErrorsTest(base.TestCase):
    def test_each_has_the_words_of_the_cloud_and_a_remedy(self):
        for status, said, remedy in (
            (403, 'Quota exceeded for cores: Requested 1', 'Raise the quota'),
            (413, 'VolumeLimitExceeded: Maximum number of', 'Raise the quota'),
            (409, "Quota exceeded for resources: ['port']", 'Raise the quota'),
            (
                409,
                "Quota exceeded for resources: ['floatingip'].",
                'floating IPs of the project of the instance',
            ),
            (403, 'Policy does not allow this', 'roles'),
            (401, 'The request you have made requires', 'clocks'),
            (400, 'Can not find requested image', 'active image'),
            (400, 'Flavor 7 could not be found.', 'Nova lists'),
            (400, 'Port p requires a FixedIP in order', 'a subnet'),
            (409, 'No more IP addresses available on n', 'Enlarge'),
            (409, 'IP address 10.0.0.5 already allocated', 'another IP'),
            (404, 'Network n could not be found.', 'Neutron lists'),
            (404, 'External network n is not reachable from', 'a router'),
            (409, "Cannot 'reboot' while it is in task_state", 'idle'),
            (500, 'Unexpected API Error.', 'Check that the service runs'),
        ):
            with self.subTest(said):
                error = errors.convert('act', things.error(status, said))

                self.assertIn(said.rstrip('.'), str(error))
                self.assertIn(f'(HTTP {status})', str(error))
                self.assertIn(remedy, str(error))

    def test_the_fault_of_a_server_has_a_remedy_too(self):
        for said, remedy in (
            ('No valid host was found. ', 'Add compute hosts'),
            ('Binding failed for port p.', 'network agents'),
            ('ConnectFailure', 'services that Nova needs'),
            ('Unable to establish connection to h', 'that Nova needs run'),
            ('ServiceUnavailable', 'that Nova needs run'),
            ('Something else', 'Something else'),
        ):
            self.assertIn(remedy, errors.fault(said))
