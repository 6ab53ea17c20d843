# SPDX-License-Identifier: Apache-2.0
"""The base class of tests of the driver, on services in memory."""

from __future__ import annotations

from typing import Any

from trove.cloud import base as cloud_base
from trove.cloud import openstack
from trove.common import context
from trove.common import exception
from trove.tests import base
from trove.tests.unit.cloud.openstack import services


class TestCase(base.TestCase):
    context = context.make_admin_context()

    def setUp(self) -> None:
        super().setUp()
        self.config(poll_interval=0.05, group='cloud_openstack')
        self.config(management_networks=['n-management'])
        self.services = services.Services()
        self.cloud = openstack.OpenStackCloud(self.conf, self.services)

    def spec(self, **values: Any) -> cloud_base.ServerSpec:
        return cloud_base.ServerSpec(
            **{
                'instance_id': 'i1',
                'name': 'db',
                'flavor': self.flavor(1),
                'image_id': 'image-1',
                'datastore': 'mysql',
                'project_id': 'p1',
                'user_id': 'u1',
                'nics': [{'network_id': services.USER_NETWORK}],
                'files': {'guest_info.conf': '[DEFAULT]\n'},
                **values,
            }
        )

    def flavor(self, number: int) -> cloud_base.Flavor:
        return cloud_base.Flavor(
            str(number), f'm{number}', 512 * number, 1, 5
        )

    def given(self, **values: Any) -> cloud_base.Server:
        volume = self.cloud.volumes.create(self.context, 'i1', 2)
        return self.cloud.compute.create_server(
            self.context, self.spec(volume_id=volume.id, **values)
        )

    def delete(self) -> None:
        self.cloud.compute.delete_server(self.context, 'i1')
        self.cloud.volumes.delete(self.context, 'i1')
        self.cloud.network.release(self.context, 'i1')


class NetworkTestCase(TestCase):
    def rules(self) -> set[tuple[str, int, str]]:
        return {
            (each.protocol, each.port_range_min, each.remote_ip_prefix)
            for each in self.services.things['rule'].values()
        }

    def set_access(self, **access: Any) -> None:
        self.cloud.network.set_access(
            self.context, 'i1', cloud_base.Access.of(access), 'mysql', 'p1'
        )

    def refused(self, *texts: str, **values: Any) -> None:
        error = self.assertRaises(exception.CloudError, self.given, **values)
        for text in texts:
            self.assertIn(text, str(error))
        self.delete()
        self.assertEqual([], self.services.left())
