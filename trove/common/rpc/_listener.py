# SPDX-License-Identifier: Apache-2.0
"""Servers that can be stopped even when there is no message broker."""

from __future__ import annotations

import logging
import threading

import oslo_messaging

LOG = logging.getLogger(__name__)

#: Seconds for which a start waits for the broker.
_PATIENCE = 5.0


class Listener:
    """An ``oslo_messaging.RPCServer`` that starts in the background.

    By itself it tries for ever to reach a broker that is away, and nothing
    could end the process meanwhile.
    """

    def __init__(self, server: oslo_messaging.RPCServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._listens = False
        self._stopped = False
        self._late = False
        self._error: Exception | None = None

    def start(self) -> None:
        """Listen: at once, or as soon as the broker can be reached.

        :raises Exception: of the transport's driver, when it cannot be tried
        """
        threading.Thread(
            target=self._start, name='rpc-start', daemon=True
        ).start()
        if not self._settled.wait(_PATIENCE):
            self._late = True
            LOG.warning(
                'The message broker cannot be reached yet. Check that it '
                'runs and that transport_url is right; messages are taken as '
                'soon as it is there.'
            )
        elif self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Take no more messages."""
        with self._lock:
            self._stopped = True
            if not self._listens:
                return
        self._server.stop()

    def wait(self) -> None:
        """Return when the messages that were begun are finished."""
        with self._lock:
            if not self._listens:
                return
        self._server.wait()

    def _start(self) -> None:
        try:
            self._server.start()
        except Exception as error:
            self._error = error
            if self._late:
                LOG.exception('Cannot take messages. Restart the service.')
        else:
            with self._lock:
                self._listens = not self._stopped
            if self._stopped:
                self._server.stop()
                self._server.wait()
        finally:
            self._settled.set()
