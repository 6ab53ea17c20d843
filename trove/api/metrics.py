# SPDX-License-Identifier: Apache-2.0
"""The metrics under ``/metrics`` of the API, where an option asks for it."""

from __future__ import annotations

from collections.abc import Iterable
import threading
from typing import TYPE_CHECKING

from oslo_log import log

from trove.api import loading
from trove.api import paths
from trove.common import exception
from trove.common import metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

LOG = log.getLogger(__name__)


def app_factory(global_conf: dict[str, str], **local: str) -> WSGIApplication:
    """Paste app: the metrics of this process, or 404 without the option."""
    conf = loading.runtime(global_conf).conf

    def application(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        found = metrics.current()
        if not conf.metrics.in_api or found is None:
            raise exception.NotFound(
                'There is no such resource. [metrics] in_api enables it.'
            )
        return found.application(environ, start_response)

    return paths.Exact(application)


class WatchFromFirst:
    """Begins to watch with the first request of each process.

    A web server may fork after the application is made, and a listener
    belongs to one process.
    """

    def __init__(
        self, application: WSGIApplication, watch: metrics.Watch
    ) -> None:
        self._application = application
        self._watch: metrics.Watch | None = watch
        self._lock = threading.Lock()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if self._watch is not None:
            with self._lock:
                watch, self._watch = self._watch, None
                if watch is not None:
                    self._start(watch)
        return self._application(environ, start_response)

    @staticmethod
    def _start(watch: metrics.Watch) -> None:
        try:
            watch.start()
        except exception.ConfigurationError as error:
            # Users are served all the same.
            LOG.error('This process has no metrics: %s', error)
