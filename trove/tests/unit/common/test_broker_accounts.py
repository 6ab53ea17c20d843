# SPDX-License-Identifier: Apache-2.0

from trove.common import broker_accounts
from trove.common import exception
from trove.tests import base


class TestManagementUrl(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(transport_url='rabbit://trove:pw@h/')

    def test_one_that_makes_no_sense_is_not_shown(self):
        for url in (
            'http://admin:s3cret@controller:15672',
            'http://admin:s3/cret@controller:15672',
            'amqp://controller/s3cret',
            'http://controller:s3cret',
            'http://[s3cret',
            'http:///s3cret',
            's3cret',
        ):
            self.config(management_url=url, group='guest_accounts')
            for function in broker_accounts.exposed, broker_accounts.Accounts:
                error = self.assertRaises(
                    exception.ConfigurationError, function, self.conf
                )
                self.assertIn('[guest_accounts] management_url', str(error))
                self.assertIn('management_user', str(error))
                self.assertNotIn('cret', str(error))

    def test_one_that_makes_sense(self):
        for url in ('http://controller:15672/', 'https://[::1]:15671/rabbit'):
            self.config(management_url=url, group='guest_accounts')
            self.assertIsNone(broker_accounts.exposed(self.conf))
            broker_accounts.Accounts(self.conf)
