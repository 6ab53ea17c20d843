# SPDX-License-Identifier: Apache-2.0
"""The orders about encrypted connections."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import manager
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import tls
from trove.tests import base
from trove.tests.unit.guestagent.datastores import test_tls


class TlsOrdersTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.container = test_tls.Made(directory).container()
        supervisor = mock.MagicMock()
        self.driver = supervisor.driver
        self.driver.set_tls.return_value = False
        self.driver.restore_tls.return_value = True
        self.driver.capabilities = {datastores.Capability.TLS}
        supervisor.turn.return_value.__enter__.return_value = self.driver
        others = [mock.Mock() for _ in range(5)]
        self.manager = manager.Manager(supervisor, *others)
        self.context = trove_context.TroveContext()

    def act(self, **changes: Any) -> dict[str, Any]:
        order = {
            'mode': 'enforced',
            'container': self.container,
            'enable': True,
            'disable': False,
            **changes,
        }
        return self.manager.ssl_action(self.context, **order)

    def test_show(self) -> None:
        self.driver.certificate.return_value = None
        self.assertEqual('off', self.manager.ssl_show(self.context)['status'])

        self.driver.certificate.return_value = self.container['certificate']
        for mode, shown in ((None, 'builtin'), ('mtls', 'mtls')):
            self.driver.tls.return_value = tls.State(mode)
            found = self.manager.ssl_show(self.context)
            self.assertEqual(('on', shown), (found['status'], found['mode']))
            self.assertEqual('db', found['certificate']['cn'])

    def test_enable_and_disable(self) -> None:
        self.assertEqual({'restart_required': False}, self.act())
        self.act(mode=None)
        self.act(enable=False, disable=True, mode=None, container=None)

        states = [call.args[0] for call in self.driver.set_tls.mock_calls]
        self.assertEqual(
            ['enforced', 'basic', 'off'], [state.mode for state in states]
        )
        self.assertEqual(self.container['ca'], states[0].bundle.authority)
        self.assertIsNone(states[2].bundle)

    def test_roll_back(self) -> None:
        found = self.manager.ssl_rollback(self.context)

        self.assertEqual({'restart_required': True}, found)
        self.driver.restore_tls.assert_called_once_with()

    def test_what_is_refused(self) -> None:
        for changes in (
            {'disable': True},
            {'enable': False},
            {'mode': 'strict'},
            {'container': None},
            {'mode': 'mtls', 'container': {**self.container, 'ca': ''}},
        ):
            self.assertRaises(exception.BadRequest, self.act, **changes)
        self.driver.set_tls.assert_not_called()
