# SPDX-License-Identifier: Apache-2.0
"""Orders that no datastore can carry out are answered, every one."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import manager
from trove.guestagent import monotonic_time
from trove.guestagent import orders
from trove.guestagent import reporter
from trove.guestagent import unsupported
from trove.guestagent.datastores import base as base_driver
from trove.rehearsal import sample_calls
from trove.tests import base

INTERFACE = manager.Manager.interface


class UnsupportedTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(guest_id='the instance', tenant_id='the project')
        self.conductor = mock.Mock()
        self.keys: list[str] = []
        supervisor = mock.Mock()
        supervisor.driver.capabilities = frozenset(
            (base_driver.Capability.VOLUME,)
        )
        self.manager = manager.Manager(
            supervisor,
            reporter.Reporter(
                self.conf, self.conductor, monotonic_time.MonotonicTime(None)
            ),
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
            self.keys.append,
        )
        self.context = trove_context.TroveContext()

    def order(self, name: str, **arguments: Any) -> Any:
        return getattr(self.manager, name)(self.context, **arguments)

    def refused(self) -> dict[str, str]:
        """Return what this datastore cannot do, by order."""
        able = self.manager.capabilities
        lacking = {
            name: needs.capability
            for name, needs in orders.declared(manager.Manager).items()
            if needs.capability and needs.capability not in able
        }
        self.assertIn('create_user', lacking)
        return unsupported.ORDERS | lacking

    def test_calls_say_so(self) -> None:
        for name, what in self.refused().items():
            method = INTERFACE.methods[name]
            if method.kind != 'call':
                continue
            for arguments in sample_calls.orders(method):
                error = self.assertRaises(
                    exception.NotSupported, self.order, name, **arguments
                )
                self.assertEqual(
                    f'{what} is not supported by this datastore.', str(error)
                )

    def test_casts_become_faults(self) -> None:
        casts = {
            name: what
            for name, what in self.refused().items()
            if INTERFACE.methods[name].kind == 'cast'
        }
        self.assertIn('attach_replication_slave', casts)
        for name, what in casts.items():
            for arguments in sample_calls.orders(INTERFACE.methods[name]):
                self.conductor.reset_mock()
                if name == 'create_backup':
                    arguments = {'backup_info': {'id': 'b1'}}

                self.order(name, **arguments)

                said = self.conductor.notify_exc_info.call_args.kwargs
                self.assertIn(what, said['message'])
                self.assertIn(name, said['message'])

    def test_a_backup_that_cannot_be_made_is_not_waited_for(self) -> None:
        self.order('create_backup', backup_info={'id': 'b1'})

        said = self.conductor.update_backup.call_args.kwargs
        self.assertEqual(
            ('the instance', 'b1', 'FAILED'),
            (said['instance_id'], said['backup_id'], said['state']),
        )

        # And a conductor that is away does not hide the fault.
        self.conductor.update_backup.side_effect = (
            exception.ServiceUnavailable(what='The broker')
        )
        self.order('create_backup', backup_info={'id': 'b2'})
        self.assertIn('backup b2 failed', self.logs.output)

    def test_both_forms_of_upgrade_are_understood(self) -> None:
        for form in (
            {'upgrade_info': {'datastore_version': '18'}},
            {'instance_version': '18', 'location': 'l', 'metadata': None},
        ):
            self.conductor.reset_mock()
            self.order('upgrade', **form)
            self.conductor.notify_exc_info.assert_called_once()

    def test_a_volume_is_not_mounted_at_every_boot(self) -> None:
        self.assertRaises(
            exception.NotSupported,
            self.order,
            'mount_volume',
            device_path='/dev/vdb',
            write_to_fstab=True,
        )

    def test_a_new_key_is_handed_on(self) -> None:
        self.order('rotate_key', key='k' * 32)

        self.assertEqual(['k' * 32], self.keys)

    def test_without_keys_there_is_none_to_rotate(self) -> None:
        without = manager.Manager(*[mock.Mock() for _ in range(6)])

        error = self.assertRaises(
            exception.NotSupported, without.rotate_key, self.context, 'k'
        )

        self.assertIn('enable_secure_rpc_messaging', str(error))
