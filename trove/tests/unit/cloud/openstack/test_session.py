# SPDX-License-Identifier: Apache-2.0
"""Connections, as the options say."""

from __future__ import annotations

import json
import threading
from wsgiref import simple_server

import fixtures
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import fixture as ks_fixture

from trove.cloud.openstack import session
from trove.tests import base

VERSIONS = {
    'compute': ('v2.1', '2.1', '2.96'),
    'network': ('v2.0', '', ''),
    'block-storage': ('v3.0', '3.0', '3.71'),
    'image': ('v2.16', '', ''),
}


class _Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Keystone(fixtures.Fixture):
    """One that gives everybody a token, with a catalog of itself."""

    def _setUp(self):
        self.silent = False
        server = simple_server.make_server(
            '127.0.0.1', 0, self._answer, handler_class=_Quiet
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.url = f'http://127.0.0.1:{server.server_port}/v3'

    def _answer(self, environ, start_response):
        token = ks_fixture.V3Token(project_id='p0', project_name='service')
        for kind in VERSIONS:
            url = f'{self.url}/{kind}'
            token.add_service(kind).add_standard_endpoints(
                public=url, internal=f'{url}/internal', region='R1'
            )
        headers = [('Content-Type', 'application/json')]
        if environ['REQUEST_METHOD'] == 'POST':
            start_response(
                '201 Created', [*headers, ('X-Subject-Token', 'token')]
            )
            return [json.dumps(token).encode()]
        kind = environ['PATH_INFO'].strip('/').split('/')[1:2]
        if self.silent or not kind:
            start_response('503 Service Unavailable', headers)
            return [b'{}']
        start_response('200 OK', headers)
        return [json.dumps(self._versions(*kind)).encode()]

    def _versions(self, kind):
        number, lowest, highest = VERSIONS[kind]
        return {
            'versions': [
                {
                    'id': number,
                    'status': 'CURRENT',
                    'min_version': lowest,
                    'version': highest,
                    'links': [{'rel': 'self', 'href': f'{self.url}/{kind}'}],
                }
            ]
        }


class SessionTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.keystone = self.useFixture(Keystone())
        self.config(
            auth_url=self.keystone.url,
            username='trove',
            password='x',
            project_id='p0',
            region_name='R1',
            group='service_credentials',
        )

    def service(self, name):
        return session.Sessions(self.conf).service(name)

    def test_timeout_and_version_are_those_of_the_options(self):
        self.config(timeout=7, group='cloud_openstack')
        self.config(nova_compute_endpoint_type='internalURL')

        compute = self.service('compute')

        self.assertEqual(7, compute.session.timeout)
        self.assertEqual('2.57', compute.default_microversion)
        self.assertEqual('internal', compute.interface)
        self.assertEqual('R1', compute.region_name)
        self.assertEqual(0, compute.connect_retries)

    def test_three_is_the_version_that_extends_volumes_in_use(self):
        self.assertEqual(
            '3.42', self.service('block_storage').default_microversion
        )
        self.config(cinder_client_version='3.59')
        self.assertEqual(
            '3.59', self.service('block_storage').default_microversion
        )

    def test_a_service_may_be_elsewhere(self):
        self.config(
            neutron_url=f'{self.keystone.url}/network/',
            nova_compute_url=f'{self.keystone.url}/compute',
            os_region_name='R2',
        )

        self.assertEqual(
            f'{self.keystone.url}/network',
            self.service('network').endpoint_override,
        )
        self.assertEqual(
            f'{self.keystone.url}/compute/p0',
            self.service('compute').endpoint_override,
        )

    def test_one_that_does_not_answer_is_asked_again_later(self):
        made = session.Sessions(self.conf)
        self.keystone.silent = True
        self.assertRaises(
            ks_exceptions.ConnectFailure, made.service, 'compute'
        )

        self.keystone.silent = False

        self.assertTrue(made.service('compute').create_server)

    def test_certificates_are_not_verified_only_where_that_is_said(self):
        self.config(cafile='/ca.pem', group='service_credentials')
        self.config(glance_api_insecure=True)
        made = session.Sessions(self.conf)

        self.assertEqual('/ca.pem', made.service('compute').session.verify)
        self.assertIs(False, made.service('image').session.verify)
        self.assertIs(made.service('compute'), made.service('compute'))
