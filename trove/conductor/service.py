# SPDX-License-Identifier: Apache-2.0
"""The conductor: serves its endpoint and reports itself."""

from __future__ import annotations

import logging
import threading
from typing import Any

from oslo_config import cfg

from trove import version
from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.conductor import manager
from trove.objects import database
from trove.objects import service as services

LOG = logging.getLogger(__name__)

BINARY = 'trove-conductor'


class Conductor(service.Component):
    """One conductor; any number of them share the topic.

    :param conf: the global configuration, set up
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._transport: rpc.Transport | None = None
        self._server: Any = None
        self._periodic: service.Periodic | None = None
        self._database = False
        self._reported = False

    def start(self) -> None:
        conf = self._conf
        database.configure(conf)
        self._database = True
        self._transport = rpc.Transport(conf)
        self._server = self._transport.server(
            manager.Manager(conf),
            host=conf.host,
        )
        self._server.start()
        self._periodic = service.Periodic(
            self._report, conf.service_report_interval, 'report'
        )
        self._periodic.start()
        LOG.info('Conductor %s is at work.', conf.host)

    def stop(self) -> None:
        if self._server is not None:
            # Without a message broker it may hang.
            waiter = threading.Thread(target=self._finish, daemon=True)
            waiter.start()
            waiter.join(self._conf.conductor.stop_timeout)
        if self._periodic is not None:
            self._periodic.stop()
        if self._reported:
            self._sign_off()
        if self._transport is not None:
            self._transport.close()
        if self._database:
            database.dispose()
            self._database = False

    def reload(self) -> None:
        if self._transport is not None:
            self._transport.refresh()

    def _finish(self) -> None:
        self._server.stop()
        self._server.wait()

    def _report(self) -> None:
        services.report(
            BINARY,
            self._conf.host,
            {'conductor': str(manager.Manager.interface.latest)},
            version.release(),
            started=not self._reported,
        )
        self._reported = True

    def _sign_off(self) -> None:
        try:
            services.remove(BINARY, self._conf.host)
        except exception.TroveError as error:
            LOG.warning(
                'Could not sign off: %s The others notice after %s seconds.',
                error,
                self._conf.service_down_time,
            )
