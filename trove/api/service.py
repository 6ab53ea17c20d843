# SPDX-License-Identifier: Apache-2.0
"""trove-api serving by itself, without a web server around it."""

from __future__ import annotations

from collections.abc import Callable
import logging
import resource
import socket
import threading
from typing import Any

from oslo_config import cfg
from oslo_middleware import sizelimit

from trove.api import connection
from trove.api import loading
from trove.api import runtime as api_runtime
from trove.api import server
from trove.cloud import base as cloud_base
from trove.common import rpc
from trove.common import service
from trove.objects import database

LOG = logging.getLogger(__name__)

#: Seconds that a request may still take when the service stops.
GRACE = 30


#: Open files besides the connections of clients: the database, the broker,
#: logs, the cloud.
_OTHER_FILES = 256


class API(service.Component):
    """The REST API behind an HTTP server of its own.

    It starts without the message broker and answers what needs none of it.

    :param conf: the options
    :param transport: for the messages, instead of an own one
    :param cloud: the cloud driver, instead of the one that ``conf`` names
    :param wrap: puts something before the application
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport | None = None,
        cloud: cloud_base.Cloud | None = None,
        wrap: Callable[[Any], Any] = lambda application: application,
    ) -> None:
        self._conf = conf
        self._transport = transport
        self._cloud = cloud
        self._wrap = wrap
        self._configured = False
        self._runtime: api_runtime.Runtime | None = None
        self._listener: socket.socket | None = None
        self._server: server.Server | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port that is listened on; known once it has started."""
        return self._port

    def prepare(self) -> None:
        """Listen, so that all processes share what comes in.

        :raises ConfigurationError: the address cannot be listened on
        """
        conf = self._conf
        self._listener = server.listen(
            conf.bind_host, conf.bind_port, conf.api_server.backlog
        )
        self._port = int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Serve, in threads of its own; listen, unless that is so.

        :raises ConfigurationError: the address cannot be listened on
        """
        conf = self._conf
        database.configure(conf)
        self._configured = True
        self._runtime = api_runtime.Runtime(conf, self._transport, self._cloud)
        application = self._wrap(loading.load(self._runtime))
        if self._listener is None:
            self.prepare()
        listener, self._listener = self._listener, None
        assert listener is not None
        limits = _limits(conf)
        _raise_file_limit(limits.connections + _OTHER_FILES)
        self._server = server.Server(application, listener, limits)
        self._thread = threading.Thread(
            target=self._serve,
            args=(self._server,),
            name='trove-api',
            daemon=True,
        )
        self._thread.start()
        LOG.info(
            'Serving the REST API on http://%s:%d/', conf.bind_host, self.port
        )

    def _serve(self, running: server.Server) -> None:
        try:
            running.serve(GRACE)
        except Exception:
            LOG.exception(
                'The HTTP server failed, so no further requests are answered. '
                'Restart trove-api.'
            )

    def stop(self) -> None:
        """Take no more requests, answer those that were taken."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._server is not None and self._thread is not None:
            if self._thread.is_alive():
                self._server.stop()
            self._thread.join()
            self._server = self._thread = None
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None
        if self._configured:
            self._configured = False
            database.dispose()

    def reload(self) -> None:
        """Look up anew what the peers speak."""
        if self._runtime is not None:
            self._runtime.refresh()


def _limits(conf: cfg.ConfigOpts) -> connection.Limits:
    conf.register_opts(sizelimit.OPTS, group='oslo_middleware')
    group = conf.api_server
    return connection.Limits(
        threads=conf.trove_api_threads,
        connections=group.max_connections,
        body=conf.oslo_middleware.max_request_body_size,
        header=group.max_header_bytes,
        request_time=group.request_timeout,
        idle_time=group.idle_timeout,
    )


def _raise_file_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        LOG.warning(
            'At most %d files can be open, but up to %d may be needed. Raise '
            'the limit (LimitNOFILE in the unit), or lower [api_server] '
            'max_connections.',
            hard,
            wanted,
        )
        wanted = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
