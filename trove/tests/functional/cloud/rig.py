# SPDX-License-Identifier: Apache-2.0
"""Base class of the tests of the driver ``openstack`` on a real OpenStack.

They run where one was started by tools/openstack/up.sh, whose directory the
variable OSRIG names, with the variables of its admin.env.
"""

from __future__ import annotations

import json
import os
import pathlib
import unittest
import uuid
import warnings

from keystoneauth1 import session as ks_session
from keystoneauth1.identity import generic
from openstack import connection

from trove.cloud import base as cloud_base
from trove.cloud.openstack import OpenStackCloud
from trove.common import context as trove_context
from trove.tests import base
from trove.tests.fixtures import waiting

HOME = os.environ.get('OSRIG', '')


@unittest.skipUnless(
    HOME, 'OSRIG names no OpenStack; start one with tools/openstack/up.sh'
)
class TestCase(base.TestCase):
    """Given the driver, and an instance of which nothing is there yet."""

    context = trove_context.make_admin_context()
    timeout = 2700

    def setUp(self):
        super().setUp()
        # openstacksdk warns of its own calls.
        warnings.simplefilter('ignore', PendingDeprecationWarning)
        environment = os.environ
        session = ks_session.Session(
            auth=generic.Password(
                auth_url=environment['OS_AUTH_URL'],
                username='admin',
                password='osrig',
                project_name='admin',
                user_domain_id='default',
                project_domain_id='default',
            )
        )
        self.admin = connection.Connection(
            session=session, region_name='RegionOne'
        )
        self.addCleanup(self.admin.close)
        self.config(
            auth_url=environment['OS_AUTH_URL'],
            username='trove',
            password='osrig',
            group='service_credentials',
        )
        self.networks = {
            each.name: each.id for each in self.admin.network.networks()
        }
        self.config(
            management_networks=[self.networks['mgmt']],
            use_nova_server_config_drive=True,
            volume_time_out=300,
            server_delete_time_out=300,
        )
        self.config(poll_interval=0.3, retries=3, group='cloud_openstack')
        self.cloud = OpenStackCloud(self.conf)
        self.faults = pathlib.Path(HOME) / 'faults.json'
        self.addCleanup(self.faults.unlink, missing_ok=True)
        self.project = self.admin.identity.find_project('demo').id
        self.image = self.admin.image.find_image('plain').id
        self.instance_id = str(uuid.uuid4())
        self.addCleanup(self.delete)

    def given(self, *rules):
        """Give the cloud faults, once each."""
        self.faults.write_text(
            json.dumps([{'times': 1, **rule} for rule in rules])
        )

    def spec(self, **values):
        return cloud_base.ServerSpec(
            **{
                'instance_id': self.instance_id,
                'name': 'db',
                'flavor': self.cloud.compute.list_flavors(self.context)[0],
                'image_id': self.image,
                'datastore': 'mysql',
                'project_id': self.project,
                'nics': [{'network_id': self.networks['user']}],
                'access': cloud_base.Access(is_public=True),
                'locality': 'anti-affinity',
                **values,
            }
        )

    def create(self, **values):
        volume = self.cloud.volumes.create(self.context, self.instance_id, 1)
        return self.cloud.compute.create_server(
            self.context, self.spec(volume_id=volume.id, **values)
        )

    def delete(self):
        self.cloud.compute.delete_server(self.context, self.instance_id)
        self.cloud.volumes.delete(self.context, self.instance_id)
        self.cloud.network.release(self.context, self.instance_id)

    def assert_gone(self):
        self.delete()
        self.assertEqual([], self.left())

    def status(self):
        found = self.cloud.compute.get_server(self.context, self.instance_id)
        return found.status if found else None

    def wait_for(self, status):
        waiting.until(
            lambda: self.status() == status,
            f'the server is {status}',
            timeout=300,
        )

    def left(self):
        found = self.cloud.inventory(self.context)
        return found.get(self.instance_id, [])
