# SPDX-License-Identifier: Apache-2.0
"""Keeps the database as it is meant to be, whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import os
import pathlib
import select
import threading
import time

from oslo_log import log as logging

from trove.common import exception
from trove.guestagent import state as states
from trove.guestagent import turns
from trove.guestagent.datastores import base

LOG = logging.getLogger(__name__)

_STATE_FILE = 'state.json'
#: Seconds after an error of the agent itself.
_LOOK_AGAIN = 1.0


class Supervisor:
    """Carries out what is asked of the server, and restarts it if it dies.

    :param state_dir: an existing directory for what must be remembered
    :param boot: name of this boot of the machine
    :param changed: called when the status has changed by itself; it must
        not wait for anything
    """

    def __init__(
        self,
        driver: base.Driver,
        state_dir: pathlib.Path,
        changed: Callable[[], None],
        boot: str,
    ) -> None:
        self._boot = boot
        self._driver = driver
        self._path = state_dir / _STATE_FILE
        self._changed = changed
        #: Of all who use the server.
        self.turns = turns.Turns()
        self._state = states.load(self._path)
        # What to report while an operation has the server down for a moment.
        self._pinned: str | None = None
        self._failures: list[float] = []
        self._crashed = False
        # Whether it ran when last seen.
        self._up = False
        self._stopping = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._watch, name='supervisor', daemon=True
        )

    # Its life

    def start(self) -> None:
        """Begin to watch; a database that is meant to run is started."""
        before = self._state
        self._remember(states.after_start(before, self._boot))
        if before.phase == states.BUILDING:
            LOG.error(
                'The agent ended while it made the database, which is not '
                'complete. Delete the instance and create it anew.'
            )
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; the database stays as it is."""
        self._stopping = True
        self._signal()
        if self._thread.is_alive():
            # A server that takes long to come up goes on without us.
            self._thread.join(timeout=5)
        if not self._thread.is_alive() and self._wake >= 0:
            wake, self._wake = self._wake, -1
            os.close(wake)

    @property
    def driver(self) -> base.Driver:
        """For what needs no turn."""
        return self._driver

    def status(self) -> str:
        """How the database is, in the words of a heartbeat."""
        if self._pinned is not None:
            return self._pinned
        state = self._state
        alive = answers = False
        if state.phase == states.READY:
            alive = self._driver.pid() is not None
            answers = alive and self._driver.answers()
        return states.describe(state, alive, answers, self._crashed)

    def version(self) -> str | None:
        """The version of the server that runs, None when nobody knows."""
        return self._driver.version()

    # Operations

    @contextlib.contextmanager
    def turn(self) -> Iterator[base.Driver]:
        """Use the driver, after all who asked before.

        :raises trove.common.exception.Unprocessable: there is no database
        """
        with self.turns:
            if self._state.phase != states.READY:
                status = states.describe(self._state, False, False, False)
                raise exception.Unprocessable(
                    reason=f'the database is not there, its status is '
                    f'"{status}".'
                )
            yield self._driver

    def prepare(self, preparation: base.Preparation) -> None:
        """Make the database and start it; may be repeated.

        :raises trove.common.exception.TroveError: it cannot be made
        """
        with self.turns:
            before = self._state
            # Repeated, it must not take back what works.
            ready = before.phase == states.READY
            if not ready:
                self._phase(states.BUILDING)
            try:
                self._driver.prepare(preparation)
            except BaseException:
                if not ready:
                    self._phase(states.FAILED)
                raise
            self._remember(states.State(phase=states.READY))
            self._come_up()

    def _phase(self, phase: str) -> None:
        self._remember(dataclasses.replace(self._state, phase=phase))
        self._changed()

    def run(self, config_contents: str | None) -> None:
        """Start the server, with another basic configuration."""
        with self.turn() as driver, self._pin():
            driver.configure(config_contents)
            self._check_start(driver)
            driver.stop()
            self._want(True)
            driver.start()
        self._come_up()

    def restart(self) -> None:
        with self.turn() as driver, self._pin():
            self._check_start(driver)
            self._want(True)
            driver.restart()
        self._come_up()

    def _check_start(self, driver: base.Driver) -> None:
        """See that what is stopped now can be started again.

        :raises trove.common.exception.DatastoreError: it cannot, so it must
            not be stopped
        """
        try:
            # Even if it says the same: it is written when it changes next.
            states.save(self._path, self._state)
            driver.check_start()
        except OSError as error:
            raise exception.DatastoreError(
                action='restart',
                reason=f'{error.filename or self._path}: {error.strerror}. '
                'The database was left as it is. See to that file or '
                'directory on the server of the instance, then try again.',
            ) from error

    def halt(self, start_on_reboot: bool) -> None:
        """Stop the server until somebody starts it.

        :param start_on_reboot: or until its machine boots
        """
        with self.turn() as driver:
            self._remember(
                states.stopped(self._state, self._boot, start_on_reboot)
            )
            driver.stop()
        self._come_up()

    def _want(self, running: bool) -> None:
        self._remember(
            dataclasses.replace(self._state, wanted=running, stopped_in=None)
        )

    @contextlib.contextmanager
    def _pin(self) -> Iterator[None]:
        self._pinned = self.status()
        try:
            yield
        finally:
            self._pinned = None
            self._signal()

    def _come_up(self) -> None:
        """What happened before no longer counts."""
        self._crashed = False
        self._up = self._state.wanted
        self._failures.clear()
        self._signal()

    def _remember(self, state: states.State) -> None:
        if state != self._state:
            states.save(self._path, state)
            self._state = state

    # Watching

    def _watch(self) -> None:
        while not self._stopping:
            try:
                self._look()
            except Exception:
                LOG.exception(
                    'Watching the database failed; it goes on in %s s.',
                    _LOOK_AGAIN,
                )
                self._sleep(_LOOK_AGAIN)

    def _look(self) -> None:
        """One step: wait for what may happen, or start the server."""
        if not self._wanted():
            self._sleep(None)
            return
        pid = self._driver.pid()
        if pid is not None:
            self._up = True
            self._sleep_until_end(pid)
            return
        pause = 0.0
        with self.turns:
            if self._wanted() and self._driver.pid() is None:
                pause = self._recover()
        if pause:
            self._sleep(pause)

    def _wanted(self) -> bool:
        return (
            not self._stopping
            and self._state.phase == states.READY
            and self._state.wanted
        )

    def _recover(self) -> float:
        """Start a server that is meant to run and does not.

        An end that nobody ordered is a crash.

        :returns: seconds to wait before it may be started
        """
        if self._up:
            self._up = False
            self._fail()
            LOG.error(
                'The database ended by itself. Its log says why; it is '
                'started again.'
            )
            self._changed()
        pause = states.pause_before_start(self._failures, time.monotonic())
        if pause:
            return pause
        LOG.info('The database does not run and is meant to; starting it.')
        try:
            self._driver.start()
        except exception.TroveError as error:
            self._fail()
            LOG.error(
                'The database does not start: %s It is tried again; nothing '
                'else is needed if the cause goes away.',
                error,
            )
        else:
            self._crashed = False
            self._up = True
        self._changed()
        return 0.0

    def _fail(self) -> None:
        self._crashed = True
        now = time.monotonic()
        self._failures = [
            moment
            for moment in self._failures
            if now - moment < states.CRASH_WINDOW
        ] + [now]

    def _sleep(self, seconds: float | None) -> None:
        """Wait, but no longer than until the next order."""
        poller = select.poll()
        poller.register(self._wake, select.POLLIN)
        if poller.poll(None if seconds is None else seconds * 1000):
            self._clear()

    def _sleep_until_end(self, pid: int) -> None:
        """Wait until the server ends, or the next order."""
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            # The id may have been given to another process meanwhile.
            if self._driver.pid() == pid:
                poller = select.poll()
                poller.register(process, select.POLLIN)
                poller.register(self._wake, select.POLLIN)
                poller.poll()
                self._clear()
        finally:
            os.close(process)

    def _signal(self) -> None:
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def _clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
