# SPDX-License-Identifier: Apache-2.0
"""The supervisor's watch: crashes, pauses, and orders in between."""

from __future__ import annotations

import pathlib
import select
import threading
import time

import fixtures

from trove.common import exception
from trove.guestagent import state as states
from trove.guestagent import supervisor
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import fakes

BROKEN = exception.DatastoreError(action='start', reason='it is broken.')


class Driver(fakes.Driver):
    """Its server does not start ``broken`` times."""

    broken = 0
    takes_back = False

    def start(self) -> None:
        if self.broken:
            self.broken -= 1
            self.error = BROKEN
        super().start()
        if self.takes_back:
            raise exception.SettingsTakenBack(reason='too many.')


class Poller:
    """Waits for files as ever, and for a time not at all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._poll = select.poll()
        self._files = 0

    def register(self, file: int, events: int) -> None:
        self._files += 1
        self._poll.register(file, events)

    def poll(self, milliseconds: float | None = None) -> object:
        if milliseconds is None:
            self._clock.idle += self._files == 1
            return self._poll.poll()
        self._clock.pauses.append(milliseconds / 1000)
        # Also after a pause of nothing: else a wrong one would last for ever.
        self._clock.now += max(1.0, milliseconds / 1000)
        return []


class Clock(fixtures.Fixture):
    """The time of the supervisor, which passes when it sleeps.

    :ivar pauses: how long it slept, in seconds
    :ivar idle: how often it went to sleep until the next order
    """

    POLLIN = select.POLLIN

    def __init__(self) -> None:
        super().__init__()
        self.now = time.monotonic()
        self.pauses: list[float] = []
        self.idle = 0

    def _setUp(self) -> None:
        for name in 'select', 'time':
            self.useFixture(
                fixtures.MonkeyPatch(f'{supervisor.__name__}.{name}', self)
            )

    def poll(self) -> Poller:
        return Poller(self)

    def monotonic(self) -> float:
        return self.now


class WatchTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        states.save(
            self.directory / 'state.json', states.State(phase=states.READY)
        )
        self.clock = self.useFixture(Clock())
        self.driver = Driver()
        self.addCleanup(self.driver.end)
        self.statuses: list[str] = []
        self.troubles: list[str] = []
        self.supervisor = supervisor.Supervisor(
            self.driver, self.directory, self.changed, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)

    def changed(self) -> None:
        self.statuses.append(self.supervisor.status())
        self.troubles.append(self.supervisor.trouble())

    def given_it_runs(self) -> None:
        self.supervisor.start()
        self.wait_until_it_runs()

    def wait_until_it_runs(self, former: int | None = None) -> None:
        waiting.until(
            lambda: self.driver.pid() not in (None, former), 'it runs'
        )
        # What the watch does about it is done then.
        with self.supervisor.turn():
            pass

    def asked(self, than: int) -> bool:
        """Whether more turns were asked for."""
        return self.supervisor.turns._given > than

    def test_pauses_grow_while_it_does_not_start(self) -> None:
        self.driver.broken = 5

        self.given_it_runs()

        self.assertEqual([1.0, 2.0, 4.0, 8.0], self.clock.pauses)

    def test_pauses_grow_while_it_crashes(self) -> None:
        self.given_it_runs()
        for _ in range(3):
            former = self.driver.pid()
            self.driver.kill()
            self.wait_until_it_runs(former)

        self.assertEqual([1.0, 2.0], self.clock.pauses)

    def given_crashes(self, number: int) -> None:
        for _ in range(number):
            former = self.driver.pid()
            self.driver.kill()
            self.wait_until_it_runs(former)

    def test_one_that_crashes_repeatedly_is_told(self) -> None:
        self.driver.broken = 3
        self.given_it_runs()

        self.given_crashes(2)
        self.assertEqual('', self.supervisor.trouble())
        self.given_crashes(1)

        self.assertIn('crashed at least 3', self.supervisor.trouble())
        # Until it has not crashed for a while, or an order restarts it
        self.clock.now += states.CRASH_WINDOW
        self.assertEqual('', self.supervisor.trouble())
        self.given_crashes(3)
        self.assertIn('log of the kernel', self.supervisor.trouble())
        self.supervisor.restart()
        self.assertEqual('', self.supervisor.trouble())

    def test_after_an_order_crashes_count_anew(self) -> None:
        self.driver.broken = 3
        self.given_it_runs()
        self.supervisor.restart()
        former = self.driver.pid()

        self.driver.kill()
        self.wait_until_it_runs(former)

        self.assertEqual([1.0, 2.0], self.clock.pauses)

    def test_one_that_runs_with_former_settings_runs(self) -> None:
        self.driver.takes_back = True

        self.given_it_runs()

        self.assertEqual([], self.clock.pauses)
        self.assertEqual(['healthy'], self.statuses)
        self.assertIn('Correct the group', self.logs.output)
        # It is reported, also by the next agent, until an order ends it.
        next_agent = supervisor.Supervisor(
            self.driver, self.directory, self.changed, 'this boot'
        )
        for each in (self.supervisor, next_agent):
            self.assertIn('It said: too many.', each.trouble())
        self.driver.takes_back = False
        self.supervisor.restart()
        self.assertEqual('', self.supervisor.trouble())

    def test_why_it_does_not_start_is_reported_until_it_does(self) -> None:
        self.driver.broken = 1

        self.given_it_runs()

        self.assertIn('it is broken. Retrying', self.troubles[0])
        self.assertEqual('', self.troubles[-1])

    def test_a_start_of_the_machine_is_no_crash(self) -> None:
        self.given_it_runs()

        self.assertNotIn('has crashed', self.logs.output)
        self.assertEqual(['healthy'], self.statuses)

    def test_each_change_is_told(self) -> None:
        self.given_it_runs()
        former = self.driver.pid()

        self.driver.kill()
        self.wait_until_it_runs(former)

        self.assertEqual(['healthy', 'crashed', 'healthy'], self.statuses)

    def test_after_an_error_of_the_agent_it_pauses(self) -> None:
        self.driver.error = ZeroDivisionError()  # type: ignore[assignment]

        self.given_it_runs()

        self.assertEqual([1.0], self.clock.pauses)

    def test_what_was_stopped_is_not_started(self) -> None:
        self.given_it_runs()

        self.supervisor.halt(start_on_reboot=False)

        waiting.until(
            lambda: self.clock.idle or self.driver.pid(), 'it has looked'
        )
        self.assertIsNone(self.driver.pid())
        state = states.load(self.directory / 'state.json')
        self.assertEqual((False, None), (state.wanted, state.stopped_in))

    def test_one_that_does_not_answer_is_not_healthy(self) -> None:
        self.given_it_runs()
        self.useFixture(
            fixtures.MockPatchObject(
                self.driver, 'answers', return_value=False
            )
        )

        self.assertEqual('running', self.supervisor.status())

    def test_orders_wait_for_their_turns(self) -> None:
        self.given_it_runs()
        with self.supervisor.turn():
            before = self.supervisor.turns._given
            calls = list(self.driver.calls)
            other = threading.Thread(target=self.supervisor.restart)
            other.start()
            waiting.until(
                lambda: self.asked(before) or not other.is_alive(), 'it asks'
            )
            self.assertEqual(calls, self.driver.calls)
        other.join()
        self.assertNotEqual(calls, self.driver.calls)

    def test_the_watch_waits_for_its_turn(self) -> None:
        # Given an order that has the server down for a moment
        self.given_it_runs()
        with self.supervisor.turn() as driver:
            before = self.supervisor.turns._given
            calls = list(self.driver.calls)
            self.driver.kill()
            waiting.until(
                lambda: self.asked(before) or calls != self.driver.calls,
                'the watch has noticed',
            )
            self.assertEqual(calls, self.driver.calls)
            driver.start()
        # Then it has no reason to start it.
        with self.supervisor.turn():
            pass
        self.assertEqual(1 + len(calls), len(self.driver.calls))
        self.assertNotIn('has crashed', self.logs.output)
