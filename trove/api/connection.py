# SPDX-License-Identifier: Apache-2.0
"""A connection of a client to trove-api, and what it may take."""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from typing import Any

from oslo_context import context as oslo_context
from waitress import channel as waitress_channel
from waitress import task as waitress_task

from trove.api import errors
from trove.api import strict

LOG = logging.getLogger(__name__)

#: Seconds for which a client that was refused may go on to send. Closed at
#: once, the answer would be lost on its way to many.
_LINGER = 2.0

#: Bytes that are read at a time, and that a refused client may still send.
READ = 16384
_LINGER_BYTES = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of one process of the server.

    :ivar threads: requests that are carried out at the same time
    :ivar connections: open at the same time
    :ivar body: bytes of a body
    :ivar header: bytes from the beginning of a request to its body
    :ivar request_time: seconds from the first byte of a request to its
        last one, and for the client to take the answer
    :ivar idle_time: seconds without a byte before or between requests
    """

    threads: int
    connections: int
    body: int
    header: int
    request_time: float
    idle_time: float


class _Refusal(waitress_task.ErrorTask):  # type: ignore[misc]
    """Answers what waitress refuses by itself with a fault of Trove."""

    def execute(self) -> None:
        error = self.request.error
        code = int(error.code)
        request_id = oslo_context.generate_request_id()
        limits = self.channel.server.limits
        text = strict.explain(error, limits.header, limits.body)
        body = errors.encode(code, errors.fault(code), text)
        LOG.info(
            'Rejected a request of %s with %d: %s (%s)',
            self.channel.addr[0],
            code,
            text,
            request_id,
        )
        self.status = f'{code} {error.reason}'
        self.response_headers += [
            ('Content-Type', errors.JSON),
            ('X-Openstack-Request-Id', request_id),
        ]
        self.set_close_on_finish()
        self.channel.lingers = True
        self.content_length = len(body)
        self.write(body)


class _Request(waitress_task.WSGITask):  # type: ignore[misc]
    """Hands a request to the application."""

    def build_response_header(self) -> bytes:
        # Told only now: what began before the stop ends after it, and the
        # client would send its next request to nobody.
        if self.channel.server.stopping:
            self.set_close_on_finish()
        return bytes(super().build_response_header())

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        # waitress drops doubled slashes at the beginning.
        environ['PATH_INFO'] = self.request.path
        return environ


class Channel(waitress_channel.HTTPChannel):  # type: ignore[misc]
    """A connection, and since when it waits for what."""

    task_class = _Request
    error_task_class = _Refusal
    parser_class = strict.Parser

    #: Whether the client gets time to read why it is refused.
    lingers = False

    #: The one that is not complete yet.
    request: strict.Parser | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        #: When the last answer was made, or the connection.
        self.idle_since = time.monotonic()
        #: When the request began that is not complete yet.
        self._begun: float | None = None
        self._lingering: float | None = None
        self._dropped = 0
        super().__init__(*args, **kwargs)

    @property
    def quiet(self) -> bool:
        """Whether there is no request that was taken and not answered."""
        return not self.requests and not self.total_outbufs_len

    def received(self, data: bytes) -> bool:
        if self._begun is None:
            self._begun = time.monotonic()
        return bool(super().received(data))

    def service(self) -> None:
        try:
            super().service()
        finally:
            self.idle_since = time.monotonic()
            self._begun = None

    def check(self, now: float, limits: Limits) -> None:
        """End what takes too long."""
        if self._lingering is not None:
            if now - self._lingering >= _LINGER:
                self.will_close = True
        elif self.requests:
            pass  # Whatever its handler waits for has a limit of its own.
        elif self.total_outbufs_len or self.close_when_flushed:
            if now - self.idle_since >= limits.request_time:
                self.will_close = True
        elif self.request is not None:
            # What came behind a request that has just been answered.
            self._begun = self._begun or now
            if now - self._begun >= limits.request_time:
                self._time_out()
        elif now - self.idle_since >= limits.idle_time:
            self.will_close = True

    def _time_out(self) -> None:
        with self.requests_lock:
            request = self.request
            if request is None or self.requests:
                return
            request.refuse(strict.RequestTimeout())
            self.request = None
            self.requests.append(request)
            self.server.add_task(self)

    def readable(self) -> bool:
        return self._lingering is not None or bool(super().readable())

    def writable(self) -> bool:
        if self._lingering is not None:
            return bool(self.will_close)
        return bool(super().writable())

    def handle_read(self) -> None:
        if self._lingering is None:
            super().handle_read()
            return
        try:
            # Closes by itself at the end.
            self._dropped += len(self.recv(READ))
        except OSError:
            self.handle_close()
            return
        if self._dropped > _LINGER_BYTES:
            self.will_close = True

    def handle_write(self) -> None:
        if not self.lingers or self._lingering is not None or self.will_close:
            super().handle_write()
            return
        if self.requests:
            # The thread that refuses it is writing just now.
            return
        self._flush_exception(self._flush_some)
        if self.close_when_flushed and not self.total_outbufs_len:
            self._lingering = time.monotonic()
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.will_close = True
