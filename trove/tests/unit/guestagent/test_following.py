# SPDX-License-Identifier: Apache-2.0
"""What heartbeats have of a replica, and what is done for it."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.guestagent import following
from trove.guestagent import state as states
from trove.guestagent import supervisor
from trove.guestagent.datastores import replication
from trove.tests import base
from trove.tests.unit.guestagent import fakes

BROKEN = exception.DatastoreError(action='answer', reason='it is broken.')


class Driver(fakes.Driver):
    state: replication.State | None = None

    def replication_state(self) -> replication.State | None:
        self._note('replication_state')
        return self.state


class FollowingTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        states.save(directory / 'state.json', states.State(states.READY))
        self.driver = Driver()
        self.addCleanup(self.driver.end)
        self.driver.start()
        self.supervisor = supervisor.Supervisor(
            self.driver, directory, lambda: None, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.following = following.Following(self.conf, self.supervisor)

    def when_looked(self) -> None:
        self.driver.calls.clear()
        self.following.look()

    def test_a_primary(self) -> None:
        self.when_looked()

        self.assertIsNone(self.following.report())

    def test_a_replica(self) -> None:
        self.driver.state = replication.State(
            follows=True, lag=1.5, errant='0-1-' + '7' * 999 + ',0-2-8'
        )

        self.when_looked()

        self.assertEqual(
            {
                'follows': True,
                'lag': 1.5,
                'errant': f'0-1-{"7" * 171} ... {"7" * 14},0-2-8',
                'error': '',
            },
            self.following.report(),
        )
        self.assertEqual([('replication_state',)], self.driver.calls)

    def test_one_that_has_stalled_is_restarted(self) -> None:
        self.driver.state = replication.State(follows=False, stalled=True)
        before = self.driver.pid()

        self.when_looked()

        self.assertNotIn(self.driver.pid(), (None, before))
        self.assertIs(False, (self.following.report() or {})['follows'])

    def test_one_that_does_not_answer(self) -> None:
        self.driver.state = replication.State(follows=True)
        self.when_looked()
        self.driver.error = BROKEN

        self.when_looked()

        self.assertIsNone(self.following.report())

    def test_one_that_does_not_run_is_not_asked(self) -> None:
        self.driver.end()

        self.when_looked()

        self.assertEqual([], self.driver.calls)
