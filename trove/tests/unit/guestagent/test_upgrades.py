# SPDX-License-Identifier: Apache-2.0
"""Orders about another version of the database server."""

from __future__ import annotations

import pathlib
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import manager
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.unit.guestagent import fakes


class Driver(fakes.Driver):
    capabilities = fakes.Driver.capabilities | {datastores.Capability.UPGRADE}

    running = '18.6'

    def check_upgrade(self, version: str) -> None:
        if version == '18.9':
            raise exception.DatastoreError(action='run it', reason='not there')

    def upgrade(self, version: str) -> None:
        self._note('upgrade', version)
        self.running = version

    def finish_upgrade(self) -> None:
        self._note('finish')
        raise exception.DatastoreError(action='count', reason='it is busy')

    def version(self) -> str:
        return self.running


class UpgradeTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver = Driver()
        self.addCleanup(self.driver.end)
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        watched = supervisor.Supervisor(
            self.driver, directory, lambda: None, 'this boot'
        )
        self.addCleanup(watched.stop)
        watched.start()
        watched.prepare(datastores.Preparation(memory_mb=256))
        self.config(guest_id='the instance', tenant_id='the project')
        self.conductor = mock.Mock()
        self.manager = manager.Manager(
            watched,
            reporter.Reporter(
                self.conf, self.conductor, monotonic_time.MonotonicTime(None)
            ),
            lambda: None,
            mock.Mock(),
            mock.Mock(),
            mock.Mock(),
        )
        self.context = trove_context.make_admin_context()

    def upgrade(self, version: str) -> None:
        self.manager.upgrade(self.context, {'datastore_version': version})

    def post_upgrade(self, version: str) -> None:
        self.manager.post_upgrade(self.context, {'datastore_version': version})

    def test_it_is_checked_and_done(self) -> None:
        info = self.manager.pre_upgrade(self.context, datastore_version='18.7')
        self.upgrade('18.7')
        self.manager.post_upgrade(self.context, info)

        self.assertIn(('upgrade', '18.7'), self.driver.calls)
        self.conductor.notify_exc_info.assert_not_called()

    def test_what_follows_does_not_fail_it(self) -> None:
        self.upgrade('18.7')

        self.assertEqual(('finish',), self.driver.calls[-1])
        self.post_upgrade('18.7')
        self.conductor.notify_exc_info.assert_not_called()
        # And nothing follows one that failed
        self.upgrade('18.9')
        self.assertEqual(1, self.driver.calls.count(('finish',)))

    def test_task_managers_of_releases(self) -> None:
        self.manager.pre_upgrade(self.context)
        self.manager.upgrade(self.context, instance_version='18.7')

        self.post_upgrade('18.7')

    def test_a_version_that_is_not_installed(self) -> None:
        for order in (
            lambda: self.manager.pre_upgrade(
                self.context, datastore_version='18.9'
            ),
            lambda: self.upgrade('18.9') or self.post_upgrade('18.9'),
        ):
            error = self.assertRaises(exception.DatastoreError, order)
            self.assertIn('not there', str(error))
        self.assertNotIn(('upgrade', '18.9'), self.driver.calls)
        told = self.conductor.notify_exc_info.call_args.kwargs['message']
        self.assertIn('not there', told)

    def test_one_that_does_not_start(self) -> None:
        self.driver.error = exception.DatastoreError(action='x', reason='y')

        self.upgrade('18.7')

        self.assertRaises(
            exception.DatastoreError, self.post_upgrade, '18.7'
        )
        # When it is repeated
        self.upgrade('18.7')
        self.post_upgrade('18.7')

    def test_an_order_that_was_lost(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError, self.post_upgrade, '18.7'
        )

        self.assertIn('it runs 18.6', str(error))

    def test_a_version_without_a_number(self) -> None:
        self.upgrade('latest')

        told = self.conductor.notify_exc_info.call_args.kwargs['message']
        self.assertIn('has no number', told)
