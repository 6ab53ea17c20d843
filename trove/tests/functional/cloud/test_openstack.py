# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack`` on a real OpenStack.

It runs where one was started by tools/openstack/up.sh, whose directory the
variable OSRIG names; with OSRIG_FAULTS=all each request that changes something
is tried with each fault, which takes long.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import unittest
import uuid
import warnings

from keystoneauth1 import session as ks_session
from keystoneauth1.identity import generic
from openstack import connection
from openstack import exceptions as sdk_exceptions

from trove.cloud import base as cloud_base
from trove.cloud.openstack import OpenStackCloud
from trove.common import context as trove_context
from trove.common import exception
from trove.tests import base
from trove.tests.fixtures import waiting

_HOME = os.environ.get('OSRIG', '')

#: Requests of a creation or deletion that change something.
_CALLS = (
    ('api.cinder', 'POST /v3/.*/volumes$'),
    ('api.neutron', 'POST /v2.0/security-groups$'),
    ('api.neutron', 'POST /v2.0/security-group-rules$'),
    ('api.neutron', 'POST /v2.0/ports$'),
    ('api.neutron', 'POST /v2.0/floatingips$'),
    ('api.nova', 'POST /v2.1/os-server-groups$'),
    ('api.nova', 'POST /v2.1/servers$'),
    ('api.nova', 'DELETE /v2.1/servers/'),
    ('api.nova', 'DELETE /v2.1/os-server-groups/'),
    ('api.cinder', 'DELETE /v3/.*/volumes/'),
    ('api.neutron', 'DELETE /v2.0/floatingips/'),
    ('api.neutron', 'DELETE /v2.0/ports/'),
    ('api.neutron', 'DELETE /v2.0/security-groups/'),
)

_FAULTS = (
    {'do': 'drop'},
    {'do': 'hang', 'seconds': 1},
    {'do': 'status', 'status': 503},
    {'do': 'status', 'status': 429},
    {'do': 'status', 'status': 401},
)


@unittest.skipUnless(
    _HOME, 'OSRIG names no OpenStack; start one with tools/openstack/up.sh'
)
class OpenStackTest(base.TestCase):
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
        self.config(poll_interval=0.3, group='cloud_openstack')
        self.cloud = OpenStackCloud(self.conf)
        self.faults = pathlib.Path(_HOME) / 'faults.json'
        self.addCleanup(self.faults.unlink, missing_ok=True)
        self.project = self.admin.identity.find_project('demo').id
        self.image = self.admin.image.find_image('plain').id
        self.instance_id = str(uuid.uuid4())
        self.addCleanup(self.delete)

    def create(self, **values):
        flavor = self.cloud.compute.list_flavors(self.context)[0]
        volume = self.cloud.volumes.create(self.context, self.instance_id, 1)
        spec = cloud_base.ServerSpec(
            **{
                'instance_id': self.instance_id,
                'name': 'db',
                'flavor': flavor,
                'image_id': self.image,
                'datastore': 'mysql',
                'project_id': self.project,
                'nics': [{'network_id': self.networks['user']}],
                'access': cloud_base.Access(is_public=True),
                'locality': 'anti-affinity',
                'volume_id': volume.id,
                **values,
            }
        )
        return self.cloud.compute.create_server(self.context, spec)

    def delete(self):
        self.cloud.compute.delete_server(self.context, self.instance_id)
        self.cloud.volumes.delete(self.context, self.instance_id)
        self.cloud.network.release(self.context, self.instance_id)

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

    def test_faults_of_the_apis(self):
        table = list(itertools.product(_CALLS, _FAULTS))
        if os.environ.get('OSRIG_FAULTS') != 'all':
            # Each call once, and each fault.
            table = [
                (call, _FAULTS[number % len(_FAULTS)])
                for number, call in enumerate(_CALLS)
            ]
        for (where, what), fault in table:
            with self.subTest(what, **fault):
                rule = {'at': where, 'match': what, 'times': 1, **fault}
                self.faults.write_text(json.dumps([rule]))
                try:
                    self.create()
                except exception.CloudError as error:
                    # Nobody knows whether it comes later.
                    self.assertEqual('hang', fault['do'], error)
                else:
                    # Two ports, and one of everything else.
                    self.assertEqual(6, len(self.left()), self.left())
                self.delete()

                self.assertEqual([], json.loads(self.faults.read_text()))
                self.assertEqual([], self.left())

    def test_the_life_of_an_instance(self):
        compute, volumes = self.cloud.compute, self.cloud.volumes
        small, large = compute.list_flavors(self.context)[:2]
        server = self.create()
        self.assertEqual(server.id, self.create().id)
        self.wait_for('ACTIVE')
        found = self.cloud.network.addresses(self.context, self.instance_id)
        self.assertEqual(['private', 'public'], [kind for _, kind in found])

        self.cloud.network.set_access(
            self.context,
            self.instance_id,
            cloud_base.Access(False, ['192.0.2.0/24']),
            'mysql',
            self.project,
        )
        found = self.cloud.network.addresses(self.context, self.instance_id)
        self.assertEqual(1, len(found))

        compute.stop_server(self.context, self.instance_id)
        self.assertEqual('SHUTOFF', self.status())
        compute.reboot_server(self.context, self.instance_id)
        compute.resize_server(self.context, self.instance_id, large)
        compute.confirm_resize(self.context, self.instance_id)
        grown = volumes.extend(self.context, self.instance_id, 2)
        self.assertEqual((2, '/dev/vdb'), (grown.size, grown.device_path))
        self.assertEqual('ACTIVE', self.status())

        self.delete()

        self.assertEqual([], self.left())

    def test_the_cloud_says_why_not(self):
        for values, words in (
            (
                {'nics': [{'network_id': self.networks['nosubnet']}]},
                'has no subnet',
            ),
            ({'nics': [{'network_id': self.networks['mgmt']}]}, 'may use'),
            ({'image_id': str(uuid.uuid4())}, 'active image'),
            (
                {'flavor': cloud_base.Flavor('none', 'none', 1, 1, 1)},
                'Nova lists',
            ),
        ):
            with self.subTest(words):
                error = self.assertRaises(
                    exception.CloudError, self.create, **values
                )
                self.assertIn(words, str(error))
                self.delete()
                self.assertEqual([], self.left())

    def test_a_quota_is_told_before_and_after(self):
        project = self.admin.identity.find_project('service').id
        network = self.admin.network
        used = len(list(network.ports(project_id=project)))
        network.update_quota(project, port=used)
        self.addCleanup(self._reset_quota, project)

        self.assertIn(
            'Neutron for port', ' '.join(self.cloud.problems({}))
        )
        error = self.assertRaises(exception.CloudError, self.create)

        self.assertIn('Raise the quota', str(error))

    def _reset_quota(self, project):
        try:
            self.admin.network.delete_quota(project)
        except sdk_exceptions.NotFoundException:
            pass
