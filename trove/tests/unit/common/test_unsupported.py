# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.common import rpc
from trove.common import unsupported
from trove.taskmanager import api
from trove.tests import base

INTERFACE = api.API.interface


class Endpoint:
    """Refuses by raising."""

    def refuse(self, context, method, what, arguments):
        raise exception.NotSupported(f'{method.name}: {what}: {arguments}')


class TestServe(base.TestCase):
    def test_it_serves_what_is_declared(self):
        every = dict.fromkeys(INTERFACE.methods, 'It')
        endpoint = unsupported.serve(INTERFACE, every)(
            type('All', (Endpoint,), {})
        )()

        rpc.verify(INTERFACE, endpoint)

        error = self.assertRaises(
            exception.NotSupported, endpoint.migrate, None, 'i', host='h'
        )
        self.assertEqual(
            "migrate: It: {'instance_id': 'i', 'host': 'h'}", str(error)
        )
        self.assertRaises(TypeError, endpoint.migrate, None, 'i')

    def test_what_is_served_already_is_a_mistake(self):
        def migrate(self, context, instance_id, host):
            pass

        served = type('Served', (Endpoint,), {'migrate': migrate})

        error = self.assertRaises(
            TypeError,
            unsupported.serve(INTERFACE, {'migrate': 'It'}),
            served,
        )

        self.assertIn('Served in trove/tests/unit/common/test_', str(error))
        self.assertIn('has the method migrate', str(error))

    def test_what_is_not_declared_is_a_mistake(self):
        error = self.assertRaises(
            TypeError,
            unsupported.serve(INTERFACE, {'fly': 'It'}),
            type('None', (Endpoint,), {}),
        )

        self.assertIn('declare fly in the interface', str(error))
