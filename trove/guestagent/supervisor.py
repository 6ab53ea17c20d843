# SPDX-License-Identifier: Apache-2.0
"""Keeps the database in its wanted state."""

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
#: Delay in seconds after an unexpected error.
_RETRY_DELAY = 1.0


class Supervisor:
    """Operates the database server, and restarts it after a crash.

    :param state_dir: an existing directory for persistent state
    :param boot: id of this boot of the machine
    :param changed: called when the status has changed without an order; must
        not block
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
        #: The turns of all users of the database server.
        self.turns = turns.Turns()
        self._state = states.load(self._path)
        # The status during an operation that restarts the server.
        self._pinned: str | None = None
        self._failures: list[float] = []
        self._crashes: list[float] = []
        self._crashed = False
        self._trouble = ''  # Why it does not start.
        # Whether it was running at the last look.
        self._up = False
        self._stopping = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._watch, name='supervisor', daemon=True
        )

    # Start and stop

    def start(self) -> None:
        """Begin to watch; start the database if it is wanted."""
        before = self._state
        self._remember(states.after_start(before, self._boot))
        if before.phase == states.BUILDING:
            LOG.error(
                'The agent ended while it created the database, which is '
                'incomplete. Delete the instance and create it again.'
            )
            self._end_unfinished()
        self._thread.start()

    def _end_unfinished(self) -> None:
        """Stop a server that nobody uses: it may be that of a restore."""
        try:
            self._driver.stop()
        except exception.TroveError as error:
            LOG.error('A server that is not complete may still run: %s', error)

    def stop(self) -> None:
        """Stop watching; the database is left unchanged."""
        self._stopping = True
        self._signal()
        if self._thread.is_alive():
            # It may be waiting for a slow start of the server.
            self._thread.join(timeout=5)
        if not self._thread.is_alive() and self._wake >= 0:
            wake, self._wake = self._wake, -1
            os.close(wake)

    @property
    def driver(self) -> base.Driver:
        """The driver, for operations that need no turn."""
        return self._driver

    def status(self) -> str:
        """Return the status to report in a heartbeat."""
        if self._pinned is not None:
            return self._pinned
        state = self._state
        alive = answers = False
        if state.phase == states.READY:
            alive = self._driver.pid() is not None
            answers = alive and self._driver.answers()
        return states.describe(state, alive, answers, self._crashed)

    def version(self) -> str | None:
        """Return the version of the running server, None when unknown."""
        return self._driver.version()

    def trouble(self) -> str:
        """Return why it does not run, or not as it should, else ''."""
        crashes = states.crash_loop(self._crashes, time.monotonic())
        return self._trouble or self._state.taken_back or crashes

    @property
    def is_steady(self) -> bool:
        """Whether the server runs, and no order restarts it."""
        return (
            self._pinned is None
            and self._state.phase == states.READY
            and self._driver.pid() is not None
        )

    # Operations

    @contextlib.contextmanager
    def turn(self) -> Iterator[base.Driver]:
        """Wait for the turn, then yield the driver.

        :raises trove.common.exception.Unprocessable: there is no database
        """
        with self.turns:
            if self._state.phase != states.READY:
                status = states.describe(self._state, False, False, False)
                raise exception.Unprocessable(
                    reason=f'the database does not exist, its status is '
                    f'"{status}".'
                )
            yield self._driver

    @contextlib.contextmanager
    def restarting(self) -> Iterator[base.Driver]:
        """Like :meth:`turn`, for what may restart the server.

        The server is wanted to run from then on.
        """
        with self.turn() as driver, self._pin():
            self._check_start(driver)
            self._want(True)
            yield driver
        self._forget_failures()

    def prepare(self, preparation: base.Preparation) -> None:
        """Create the database and start it; may be repeated.

        :raises trove.common.exception.TroveError: it cannot be created
        """
        with self.turns:
            before = self._state
            # A failed repetition must not make a working database FAILED.
            ready = before.phase == states.READY
            if ready:
                preparation = dataclasses.replace(preparation, backup=None)
            else:
                self._phase(states.BUILDING)
            try:
                self._driver.prepare(preparation)
            except BaseException:
                if not ready:
                    self._phase(states.FAILED)
                raise
            self._remember(states.State(phase=states.READY))
            self._forget_failures()

    def rebuild(self, preparation: base.Preparation) -> None:
        """Take over the data of a former machine; may be repeated.

        :raises trove.common.exception.TroveError: it cannot be done; the
            data are unchanged
        """
        with self.turns:
            if self._state.phase != states.READY:
                self._pinned = states.STATUS_BUILDING
                self._changed()
            try:
                self._driver.rebuild(preparation)
                self._remember(states.State(phase=states.READY))
            except BaseException:
                if self._state.phase != states.READY:
                    self._remember(states.State(phase=states.FAILED))
                raise
            finally:
                self._pinned = None
                self._changed()
            self._forget_failures()

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
        self._forget_failures()

    def restart(self) -> None:
        with self.restarting() as driver:
            driver.restart()

    def _check_start(self, driver: base.Driver) -> None:
        """Check that the server can be started again after a stop.

        :raises trove.common.exception.DatastoreError: it cannot, so it must
            not be stopped
        """
        try:
            # Even if unchanged: it must be writable when it changes next.
            states.save(self._path, self._state)
            driver.check_start()
        except OSError as error:
            raise exception.DatastoreError(
                action='restart',
                reason=f'{error.filename or self._path}: {error.strerror}. '
                'The database was not stopped. Check that file or directory '
                'on the server of the instance, then retry.',
            ) from error

    def halt(self, start_on_reboot: bool) -> None:
        """Stop the server until it is started by an order.

        :param start_on_reboot: start it at the next boot, too
        """
        with self.turn() as driver:
            self._remember(
                states.stopped(self._state, self._boot, start_on_reboot)
            )
            driver.stop()
        self._forget_failures()

    def _want(self, running: bool) -> None:
        self._remember(
            dataclasses.replace(
                self._state, wanted=running, stopped_in=None, taken_back=''
            )
        )

    @contextlib.contextmanager
    def _pin(self) -> Iterator[None]:
        self._pinned = self.status()
        try:
            yield
        finally:
            self._pinned = None
            self._signal()

    def _forget_failures(self) -> None:
        """Forget former crashes and failed starts."""
        self._crashed, self._trouble = False, ''
        self._up = self._state.wanted
        self._failures.clear()
        self._crashes.clear()
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
                    'Watching the database failed; retrying in %s s. Report '
                    'this as a bug, with the traceback.',
                    _RETRY_DELAY,
                )
                self._sleep(_RETRY_DELAY)

    def _look(self) -> None:
        """Wait for a change or an order, or start the server."""
        if not self._wanted():
            self._sleep(None)
            return
        pid = self._driver.pid()
        if pid is not None:
            self._up = True
            self._sleep_until_end(pid)
            return
        delay = 0.0
        with self.turns:
            if self._wanted() and self._driver.pid() is None:
                delay = self._recover()
        if delay:
            self._sleep(delay)

    def _wanted(self) -> bool:
        return (
            not self._stopping
            and self._state.phase == states.READY
            and self._state.wanted
        )

    def _recover(self) -> float:
        """Start a server that is wanted and not running.

        A server that exited without an order has crashed.

        :returns: seconds to wait before it may be started
        """
        if self._up:
            self._up = False
            self._fail()
            states.count(self._crashes, time.monotonic())
            LOG.error(
                'The database has crashed; restarting it. See its log for '
                'the cause.'
            )
            self._changed()
        delay = states.delay_before_start(self._failures, time.monotonic())
        if delay:
            return delay
        LOG.info('The database is not running; starting it.')
        try:
            self._driver.start()
        except exception.SettingsTakenBack as error:
            LOG.error('%s', error)
            self._forget_crash()
            self._remember(
                dataclasses.replace(self._state, taken_back=str(error))
            )
        except exception.TroveError as error:
            self._fail()
            self._trouble = (
                f'The database does not start: {error} Retrying; no other '
                'action is required once the cause is fixed.'
            )
            LOG.error('%s', self._trouble)
        else:
            self._forget_crash()
        self._changed()
        return 0.0

    def _forget_crash(self) -> None:
        self._crashed, self._up, self._trouble = False, True, ''

    def _fail(self) -> None:
        self._crashed = True
        states.count(self._failures, time.monotonic())

    def _sleep(self, seconds: float | None) -> None:
        """Wait for an order, up to a timeout."""
        poller = select.poll()
        poller.register(self._wake, select.POLLIN)
        if poller.poll(None if seconds is None else seconds * 1000):
            self._clear()

    def _sleep_until_end(self, pid: int) -> None:
        """Wait until the server exits, or for an order."""
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            # The id may have been reused since pid() was called.
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
