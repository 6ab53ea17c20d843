# SPDX-License-Identifier: Apache-2.0
"""Our drivers keep the contract of a cloud."""

from __future__ import annotations

from trove.cloud import noop
from trove.tests import base
from trove.tests.unit.cloud import contract
from trove.tests.unit.cloud.local import guests
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services


class NoopTest(contract.Contract, base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud = noop.NoopCloud(self.conf)
        self.prints = self.cloud.prints


class OpenStackTest(contract.Contract, clouds.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # The contract asks for a server without a network.
        self.config(management_networks=[services.USER_NETWORK])

    def prints(self, instance_id: str, printed: str) -> None:
        for server in self.services.things['server'].values():
            server.printed = printed


class LocalTest(contract.Contract, guests.LocalCloudTestCase):
    """What it makes is removed by the fixture."""

    def prints(self, instance_id: str, printed: str) -> None:
        log = self.home(instance_id) / 'log' / 'guestagent.log'
        log.write_text(printed * 3000)
