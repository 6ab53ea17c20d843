# SPDX-License-Identifier: Apache-2.0
"""Orders about users, as the driver is asked for them."""

from __future__ import annotations

from typing import Any
from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import manager
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent.datastores import base as datastores
from trove.tests import base


class UpdateAttributesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(guest_id='the instance', tenant_id='the project')
        supervisor = mock.MagicMock()
        supervisor.driver.capabilities = frozenset(datastores.Capability)
        turn = supervisor.turn.return_value
        turn.__exit__.return_value = False
        self.driver = turn.__enter__.return_value
        self.conductor = mock.Mock()
        self.manager = manager.Manager(
            supervisor,
            reporter.Reporter(
                self.conf, self.conductor, monotonic_time.MonotonicTime(None)
            ),
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
        )

    def update(self, attributes: dict[str, Any]) -> None:
        self.manager.update_attributes(
            trove_context.make_admin_context(),
            username='eve',
            hostname='%',
            user_attrs=attributes,
        )

    def test_the_driver_is_asked(self) -> None:
        self.update({'name': 'mallory', 'password': None})

        self.driver.update_user.assert_called_once_with(
            'eve', '%', {'name': 'mallory', 'password': None}
        )
        self.conductor.notify_exc_info.assert_not_called()

    def test_what_fails_becomes_a_fault(self) -> None:
        unknown = exception.UserNotFound(name='eve')
        self.driver.update_user.side_effect = unknown

        self.update({'name': 'mallory'})

        said = self.conductor.notify_exc_info.call_args.kwargs
        self.assertIn('eve', said['message'])
