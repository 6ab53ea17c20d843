# SPDX-License-Identifier: Apache-2.0
"""A transport of the control plane: pins, keys and all are in their place."""

from __future__ import annotations

from trove import peers
from trove.common import crypto
from trove.common import exception
from trove.peers import connection
from trove.tests.unit.taskmanager import scene


class TestTransport(scene.TestCase):
    def given_keys(self):
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key=crypto.generate_key(),
            inst_rpc_key_encr_key=crypto.generate_key(),
        )

    def made(self):
        made = peers.transport(self.conf, url='kombu+memory://')
        self.addCleanup(made.close)
        return made

    def test_each_pin_is_read_at_once(self):
        for name in ('guestagent', 'taskmanager', 'conductor'):
            self.config(**{name: 'nonsense'}, group='upgrade_levels')
            error = self.assertRaises(exception.ConfigurationError, self.made)
            self.assertIn(name, str(error))
            self.config(**{name: 'auto'}, group='upgrade_levels')

        self.made()

    def test_a_key_that_is_missing_is_named_with_the_remedy(self):
        self.given_keys()
        self.config(taskmanager_rpc_encr_key=None)

        error = self.assertRaises(exception.ConfigurationError, self.made)

        self.assertIn('taskmanager_rpc_encr_key', str(error))
        self.assertIn('trove-manage generate_keys', str(error))

    def test_without_encryption_no_key_is_needed(self):
        self.assertIsNone(self.made().keys)

    def test_it_speaks_for_no_guest(self):
        self.given_keys()

        self.assertIsNone(self.made().keys.identity)

    def test_unless_it_is_to(self):
        self.given_keys()

        made = connection.as_guest(self.made(), 'instance-1')

        self.assertEqual('instance-1', made.keys.identity)
