# SPDX-License-Identifier: Apache-2.0
"""Stacks of Heat with ``OS::Trove::Instance``."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import exceptions

from trove.tests.fixtures import heat
from trove.tests.functional.dashboard import base

_PROPERTIES = {
    'name': 'stacked',
    'flavor': 'db.tiny',
    'size': 1,
    'datastore_type': 'mariadb',
    'databases': [{'name': 'orders'}],
    'users': [
        {'name': 'clerk', 'password': 'secret12', 'databases': ['orders']}
    ],
}


def _template(**properties: Any) -> dict[str, Any]:
    return {
        'heat_template_version': '2018-08-31',
        'resources': {
            'database': {
                'type': 'OS::Trove::Instance',
                'properties': {**_PROPERTIES, **properties},
            }
        },
        'outputs': {
            'host': {'value': {'get_attr': ['database', 'hostname']}},
            'id': {'value': {'get_resource': 'database'}},
        },
    }


class StackTest(base.FieldTestCase):
    """Given a Heat with trusts of Keystone."""

    def setUp(self) -> None:
        super().setUp()
        keystone = self.deployment.keystone
        self.useFixture(heat.Heat(keystone))
        self._session = keystone.session(keystone.member)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._session.request(
            path,
            method,
            json=body,
            endpoint_filter={'service_type': 'orchestration'},
        )

    def stack(self, name: str) -> Any:
        return self.ask('GET', f'/stacks/{name}').json()['stack']

    def wait_stack(self, name: str, status: str) -> dict[str, Any]:
        """Wait until all is done; return the outputs."""
        found = self.eventually(
            lambda: not (now := self.stack(name))['stack_status'].endswith(
                'IN_PROGRESS'
            )
            and now,
            f'{name} is {status}',
            timeout=180,
        )
        self.assertEqual(
            status, found['stack_status'], found['stack_status_reason']
        )
        return {
            each['output_key']: each['output_value']
            for each in found['outputs']
        }

    def is_gone_stack(self, name: str) -> bool:
        try:
            return self.stack(name)['stack_status'] == 'DELETE_COMPLETE'
        except exceptions.NotFound:
            return True

    def test_the_life_of_a_stack(self) -> None:
        # When
        self.ask(
            'POST',
            '/stacks',
            {'stack_name': 'shop', 'template': _template()},
        )
        # Then
        outputs = self.wait_stack('shop', 'CREATE_COMPLETE')
        made = self.member.instances.get(outputs['id'])
        self.addCleanup(self.delete, made.id)
        self.assertEqual('stacked', made.name)
        self.assertEqual('ACTIVE', made.status)
        # That is the name that Designate has for it; there is none here.
        self.assertIsNone(outputs['host'])
        # When
        (stack,) = self.ask('GET', '/stacks').json()['stacks']
        path = f'/stacks/shop/{stack["id"]}'
        self.ask(
            'PUT',
            path,
            {
                'template': _template(
                    size=2,
                    flavor='db.small',
                    databases=[{'name': 'orders'}, {'name': 'stock'}],
                )
            },
        )
        # Then
        self.wait_stack('shop', 'UPDATE_COMPLETE')
        shown = self.member.instances.get(made.id)
        self.assertEqual(2, shown.volume['size'])
        self.assertEqual('2', shown.flavor['id'])
        names = {each.name for each in self.member.databases.list(made.id)}
        self.assertEqual({'orders', 'stock'}, names)
        # When
        self.ask('DELETE', path)
        # Then
        self.eventually(
            lambda: self.is_gone_stack('shop'), 'the stack is gone'
        )
        self.assertTrue(self.is_gone(made.id))
