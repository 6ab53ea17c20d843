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


class OpenStackTest(contract.Contract, clouds.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # The contract asks for a server without a network.
        self.config(management_networks=[services.USER_NETWORK])


class LocalTest(contract.Contract, guests.LocalCloudTestCase):
    """What it makes is removed by the fixture."""
