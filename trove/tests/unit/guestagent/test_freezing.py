# SPDX-License-Identifier: Apache-2.0
"""The volume is frozen for a snapshot, and never for long."""

from __future__ import annotations

import pathlib
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import freezing
from trove.guestagent import manager
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import fakes


class Driver(fakes.Driver):
    """Notes what is done to its volume."""

    capabilities = fakes.Driver.capabilities | {datastores.Capability.SNAPSHOT}

    def freeze(self) -> None:
        self._note('freeze')

    def thaw(self) -> None:
        self._note('thaw')


class FreezingTest(base.TestCase):
    """Given a volume that is not frozen."""

    def setUp(self) -> None:
        super().setUp()
        self.driver = Driver()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.freezer = self.agent()

    def agent(self) -> freezing.Freezer:
        freezer = freezing.Freezer(mock.Mock(driver=self.driver), self.top)
        self.addCleanup(freezer.stop)
        freezer.start()
        return freezer

    def done(self) -> list[str]:
        found = [name for name, *_ in self.driver.calls]
        self.driver.calls.clear()
        return found

    def refused(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError, self.freezer.thaw
        )
        self.assertIn('thawed before', str(error))

    def test_until_it_is_thawed(self) -> None:
        self.freezer.freeze(60)
        self.assertEqual(['freeze'], self.done())

        self.freezer.thaw()

        self.assertEqual(['thaw'], self.done())
        self.refused()

    def test_it_is_thawed_in_time_and_says_so(self) -> None:
        self.freezer.freeze(0.01)

        waiting.until(lambda: 'thaw' in self.done(), 'it is thawed')

        self.refused()
        self.assertIn('Thawing the volume after', self.logs.output)

    def test_one_that_cannot_be_frozen_is_thawed(self) -> None:
        def fail() -> None:
            raise exception.DatastoreError(action='freeze', reason='busy')

        self.driver.freeze = fail  # type: ignore[method-assign]

        self.assertRaises(exception.DatastoreError, self.freezer.freeze, 60)

        self.assertEqual(['thaw'], self.done())
        self.refused()

    def test_a_second_order_begins_anew(self) -> None:
        self.freezer.freeze(60)
        self.freezer.freeze(60)

        self.assertEqual(['freeze', 'thaw', 'freeze'], self.done())
        self.freezer.thaw()

    def test_an_agent_that_ends_thaws_it(self) -> None:
        self.freezer.freeze(60)
        self.done()

        self.freezer.stop()

        self.assertEqual(['thaw'], self.done())

    def test_what_a_killed_agent_left_frozen_is_thawed(self) -> None:
        self.freezer.freeze(60)
        self.done()

        self.agent()

        self.assertEqual(['thaw'], self.done())
        self.agent()
        self.assertEqual([], self.done())

    def test_orders(self) -> None:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        agent = supervisor.Supervisor(
            self.driver, directory, mock.Mock(), 'this boot'
        )
        self.addCleanup(agent.stop)
        self.addCleanup(self.driver.end)
        agent.prepare(datastores.Preparation(memory_mb=256))
        self.freezer = freezing.Freezer(agent, self.top)
        self.addCleanup(self.freezer.stop)
        self.manager = manager.Manager(
            agent, *[mock.Mock() for _ in range(7)], freezer=self.freezer
        )
        context = trove_context.TroveContext()
        self.done()

        self.assertEqual(
            {}, self.manager.pre_create_backup(context, seconds=60, id='b')
        )
        self.assertEqual(['freeze'], self.done())
        self.manager.post_create_backup(context)

        self.assertEqual(['thaw'], self.done())
        error = self.assertRaises(
            exception.DatastoreError,
            self.manager.post_create_backup,
            context,
            id='b',
        )
        self.assertIn('Make the backup again', str(error))
