# SPDX-License-Identifier: Apache-2.0
"""The supervisor: orders, memory, and a server that dies."""

from __future__ import annotations

import pathlib
import shutil

import fixtures

from trove.common import exception
from trove.guestagent import state as states
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import fakes

BROKEN = exception.DatastoreError(action='start', reason='it is broken.')
PREPARATION = datastores.Preparation(memory_mb=1)


class SupervisorTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.driver = fakes.Driver()
        self.addCleanup(self.driver.end)
        self.statuses: list[str] = []
        self.supervisor = self.make()

    def make(self) -> supervisor.Supervisor:
        made = supervisor.Supervisor(
            self.driver, self.directory, self.changed, 'this boot'
        )
        self.addCleanup(made.stop)
        return made

    def changed(self) -> None:
        self.statuses.append(self.supervisor.status())

    @property
    def state(self) -> states.State:
        return states.load(self.directory / 'state.json')

    def wait_for(self, status: str) -> None:
        waiting.until(
            lambda: self.supervisor.status() == status, f'it is {status}'
        )

    def test_prepare(self) -> None:
        self.supervisor.start()
        self.assertEqual('new', self.supervisor.status())
        self.supervisor.prepare(PREPARATION)
        self.assertEqual(['building'], self.statuses)
        self.assertEqual('healthy', self.supervisor.status())
        self.assertEqual(states.State(phase=states.READY), self.state)

    def test_what_could_not_be_started_is_not_stopped(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        failure = PermissionError(13, 'Permission denied', '/state/log')
        self.useFixture(
            fixtures.MockPatchObject(
                self.driver, 'check_start', side_effect=failure
            )
        )
        for order in (
            self.supervisor.restart,
            lambda: self.supervisor.run(None),
        ):
            error = self.assertRaises(exception.DatastoreError, order)
            self.assertIn('/state/log', str(error))
            self.assertIn('not stopped', str(error))
        self.assertNotIn(('stop',), self.driver.calls)
        self.assertEqual('healthy', self.supervisor.status())

    def test_without_its_directory_nothing_is_stopped(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        shutil.rmtree(self.directory)
        for order in (
            self.supervisor.restart,
            lambda: self.supervisor.run(None),
        ):
            self.assertRaises(exception.DatastoreError, order)
        self.assertNotIn(('stop',), self.driver.calls)
        self.assertEqual('healthy', self.supervisor.status())

    def test_a_failed_prepare_is_remembered(self) -> None:
        self.supervisor.start()
        self.driver.error = BROKEN
        self.assertRaises(
            exception.DatastoreError, self.supervisor.prepare, PREPARATION
        )
        self.assertEqual(['building', 'failed to spawn'], self.statuses)
        self.assertEqual('failed to spawn', self.make().status())
        # And can be repeated
        self.supervisor.prepare(PREPARATION)
        self.assertEqual('healthy', self.supervisor.status())

    def test_a_repeated_prepare_takes_nothing_back(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        self.driver.error = BROKEN
        self.assertRaises(
            exception.DatastoreError, self.supervisor.prepare, PREPARATION
        )
        self.assertEqual('healthy', self.supervisor.status())

    def test_an_agent_killed_in_prepare_reports_the_failure(self) -> None:
        states.save(
            self.directory / 'state.json',
            states.State(phase=states.BUILDING),
        )
        self.driver.error = exception.DatastoreError(
            action='stop', reason='it hangs.'
        )
        self.supervisor = self.make()
        self.supervisor.start()
        self.assertEqual('failed to spawn', self.supervisor.status())
        self.assertIn('Delete the instance', self.logs.output)
        # And no server is left that only the preparation used
        self.assertEqual([('stop',)], self.driver.calls)
        self.assertIn('it hangs', self.logs.output)

    def test_without_a_database_nothing_is_done(self) -> None:
        for act in (
            self.supervisor.restart,
            lambda: self.supervisor.halt(True),
            lambda: self.supervisor.run(None),
        ):
            error = self.assertRaises(exception.Unprocessable, act)
            self.assertIn('its status is "new"', str(error))
        self.assertEqual([], self.driver.calls)

    def test_stop_and_start(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        # When
        self.supervisor.halt(start_on_reboot=True)
        # Then
        self.assertEqual('shutdown', self.supervisor.status())
        self.assertFalse(self.state.wanted)
        self.assertEqual('this boot', self.state.stopped_in)
        # When
        self.supervisor.run('some settings')
        # Then
        self.assertEqual('healthy', self.supervisor.status())
        self.assertTrue(self.state.wanted)
        self.assertEqual(
            [('configure', 'some settings'), ('stop',), ('start',)],
            self.driver.calls[-3:],
        )

    def test_a_restart_reports_no_gap(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        seen = []
        stop = self.driver.stop
        self.driver.stop = lambda: (
            stop(),
            seen.append(self.supervisor.status()),
        )
        self.supervisor.restart()
        self.assertEqual(['healthy'], seen)

    def test_a_server_that_dies_is_started_again(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        first = self.driver.pid()
        self.driver.kill()
        waiting.until(
            lambda: self.driver.pid() not in (None, first),
            'another server runs',
        )
        self.wait_for('healthy')
        self.assertIn('crashed', self.statuses)
        self.assertIn('has crashed', self.logs.output)

    def test_a_server_that_does_not_start_is_tried_again(self) -> None:
        # Given a server that dies and cannot come back at first
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        self.driver.error = BROKEN
        self.driver.kill()
        # Then
        waiting.until(
            lambda: 'does not start' in self.logs.output, 'it is logged'
        )
        self.wait_for('healthy')

    def test_a_database_that_is_meant_to_run_is_started(self) -> None:
        states.save(
            self.directory / 'state.json', states.State(phase=states.READY)
        )
        self.supervisor = self.make()
        self.assertEqual('shutdown', self.supervisor.status())
        self.supervisor.start()
        self.wait_for('healthy')

    def test_an_error_of_the_agent_does_not_end_the_watch(self) -> None:
        states.save(
            self.directory / 'state.json', states.State(phase=states.READY)
        )
        self.supervisor = self.make()
        self.driver.error = ZeroDivisionError()
        self.supervisor.start()
        self.wait_for('healthy')
        self.assertIn('Watching the database failed', self.logs.output)

    def test_stop_leaves_the_server_alone(self) -> None:
        self.supervisor.start()
        self.supervisor.prepare(PREPARATION)
        pid = self.driver.pid()
        self.supervisor.stop()
        self.supervisor.stop()
        self.assertEqual(pid, self.driver.pid())
