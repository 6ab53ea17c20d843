# SPDX-License-Identifier: Apache-2.0
"""The orders about logs, as the manager has them."""

from __future__ import annotations

from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import logs
from trove.guestagent import manager
from trove.guestagent.datastores import base as datastores
from trove.tests import base


class LogOrdersTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        supervisor = mock.Mock()
        supervisor.driver.capabilities = {
            datastores.Capability.LOGS,
            datastores.Capability.LOG_ARCHIVE,
        }
        self.supervisor = supervisor
        self.logs = mock.Mock()
        report, modules = mock.Mock(), mock.Mock()
        self.reporter = mock.MagicMock()
        self.backups = mock.Mock()
        self.manager = manager.Manager(
            supervisor,
            self.reporter,
            report,
            self.backups,
            self.logs,
            modules,
        )
        self.context = trove_context.TroveContext()

    def test_list(self) -> None:
        found = self.manager.guest_log_list(self.context)

        self.assertIs(self.logs.list_.return_value, found)
        self.logs.list_.assert_called_once_with(self.context)

    def act(self) -> object:
        return self.manager.guest_log_action(
            self.context,
            'general',
            # Releases send whatever is true.
            enable=1,
            disable=None,
            publish=True,
            discard=0,
            store={'driver': 'local'},
        )

    def test_action(self) -> None:
        shown = self.act()

        self.assertIs(self.logs.act.return_value, shown)
        self.logs.act.assert_called_once_with(
            self.context,
            'general',
            logs.Action(enable=True, publish=True),
            {'driver': 'local'},
        )

    def test_a_datastore_without_logs(self) -> None:
        self.supervisor.driver.capabilities = ()

        self.assertRaises(exception.NotSupported, self.act)

    def test_the_log_of_changes(self) -> None:
        order = {'series': 1}

        self.manager.archive_log(self.context, order, store={'driver': 'x'})

        self.backups.log.order.assert_called_once_with(
            order, {'driver': 'x'}
        )

    def test_the_log_of_a_datastore_without_one(self) -> None:
        self.supervisor.driver.capabilities = {datastores.Capability.LOGS}
        self.reporter.reporting.return_value.__exit__.return_value = True

        self.manager.archive_log(self.context, None)

        self.backups.log.order.assert_not_called()
        self.reporter.reporting.assert_called_once_with(
            self.context, 'carry out the order (archive_log)'
        )
