# SPDX-License-Identifier: Apache-2.0
"""A control plane with keys, and an instance that has none yet."""

from __future__ import annotations

from trove.objects.keys import instance_keys
from trove.peers import control_keys
from trove.tests.unit.objects import base

SHARED = 'T' * 32
OVERLAP = 600


class KeysTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key=SHARED,
            inst_rpc_key_encr_key='I' * 32,
            rpc_key_overlap=OVERLAP,
        )
        self.instance_id = self.create().id
        self.held = control_keys.ControlKeys(self.conf)

    def given_key(self) -> str:
        return instance_keys.create(self.conf, self.instance_id)
