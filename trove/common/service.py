# SPDX-License-Identifier: Apache-2.0
"""How a service runs: its start, its signals, its threads, its end.

This module chooses the threading backend of oslo.service and is the only one
that imports it. It must be imported before anything that imports
oslo.messaging, which imports oslo.service and would get eventlet; the RPC
layer sees to that.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Iterable
import logging
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any
from typing import Final

from oslo_config import cfg

from trove.common import clocks
from trove.common import exception

# oslo.service requires eventlet, and futurist imports whatever of it is
# there: 20 MiB and 0.2 s in every process for something that none uses.
_modules: dict[str, Any] = sys.modules
_modules.setdefault('eventlet', None)

from oslo_service import backend  # noqa: E402

backend.init_backend(backend.BackendType.THREADING)

from oslo_service import service as oslo_service  # noqa: E402

LOG = logging.getLogger(__name__)

#: Seconds to wait for the turns that run when a service stops: they may wait
#: for another one that is unreachable.
STOP_TIMEOUT: Final = 10.0


class Component(abc.ABC):
    """A service, apart from the process that it runs in.

    It opens connections in :meth:`start`, never before: the process may fork
    in between.
    """

    def prepare(self) -> None:  # noqa: B027
        """Take what the processes share, before there are several.

        Not called where there is only one.

        :raises ConfigurationError: it cannot be had
        """

    @abc.abstractmethod
    def start(self) -> None:
        """Begin to work; return as soon as that is so."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Take no more work, finish what runs, close everything.

        Also called when :meth:`start` failed halfway.
        """

    def reload(self) -> None:  # noqa: B027
        """Take over changed options that may change (SIGHUP)."""


class Periodic:
    """Does something again and again in a thread of its own.

    An exception is logged and the next turn comes all the same.

    :param function: what to do
    :param interval: seconds between the end of a turn and the next, or what
        is asked for them before each turn
    :param name: of the thread, for logs
    """

    def __init__(
        self,
        function: Callable[[], object],
        interval: float | Callable[[], float],
        name: str | None = None,
    ) -> None:
        self._function = function
        self._interval = interval
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(
            target=self._run,
            name=name or getattr(function, '__qualname__', 'periodic'),
            daemon=True,
        )

    def start(self) -> None:
        """Do the first turn now, in the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Do the next turn now rather than when it is due."""
        self._wake.set()

    def end(self) -> None:
        """Begin no other turn; wait for none."""
        self._stopped = True
        self._wake.set()

    def stop(self) -> None:
        """Begin no other turn; wait some seconds for one that runs."""
        self.end()
        self._join(time.monotonic() + STOP_TIMEOUT)

    def _join(self, deadline: float) -> None:
        if not self._thread.is_alive() or (
            self._thread is threading.current_thread()
        ):
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            LOG.warning(
                'Stopping without waiting longer for %s, which another '
                'service does not answer. What it has not done is done after '
                'the next start, or by another process.',
                self._thread.name,
            )

    def _seconds(self) -> float:
        interval = self._interval
        return interval() if callable(interval) else interval

    def _run(self) -> None:
        while not self._stopped:
            seconds = self._seconds()
            try:
                self._function()
            except Exception:
                LOG.exception(
                    '%s failed; retrying in %s seconds.',
                    self._thread.name,
                    seconds,
                )
            self._wake.wait(seconds)
            self._wake.clear()


def stop_all(periodics: Iterable[Periodic]) -> None:
    """Stop some, in the time that one may take."""
    each: list[Periodic] = list(periodics)
    for periodic in each:
        periodic.end()
    deadline = time.monotonic() + STOP_TIMEOUT
    for periodic in each:
        periodic._join(deadline)


class _Timed(Component):
    """A component whose process tells when the clock was set."""

    def __init__(self, component: Component, workers: int) -> None:
        self._component = component
        self._watch = clocks.Watch('this machine', shared=workers > 1)
        self._periodic: Periodic | None = None

    def prepare(self) -> None:
        # A step is told from here on, not only once a worker is at work.
        self._watch.look()
        self._component.prepare()

    def start(self) -> None:
        self._component.start()
        self._periodic = Periodic(
            self._watch.look, clocks.INTERVAL, 'wall clock'
        )
        self._periodic.start()

    def stop(self) -> None:
        if self._periodic is not None:
            self._periodic.stop()
        self._component.stop()

    def reload(self) -> None:
        self._component.reload()


class _Worker(oslo_service.ServiceBase):  # type: ignore[misc]
    """A component in one of several processes.

    :param refuse: told why none of them can start
    """

    def __init__(
        self,
        component: Component,
        refuse: Callable[[exception.ConfigurationError], None],
    ) -> None:
        self._component = component
        self._refuse = refuse
        self._stopping = False
        self._done = threading.Event()

    def start(self) -> None:
        # Of signals that follow each other closely, the next one ends a
        # worker that has not begun; another thread takes it.
        if self._stopping:
            return
        try:
            self._component.start()
        except exception.ConfigurationError as error:
            # Errors about resources that stop() has released are expected.
            if not self._stopping:
                self._refuse(error)

    def stop(self) -> None:
        self._stopping = True
        self._component.stop()
        self._done.set()

    def wait(self) -> None:
        self._done.wait()

    def reset(self) -> None:
        self._component.reload()


def run(
    conf: cfg.ConfigOpts, component: Component, workers: int = 1
) -> int:
    """Run a component until a signal ends it.

    SIGTERM and, in a single process, SIGINT stop it in order; SIGHUP reads
    the configuration files again and takes over the options that may change.

    :param workers: in how many processes; the only one is this one, several
        are its children, and one that dies is started again
    :returns: the exit status; does not return but ends the process when the
        component has left threads behind that would keep it
    """
    component = _Timed(component, workers)
    if workers > 1:
        return _run_workers(conf, component, workers)
    try:
        status = _run_here(conf, component)
    except exception.ConfigurationError as error:
        _say(conf, error)
        status = 1
    kept = [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    ]
    if kept:
        LOG.debug(
            'Exiting while these threads are still running: %s',
            ', '.join(kept),
        )
        logging.shutdown()
        os._exit(status)
    return status


def _say(conf: cfg.ConfigOpts, error: exception.ConfigurationError) -> None:
    # It says what to correct, which a traceback would bury.
    sys.stderr.write(f'{conf.prog}: {error}\n')


def _run_workers(
    conf: cfg.ConfigOpts, component: Component, workers: int
) -> int:
    try:
        component.prepare()
    except exception.ConfigurationError as error:
        _say(conf, error)
        return 1
    unsaid = multiprocessing.get_context('fork').Semaphore(1)

    def refuse(error: exception.ConfigurationError) -> None:
        # The others are refused as well, and would be started for ever.
        if unsaid.acquire(block=False):
            _say(conf, error)
            os.kill(os.getppid(), signal.SIGTERM)

    launcher = oslo_service.ServiceLauncher(conf, restart_method='mutate')
    launcher.launch_service(_Worker(component, refuse), workers=workers)
    status = int(launcher.wait() or 0)
    return status if unsaid.acquire(block=False) else 1


def _run_here(conf: cfg.ConfigOpts, component: Component) -> int:
    reader, writer = socket.socketpair()
    for end in reader, writer:
        end.setblocking(False)
    # The main thread waits for it, whichever thread the kernel tells.
    former = signal.set_wakeup_fd(
        writer.fileno(), warn_on_full_buffer=False
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)
    try:
        component.start()
        while True:
            select.select([reader], [], [])
            for received in reader.recv(64):
                if received in (signal.SIGTERM, signal.SIGINT):
                    LOG.info('Stopping; finishing work in progress.')
                    return 0
                if received == signal.SIGHUP:
                    _reload(conf, component)
    finally:
        component.stop()
        signal.set_wakeup_fd(former)
        reader.close()
        writer.close()


def _reload(conf: cfg.ConfigOpts, component: Component) -> None:
    LOG.info('Reloading the configuration files.')
    try:
        conf.mutate_config_files()
        component.reload()
    except Exception:
        LOG.exception(
            'The new configuration was rejected, and the previous one remains '
            'in effect. Correct the file, then send SIGHUP again.'
        )
