# SPDX-License-Identifier: Apache-2.0
"""trove-api serving by itself, without a web server around it."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cheroot import wsgi
from oslo_config import cfg

from trove.api import loading
from trove.api import runtime as api_runtime
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.objects import database

LOG = logging.getLogger(__name__)

#: Seconds that a request may still take when the service stops.
GRACE = 30


class _Server(wsgi.Server):
    """A server that logs where everything else does."""

    def error_log(
        self, msg: str = '', level: int = logging.INFO, traceback: bool = False
    ) -> None:
        LOG.log(level, '%s', msg, exc_info=traceback)


class API(service.Component):
    """The REST API behind a small HTTP server (cheroot).

    It starts without the message broker and answers what needs none of it.

    :param conf: the options
    :param transport: for the messages, instead of an own one
    :param cloud: the cloud driver, instead of the one that ``conf`` names
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport | None = None,
        cloud: cloud_base.Cloud | None = None,
    ) -> None:
        self._conf = conf
        self._transport = transport
        self._cloud = cloud
        self._configured = False
        self._runtime: api_runtime.Runtime | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; known once it has started."""
        return int(self._server.bind_addr[1])

    def start(self) -> None:
        """Listen and serve, in threads of its own.

        :raises ConfigurationError: the address cannot be listened on
        """
        conf = self._conf
        database.configure(conf)
        self._configured = True
        self._runtime = api_runtime.Runtime(conf, self._transport, self._cloud)
        self._server = _Server(
            (conf.bind_host, conf.bind_port),
            loading.load(self._runtime),
            numthreads=conf.trove_api_threads,
            server_name=conf.host,
            shutdown_timeout=GRACE,
            # Several processes share the port; the kernel deals the
            # connections out to them.
            reuse_port=conf.trove_api_workers > 1,
        )
        try:
            self._server.prepare()
        except OSError as error:
            self._server = None
            raise exception.ConfigurationError(
                option='bind_host, bind_port',
                value=f'{conf.bind_host}:{conf.bind_port}',
                remedy=f'it cannot be listened on: {error}. Stop what uses '
                'it, or choose another one.',
            ) from error
        self._thread = threading.Thread(
            target=self._serve, name='trove-api', daemon=True
        )
        self._thread.start()
        LOG.info(
            'Serving the REST API on http://%s:%d/', conf.bind_host, self.port
        )

    def _serve(self) -> None:
        try:
            self._server.serve()
        except Exception:
            LOG.exception(
                'The HTTP server failed; no request is answered any more. '
                'Restart trove-api.'
            )

    def stop(self) -> None:
        """Take no more requests, answer those that were taken."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None
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
