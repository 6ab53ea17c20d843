# SPDX-License-Identifier: Apache-2.0
"""A new agent takes over the data of a former machine, or says why not."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import manager
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent import state as states
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.unit.guestagent import fakes


class Successor(fakes.Driver):
    capabilities = fakes.Driver.capabilities | {datastores.Capability.REBUILD}

    def rebuild(self, preparation: datastores.Preparation) -> None:
        self._note('rebuild', preparation)
        self.start()


class RebuildTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver = Successor()
        self.addCleanup(self.driver.end)
        self.statuses: list[str] = []
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.supervisor = supervisor.Supervisor(
            self.driver, directory, self.changed, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.supervisor.start()
        self.config(guest_id='the instance', tenant_id='the project')
        self.conductor = mock.Mock()
        self.manager = manager.Manager(
            self.supervisor,
            reporter.Reporter(
                self.conf, self.conductor, monotonic_time.MonotonicTime(None)
            ),
            self.changed,
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
        )

    def changed(self) -> None:
        self.statuses.append(self.supervisor.status())

    def rebuild(self, **arguments: Any) -> None:
        self.manager.rebuild(
            trove_context.make_admin_context(), ds_version='18', **arguments
        )

    def test_data_are_taken_over(self) -> None:
        self.rebuild(config_overrides={'work_mem': '7MB'})

        ((_, told),) = (
            each for each in self.driver.calls if each[0] == 'rebuild'
        )
        self.assertEqual('18', told.version)
        self.assertEqual({'work_mem': '7MB'}, told.overrides)
        self.assertEqual(['building', 'healthy', 'healthy'], self.statuses)

    def test_data_that_it_cannot_use(self) -> None:
        self.driver.error = exception.DatastoreError(
            action='find its data', reason='no volume'
        )

        self.rebuild()

        self.assertEqual('failed to spawn', self.supervisor.status())
        told = self.conductor.notify_exc_info.call_args.kwargs['message']
        self.assertIn('take over the data', told)
        self.assertIn('no volume', told)

        self.rebuild()

        self.assertEqual('healthy', self.supervisor.status())

    def test_a_failed_repetition_harms_nothing(self) -> None:
        self.rebuild()
        self.driver.error = exception.DatastoreError(action='x', reason='y')

        self.rebuild()

        self.assertEqual('healthy', self.supervisor.status())
        self.assertEqual(states.READY, self.supervisor._state.phase)
