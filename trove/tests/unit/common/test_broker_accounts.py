# SPDX-License-Identifier: Apache-2.0

import fixtures
import requests

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


class TestAccounts(base.TestCase):
    """Given a broker that takes everything."""

    def setUp(self):
        super().setUp()
        self.config(transport_url='rabbit://trove:pw@h:5673/v')
        self.config(
            management_url='http://h:15672', group='guest_accounts'
        )
        answer = requests.Response()
        answer.status_code = 200
        answer._content = b'{}'
        self.useFixture(
            fixtures.MockPatchObject(
                requests, 'request', lambda *_, **__: answer
            )
        )
        self.accounts = broker_accounts.Accounts(self.conf)

    def test_a_guest_has_the_url_of_its_account(self):
        made = [self.accounts.create(each, 'topic') for each in ('i1', 'i2')]

        first, second = (account.url for account in made)
        self.assertRegex(first, r'^rabbit://trove-guest-i1:.+@h:5673/v$')
        self.assertRegex(second, r'^rabbit://trove-guest-i2:.+@h:5673/v$')

    def test_the_options_can_be_read_again_afterwards(self):
        self.accounts.create('i1', 'topic')

        self.assertEqual({}, self.conf.mutate_config_files())
