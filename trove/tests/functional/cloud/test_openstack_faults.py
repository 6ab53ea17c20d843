# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack`` when requests that change something fail.

Each such request is met by each fault: carried out without an answer, not
carried out without an answer, and refused in three ways.
"""

from __future__ import annotations

import itertools
import json

from trove.cloud import base as cloud_base
from trove.common import exception
from trove.tests.functional.cloud import rig

_FAULTS = (
    {'do': 'drop'},
    {'do': 'hang', 'seconds': 1},
    {'do': 'status', 'status': 503},
    {'do': 'status', 'status': 429},
    {'do': 'status', 'status': 401},
)

_MADE = (
    ('api.cinder', 'POST /v3/.*/volumes$'),
    ('api.neutron', 'POST /v2.0/security-groups$'),
    ('api.neutron', 'POST /v2.0/security-group-rules$'),
    ('api.neutron', 'POST /v2.0/ports$'),
    ('api.neutron', 'POST /v2.0/floatingips$'),
)

_DELETED = (
    ('api.cinder', 'DELETE /v3/.*/volumes/'),
    ('api.neutron', 'DELETE /v2.0/floatingips/'),
    ('api.neutron', 'DELETE /v2.0/ports/'),
    ('api.neutron', 'DELETE /v2.0/security-groups/'),
)

_ACTION = ('api.nova', 'POST /v2.1/servers/.*/action$')


def _rule(request, fault):
    at, match = request
    return {'at': at, 'match': match, **fault}


class OpenStackFaultsTest(rig.TestCase):
    """Given one request that fails in one way."""

    def assert_met(self):
        """Each fault met a request."""
        self.assertEqual([], json.loads(self.faults.read_text()))

    def provide(self):
        """Make all but the server."""
        self.cloud.volumes.create(self.context, self.instance_id, 1)
        self.cloud.network.provide(self.spec())

    def test_volume_ports_and_group(self):
        # As many deletions as creations, each with each fault.
        for made, deleted in zip(
            itertools.product(_MADE, _FAULTS),
            itertools.cycle(itertools.product(_DELETED, _FAULTS)),
        ):
            with self.subTest(made=made, deleted=deleted):
                self.given(_rule(*made))
                try:
                    self.provide()
                except exception.CloudError as error:
                    # Nobody knows whether it comes later.
                    self.assertEqual('hang', made[1]['do'], error)
                else:
                    # Two ports, and one of everything else.
                    self.assertEqual(5, len(self.left()), self.left())
                self.assert_met()
                self.provide()
                self.given(_rule(*deleted))

                self.assert_gone()

                self.assert_met()

    def test_server(self):
        for fault in _FAULTS:
            with self.subTest(**fault):
                requests = 'os-server-groups', 'servers'
                self.given(
                    *(
                        _rule(('api.nova', f'POST /v2.1/{request}$'), fault)
                        for request in requests
                    )
                )
                for _ in requests:
                    try:
                        self.create()
                    except exception.CloudError as error:
                        self.assertEqual('hang', fault['do'], error)
                self.assert_met()
                self.create()
                self.assertEqual(6, len(self.left()), self.left())
                self.given(
                    *(
                        _rule(('api.nova', f'DELETE /v2.1/{request}/'), fault)
                        for request in ('servers', 'os-server-groups')
                    )
                )

                self.assert_gone()

                self.assert_met()

    def test_changes(self):
        small, large = self.cloud.compute.list_flavors(self.context)[:2]
        self.create()
        self.wait_for('ACTIVE')
        size = 1
        for fault in _FAULTS:
            size += 1
            with self.subTest(**fault):
                self._change(fault, small, large, size)
        self.assert_gone()

    def _change(self, fault, small, large, size):
        compute = self.cloud.compute
        this = (self.context, self.instance_id)
        for change in (
            lambda: compute.stop_server(*this),
            lambda: compute.reboot_server(*this),
            lambda: compute.reboot_server(*this),
            lambda: compute.resize_server(*this, large),
            lambda: compute.resize_server(*this, small),
            lambda: compute.resize_server(*this, large),
            lambda: compute.confirm_resize(*this),
            lambda: compute.resize_server(*this, small),
            lambda: compute.confirm_resize(*this),
            lambda: compute.rebuild_server(self.context, self.spec()),
        ):
            self.given(_rule(_ACTION, fault))
            change()
            self.assert_met()
        self.assertEqual('ACTIVE', self.status())
        self.given(
            _rule(('api.cinder', 'POST /v3/.*/volumes/.*/action$'), fault)
        )
        grown = self.cloud.volumes.extend(*this, size)
        self.assertEqual(size, grown.size)
        self.assert_met()
        self._change_access(fault, size)

    def _change_access(self, fault, number):
        for access, requests in (
            (
                cloud_base.Access(False, [f'192.0.2.{number}/32']),
                (
                    'POST /v2.0/security-group-rules$',
                    'DELETE /v2.0/security-group-rules/',
                    'DELETE /v2.0/floatingips/',
                ),
            ),
            (cloud_base.Access(True), ('POST /v2.0/floatingips$',)),
        ):
            self.given(
                *(_rule(('api.neutron', each), fault) for each in requests)
            )
            # Each may fail once, and then it is done.
            for _ in range(len(requests) + 1):
                try:
                    self.cloud.network.set_access(
                        self.context,
                        self.instance_id,
                        access,
                        'mysql',
                        self.project,
                    )
                    break
                except exception.CloudError as error:
                    self.assertEqual('hang', fault['do'], error)
            else:
                self.fail('The access is never changed.')
            self.assert_met()
