# SPDX-License-Identifier: Apache-2.0
"""The conductor service: its endpoint and periodic tasks."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from oslo_config import cfg

from trove import peers
from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.conductor import api
from trove.conductor import heartbeats
from trove.conductor import manager
from trove.objects import database
from trove.objects import replays
from trove.objects.rejected import journal
from trove.peers import census
from trove.peers import registration
from trove.peers import rejections
from trove.peers import rollback

LOG = logging.getLogger(__name__)

BINARY = 'trove-conductor'

#: Seconds between two removals of expired replays and rejections.
_PURGE_INTERVAL = 600.0

#: Seconds that settled rejections are kept.
_SETTLED_RETENTION = 30 * 86400.0


class Conductor(service.Component):
    """One conductor; any number of them share the topic.

    :param conf: the global configuration, set up
    :param version: the older version of the interface to serve, if any
    """

    def __init__(
        self, conf: cfg.ConfigOpts, version: str | None = None
    ) -> None:
        self._conf = conf
        self._version = version
        self._transport: rpc.Transport | None = None
        self._recorder: rejections.Recorder | None = None
        self._writer: heartbeats.Writer | None = None
        self._server: Any = None
        self._periodics: list[service.Periodic] = []
        self._database = False
        self._serves = version or str(api.API.interface.latest)
        self._registration = registration.Registration(
            conf, BINARY, api.API.interface, self._serves
        )
        self._purged = time.monotonic()

    def start(self) -> None:
        conf = self._conf
        database.configure(conf)
        self._database = True
        recorder = rejections.Recorder(conf, 'conductor')
        self._recorder = recorder
        transport = peers.transport(conf, rejected=recorder, group='conductor')
        self._transport = transport
        counting = census.Census(transport, api.API.interface)
        counting.begin()
        self._writer = heartbeats.Writer(conf)
        self._server = transport.server(
            manager.Manager(
                conf,
                recorder,
                self._writer,
                lambda: speaks(api.API(transport)),
                getattr(transport.keys, 'held', lambda instance_id: False),
            ),
            host=conf.host,
            version=self._version,
        )
        self._registration.report_before_start()
        rollback.wait(
            conf,
            api.API.interface,
            self._serves,
            self._registration.report_before_start,
            # Guests ask conductors, which then read the registry.
            intervals=1 + api.ASKED_EVERY * (1 + api.ASKED_JITTER),
        )
        self._server.start()
        interval = conf.service_report_interval
        self._periodics = [
            service.Periodic(self._registration.report, interval, 'report'),
            service.Periodic(counting.look, interval, 'census'),
            service.Periodic(self._purge, _PURGE_INTERVAL, 'purge'),
        ]
        for periodic in self._periodics:
            periodic.start()
        LOG.info('Conductor %s started.', conf.host)

    def stop(self) -> None:
        if self._server is not None:
            # It may hang while the message broker is unreachable.
            waiter = threading.Thread(target=self._finish, daemon=True)
            waiter.start()
            timeout = self._conf.conductor.stop_timeout
            waiter.join(timeout)
            if waiter.is_alive():
                LOG.warning(
                    'Gave up messages in progress that were not finished '
                    'within %s seconds ([conductor] stop_timeout). Check '
                    'that the database and the message broker are running. '
                    'Guest agents repeat their heartbeats; other messages '
                    'that were waiting are logged.',
                    timeout,
                )
                self._give_up()
        service.stop_all(self._periodics)
        self._registration.sign_off()
        if self._transport is not None:
            self._transport.close()
        if self._database:
            database.dispose()
            self._database = False

    def reload(self) -> None:
        if self._transport is not None:
            self._transport.refresh()

    def _give_up(self) -> None:
        if self._recorder is not None and self._transport is not None:
            self._recorder.stop()
            self._transport.give_up()

    def _finish(self) -> None:
        self._server.stop()
        self._server.wait()
        if self._writer is not None:
            self._writer.close()

    def _purge(self) -> None:
        replays.purge()
        journal.purge(_SETTLED_RETENTION)


def speaks(conductors: api.API) -> str:
    """Return the lowest revision of all live conductors.

    :raises ServiceUnavailable: unknown; guests keep what they knew then
    """
    cap = conductors.cap
    if not conductors.known:
        raise exception.ServiceUnavailable(
            what='The registry of the conductors'
        )
    return cap
