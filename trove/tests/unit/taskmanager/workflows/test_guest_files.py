# SPDX-License-Identifier: Apache-2.0
"""What the server of a new instance gets to read."""

from __future__ import annotations

import pathlib
from unittest import mock

import fixtures
from oslo_config import cfg
import oslo_messaging

from trove import conf as trove_conf
from trove.common import broker_accounts
from trove.common import exception
from trove.common import rpc
from trove.conf import rabbit
from trove.taskmanager.workflows import guest_files
from trove.tests import base

KEY = 'K' * 32


class GuestFilesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.instance = mock.Mock(id='i1', tenant_id='p$1')

    def read(self, key: str | None = None) -> cfg.ConfigOpts:
        """The options as the guest agent sees them."""
        return self.parsed(
            guest_files.make(
                self.conf, self.instance, 'postgresql', key, None, '18.6'
            )
        )

    def parsed(self, files: dict[str, str]) -> cfg.ConfigOpts:
        arguments = []
        for name, text in files.items():
            (self.directory / name).write_text(text)
            arguments += ['--config-file', str(self.directory / name)]
        conf = cfg.ConfigOpts()
        trove_conf.register_opts(conf)
        conf(arguments, project='trove')
        return conf

    def test_who_it_is(self) -> None:
        conf = self.read()

        self.assertEqual('i1', conf.guest_id)
        self.assertEqual('p$1', conf.tenant_id)
        self.assertEqual('postgresql', conf.datastore_manager)
        self.assertEqual('18.6', conf.datastore_version)

    def test_whether_its_data_come_from_a_backup(self) -> None:
        self.assertFalse(self.read().guestagent.restored)
        files = guest_files.make(
            self.conf, self.instance, 'postgresql', restored=True
        )
        self.assertTrue(self.parsed(files).guestagent.restored)

    def test_with_a_key_its_messages_are_encrypted(self) -> None:
        self.config(rpc_seal_minimum='authenticated')

        conf = self.read(KEY)

        self.assertTrue(conf.enable_secure_rpc_messaging)
        self.assertEqual(KEY, conf.instance_rpc_encr_key)
        self.assertEqual('authenticated', conf.rpc_seal_minimum)

    def test_without_one_it_is_told_not_to_look_for_it(self) -> None:
        conf = self.read()

        self.assertFalse(conf.enable_secure_rpc_messaging)
        self.assertIsNone(conf.instance_rpc_encr_key)

    def test_no_key_of_the_control_plane_is_given_away(self) -> None:
        self.config(
            taskmanager_rpc_encr_key='T' * 32, inst_rpc_key_encr_key='I' * 32
        )

        text = str(
            guest_files.make(self.conf, self.instance, 'postgresql', KEY)
        )

        self.assertNotIn('T' * 32, text)
        self.assertNotIn('I' * 32, text)

    def test_what_the_operator_adds_holds(self) -> None:
        more = self.directory / 'more.conf'
        more.write_text('[DEFAULT]\nagent_heartbeat_time = 77\n')
        self.config(guest_config=str(more))

        self.assertEqual(77, self.read(KEY).agent_heartbeat_time)

    def test_file_of_the_operator_that_is_not_there(self) -> None:
        self.config(guest_config=str(self.directory / 'missing'))

        error = self.assertRaises(exception.ConfigurationError, self.read)

        self.assertIn('missing', str(error))

    def test_with_an_account_of_its_own(self) -> None:
        self.config(
            guest_transport_url='rabbit://all:p@mq/', group='taskmanager'
        )
        url = 'rabbit://trove-guest-i1:pa$s@mq/trove'
        account = broker_accounts.Account('trove-guest-i1', url)

        files = guest_files.make(
            self.conf, self.instance, 'postgresql', KEY, account
        )

        self.assertNotIn('rabbit://all', str(files))
        conf = self.parsed(files)
        self.assertTrue(conf.rpc_own_account)
        oslo_messaging.TransportURL.parse(conf)
        self.assertEqual(url, conf.transport_url)

    def test_queues_are_declared_like_those_of_the_services(self) -> None:
        self.config(transport_url='rabbit://mq/')
        rpc.check(self.conf)
        self.config(
            rabbit_quorum_queue=True,
            rabbit_quorum_delivery_limit=3,
            heartbeat_rate=4,
            group='oslo_messaging_rabbit',
        )
        more = self.directory / 'more.conf'
        more.write_text(
            'agent_heartbeat_time = 77\n'
            '[oslo_messaging_rabbit]\nrabbit_quorum_delivery_limit = 5\n'
        )
        self.config(guest_config=str(more))

        conf = self.read(KEY)

        self.assertEqual(77, conf.agent_heartbeat_time)
        shared = rabbit.shared(conf, rpc.parse_url(conf))
        self.assertEqual(
            {
                'rabbit_quorum_queue': 'true',
                # What the operator adds holds.
                'rabbit_quorum_delivery_limit': '5',
            },
            shared,
        )
        self.assertEqual(3, conf.oslo_messaging_rabbit.heartbeat_rate)
