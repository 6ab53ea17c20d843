# SPDX-License-Identifier: Apache-2.0
"""The commands of trove-manage for broker accounts, on a real RabbitMQ."""

from __future__ import annotations

import configparser
import os

from trove.common import broker_accounts
from trove.db import models
from trove.db import session
from trove.tests.fixtures import rabbitmq
from trove.tests.unit.cmd import base

_ID = '5ef0e7dc-8a49-4ae1-b5b9-0c9a3a0a4a01'


class CommandsTest(base.ManageTestCase):
    broker: rabbitmq.VirtualHost

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = rabbitmq.VirtualHost()
        cls.broker.setUp()
        cls.addClassCleanup(cls.broker.cleanUp)

    def setUp(self):
        super().setUp()
        with open(self.file, 'a') as file:
            file.write(
                f'[DEFAULT]\ntransport_url = {self.broker.url}\n'
                '[guest_accounts]\n'
                f'management_url = {self.broker.management_url}\n'
            )
        self.path = os.path.join(os.path.dirname(self.file), 'guest.conf')
        self.synced()

    def given_instance(self):
        with session.writer() as db:
            db.add(models.Instance(id=_ID, name='shop', tenant_id='p'))

    def test_an_account_is_made_shown_and_deleted(self):
        self.given_instance()

        create = ('guest_account_create', _ID, '--file', self.path)
        self.assertEqual(0, self.run_manage(*create), self.error)

        parser = configparser.RawConfigParser()
        parser.read(self.path)
        made = parser.defaults()
        self.assertEqual('true', made['rpc_own_account'])
        self.assertIn(f'rabbit://trove-guest-{_ID}:', made['transport_url'])
        self.assertEqual(0o600, os.stat(self.path).st_mode & 0o777)
        password = made['transport_url'].split(':')[2].split('@')[0]
        self.assertNotIn(password, self.out)

        self.assertEqual(0, self.run_manage('guest_account_list'))
        self.assertEqual(f'{_ID}  of shop\n', self.out)

        self.assertEqual(0, self.run_manage('guest_account_delete', _ID))
        self.assertEqual(1, self.run_manage('guest_account_delete', _ID))
        self.assertIn('guest_account_list', self.error)

        # Of an instance that is gone the operator is told.
        self.config(transport_url=self.broker.url)
        self.config(
            management_url=self.broker.management_url, group='guest_accounts'
        )
        accounts = broker_accounts.Accounts(self.conf)
        accounts.create('gone', 'guestagent.gone')
        # The broker is that of other tests as well.
        self.addCleanup(accounts.delete, 'gone')
        self.run_manage('guest_account_list')
        self.assertEqual('gone  no such instance; delete the account\n',
                         self.out)

    def test_nothing_is_half_done(self):
        # No such instance: no file, and no account.
        create = ('guest_account_create', _ID, '--file', self.path)
        self.assertEqual(1, self.run_manage(*create))
        self.assertIn(_ID, self.error)
        self.assertFalse(os.path.exists(self.path))
        # No such broker: no file.
        self.given_instance()
        with open(self.file, 'a') as file:
            file.write('management_password = wrong\n')
        self.assertEqual(1, self.run_manage(*create))
        self.assertIn('[guest_accounts] management_user', self.error)
        self.assertFalse(os.path.exists(self.path))
        # A file that is there is left alone, and no account is made.
        with open(self.path, 'w') as file:
            file.write('mine')
        self.assertEqual(1, self.run_manage(*create))
        self.assertIn('exists', self.error)
