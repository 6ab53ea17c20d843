# SPDX-License-Identifier: Apache-2.0
"""Servers that can be stopped even when there is no message broker."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
from typing import Any

import oslo_messaging

from trove.common.rpc import _dispatch

LOG = logging.getLogger(__name__)

#: Seconds for which a start waits for the broker.
_PATIENCE = 5.0

#: Who says in oslo.messaging that a message was thrown away, and how.
_DRIVER = 'oslo.messaging._drivers.impl_rabbit'
_SKIPPED = 'Failed to process message'


class Listener:
    """An ``oslo_messaging.RPCServer`` that starts in the background.

    By itself it tries for ever to reach a broker that is away, and nothing
    could end the process meanwhile.

    :param unreadable: told of messages that are none, with the name of the
        class of the exception
    """

    def __init__(
        self,
        server: oslo_messaging.RPCServer,
        unreadable: Callable[[str], None],
    ) -> None:
        self._server = server
        self._skipped = _Skipped(unreadable)
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
        logging.getLogger(_DRIVER).addHandler(self._skipped)
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
        logging.getLogger(_DRIVER).removeHandler(self._skipped)
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


class _Skipped(logging.Handler):
    """Notices messages that oslo.messaging itself cannot read.

    It throws them away before anybody is asked, and tells only the log.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(_SKIPPED):
            error = record.exc_info[0] if record.exc_info else None
            self._tell(error.__name__ if error else 'unknown')


def make_server(
    transport: oslo_messaging.Transport,
    target: oslo_messaging.Target,
    dispatcher: _dispatch.Dispatcher,
) -> oslo_messaging.RPCServer:
    """Return a server whose messages go through ``dispatcher`` only."""
    plain: Callable[..., Any] = oslo_messaging.rpc.server.RPCServer

    def server(
        transport: Any, target: Any, _dispatcher: Any, executor: Any
    ) -> Any:
        return plain(transport, target, dispatcher, executor)

    return oslo_messaging.get_rpc_server(
        transport, target, [], server_cls=server
    )
