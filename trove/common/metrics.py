# SPDX-License-Identifier: Apache-2.0
"""Prometheus metrics of a process: messages, and a few gauges.

The labels are bounded: what comes from outside and is not declared counts as
``unknown``, and nothing names an instance.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import logging
import socket
import socketserver
import threading
import time
from typing import Any
from typing import NoReturn
from typing import TYPE_CHECKING
from wsgiref import simple_server

from oslo_config import cfg
from oslo_utils import netutils
import prometheus_client
from prometheus_client import core
from prometheus_client import registry as prometheus_registry

from trove import version
from trove.common import exception
from trove.common import rpc
from trove.common import service

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)

LABELS = ('interface', 'method', 'version', 'release', 'outcome', 'form')

#: Stands for whatever is not declared.
UNKNOWN = 'unknown'

#: Their method and version are the sender's words.
_FROM_OUTSIDE = ('rejected', 'received')

#: Timeout in seconds of an idle client of the metrics endpoint.
_CLIENT_TIMEOUT = 10

Read = Callable[[], Iterable[tuple[Sequence[str], float]]]


@dataclasses.dataclass(frozen=True)
class Gauge:
    """A number that is read when somebody asks for it.

    :param labels: names; ``read`` gives the values in this order
    :param read: gives values of the labels and the number
    :param fresh: seconds for which what was read is given again
    """

    name: str
    help: str
    labels: tuple[str, ...]
    read: Read
    fresh: float = 10.0


#: Missing private parts of the messaging libraries, by use.
_FALLBACK = Gauge(
    'trove_rpc_fallback',
    '1 if the messaging libraries lack something that this release uses; the '
    'log at startup lists the consequences',
    ('use',),
    lambda: [
        ((use,), bool(missing)) for use, missing in rpc.fallbacks().items()
    ],
)


class Metrics:
    """The numbers of a process, in a registry of their own.

    :param name: of the program
    :param interfaces: those whose methods and versions may be named
    """

    def __init__(
        self,
        name: str,
        host: str,
        interfaces: Iterable[rpc.Interface],
        gauges: Iterable[Gauge] = (),
    ) -> None:
        # They would be as many again, and nobody asks when one began.
        disable: Callable[[], None] = (
            prometheus_client.disable_created_metrics
        )
        disable()
        self._registry = prometheus_client.CollectorRegistry()
        self._methods: dict[str, frozenset[str]] = {}
        self._versions: dict[str, frozenset[str]] = {}
        for interface in interfaces:
            self._declare(interface)
        self._children: dict[tuple[str, ...], Any] = {}
        self._messages = prometheus_client.Counter(
            'trove_rpc_messages',
            'RPC messages of this process by outcome',
            LABELS,
            registry=self._registry,
        )
        self._rejected = prometheus_client.Counter(
            'trove_rpc_rejected',
            'Rejected messages of this process, by cause',
            ('interface', 'cause'),
            registry=self._registry,
        )
        prometheus_client.Gauge(
            'trove_service_info',
            'Always 1; the labels identify the Trove process',
            ('service', 'host', 'release'),
            registry=self._registry,
        ).labels(name, host, version.release()).set(1)
        for gauge in (_FALLBACK, *gauges):
            self._registry.register(_Numbers(gauge))
        #: Answers a GET with all of it.
        self.application: WSGIApplication = prometheus_client.make_wsgi_app(
            self._registry
        )

    def _declare(self, interface: rpc.Interface) -> None:
        name = interface.name
        names = {revision.name for revision in interface.history}
        names |= {str(revision.version) for revision in interface.history}
        self._methods[name] = self._methods.get(
            name, frozenset()
        ) | frozenset(interface.methods)
        self._versions[name] = self._versions.get(name, frozenset()) | names

    def observe(self, event: rpc.Event) -> None:
        """Count an event; for :func:`trove.common.rpc.observe`."""
        method, text = event.method, event.version
        if event.outcome in _FROM_OUTSIDE:
            known = self._methods.get(event.interface, frozenset())
            method = method if method in known else UNKNOWN
            versions = self._versions.get(event.interface, frozenset())
            text = text if text in versions else UNKNOWN
        key = (
            event.interface,
            method,
            text,
            event.release or '',
            event.outcome,
            event.form,
        )
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._messages.labels(*key)
        child.inc()
        if event.outcome == 'rejected':
            self._rejected.labels(event.interface, event.cause).inc()

    def text(self) -> str:
        """All of it, in the text format of Prometheus."""
        return prometheus_client.generate_latest(self._registry).decode()


class _Numbers(prometheus_registry.Collector):
    """Reads a gauge when it is asked for, but not too often."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._lock = threading.Lock()
        self._read: list[tuple[Sequence[str], float]] = []
        self._until = 0.0

    def collect(self) -> Iterator[core.Metric]:
        gauge = self._gauge
        family = core.GaugeMetricFamily(
            gauge.name, gauge.help, labels=gauge.labels
        )
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._read = list(gauge.read())
                except Exception as error:  # noqa: BLE001
                    self._read = []
                    LOG.warning(
                        'Could not read %s: %s It is omitted from the '
                        'metrics. Check the database.',
                        gauge.name,
                        error,
                    )
                self._until = time.monotonic() + gauge.fresh
            read = self._read
        for values, number in read:
            family.add_metric(values, number)
        yield family


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    # Two processes that shared a port would answer in turn.
    allow_reuse_port = False
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # Without the look-up of a host's name, which may take its time.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        LOG.debug('Metrics client disconnected: %s.', client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(simple_server.WSGIRequestHandler):
    timeout = _CLIENT_TIMEOUT

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log scrapes."""


class Listener:
    """Serves an application at ``[metrics] listen``.

    :raises trove.common.exception.ConfigurationError: at the start: that is
        no address, or none of the ports can be had
    """

    def __init__(
        self, conf: cfg.ConfigOpts, application: WSGIApplication
    ) -> None:
        self._conf = conf
        self._application = application
        self._server: simple_server.WSGIServer | None = None

    @property
    def port(self) -> int:
        """The port that was free; known once it has started."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def start(self) -> None:
        host, port = address(self._conf)
        kind = _Server6 if ':' in host else _Server
        last = min(port + self._conf.metrics.ports, 65536)
        reason: OSError | None = None
        for number in range(port, last) if port else (0,):
            try:
                self._server = simple_server.make_server(
                    host, number, self._application, kind, _Handler
                )
            except OSError as error:
                reason = error
            else:
                break
        if self._server is None:
            _refuse(
                self._conf,
                f'cannot listen on any of the ports {port} to {last - 1} '
                f'({reason}). Raise [metrics] ports, or choose other ports.',
            )
        threading.Thread(
            target=self._server.serve_forever, name='metrics', daemon=True
        ).start()
        LOG.info('Serving metrics on http://%s:%d/', host, self.port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def address(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Return host and port of ``[metrics] listen``, which is set.

    :raises trove.common.exception.ConfigurationError: it is no such thing
    """
    try:
        host, port = netutils.parse_host_port(conf.metrics.listen)
        if host and port is not None and 0 <= int(port) <= 65535:
            return host, int(port)
    except ValueError:
        pass
    _refuse(conf, 'use HOST:PORT, or [HOST]:PORT for IPv6.')


def _refuse(conf: cfg.ConfigOpts, remedy: str) -> NoReturn:
    raise exception.ConfigurationError(
        option='[metrics] listen', value=conf.metrics.listen, remedy=remedy
    )


_current: list[Metrics] = []


def current() -> Metrics | None:
    """The numbers of this process, None when nobody wants them."""
    return _current[-1] if _current else None


class Watch(service.Component):
    """Counts while it runs, and listens where ``[metrics]`` says.

    It does nothing where that group asks for nothing.

    :param name: of the program
    :param in_api: it serves the REST API
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        name: str,
        interfaces: Iterable[rpc.Interface],
        gauges: Iterable[Gauge] = (),
        in_api: bool = False,
    ) -> None:
        self._conf = conf
        self._name = name
        self._in_api = in_api
        self._interfaces = tuple(interfaces)
        self._gauges = tuple(gauges)
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        """Begin to count.

        :raises trove.common.exception.ConfigurationError: what ``[metrics]``
            asks for cannot be
        """
        conf = self._conf
        self._check()
        listens = conf.metrics.listen is not None
        if not listens and not (self._in_api and conf.metrics.in_api):
            return
        metrics = Metrics(
            self._name, conf.host, self._interfaces, self._gauges
        )
        if listens:
            listener = Listener(conf, metrics.application)
            listener.start()
            self._stack.callback(listener.stop)
        _current.append(metrics)
        self._stack.callback(_current.remove, metrics)
        self._stack.enter_context(rpc.observe(metrics.observe))

    def stop(self) -> None:
        self._stack.close()

    def _check(self) -> None:
        workers = self._conf.trove_api_workers or 1
        if self._in_api and self._conf.metrics.in_api and workers > 1:
            raise exception.ConfigurationError(
                option='[metrics] in_api',
                value='true',
                remedy=f'with {workers} trove_api_workers each response would '
                'come from a different process. Set [metrics] listen instead, '
                'or trove_api_workers to 1.',
            )


class Watched(service.Component):
    """A service and the watch over its messages."""

    def __init__(
        self, watch: service.Component, component: service.Component
    ) -> None:
        self._watch = watch
        self.component = component

    def prepare(self) -> None:
        self.component.prepare()

    def start(self) -> None:
        self._watch.start()
        self.component.start()

    def stop(self) -> None:
        # Last, so that what happens at the end is counted too.
        self.component.stop()
        self._watch.stop()

    def reload(self) -> None:
        self.component.reload()
