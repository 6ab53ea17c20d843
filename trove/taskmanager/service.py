# SPDX-License-Identifier: Apache-2.0
"""The task manager service: endpoint, registration and recovery."""

from __future__ import annotations

import logging
import threading
from typing import Any

from oslo_config import cfg

from trove import cloud as clouds
from trove import peers
from trove.cloud import base as cloud_base
from trove.common import broker_accounts
from trove.common import clocks
from trove.common import exception
from trove.common import guest_config
from trove.common import rpc
from trove.common import service
from trove.objects import clock
from trove.objects import database
from trove.peers import census
from trove.peers import registration
from trove.peers import rejections
from trove.peers import rollback
from trove.peers import survey
from trove.taskmanager import api
from trove.taskmanager import backup_schedules
from trove.taskmanager import deletions
from trove.taskmanager import log_archives
from trove.taskmanager import manager
from trove.taskmanager import owner
from trove.taskmanager import reapplying
from trove.taskmanager import recovery
from trove.taskmanager import verifications
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Timeout in seconds for workflows to end after ``stop_timeout`` is over.
_STOP_GRACE = 2.0


class TaskManager(service.Component):
    """A task manager; any number of them share the topic.

    :param conf: the global configuration, set up
    :param cloud: used instead of the driver of ``[cloud] driver``
    :param version: an older version of the interface to serve, such as 1.0
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        cloud: cloud_base.Cloud | None = None,
        version: str | None = None,
    ) -> None:
        self._conf = conf
        self._version = version
        self._cloud = cloud
        self._transport: rpc.Transport | None = None
        self._env: base.Environment | None = None
        self._server: Any = None
        self._recovery: recovery.Recovery | None = None
        self._survey: survey.Survey | None = None
        #: What it does of itself, recovery first; and what others know of
        #: it, and it of others.
        self._sweeps: list[service.Periodic] = []
        self._reports: list[service.Periodic] = []
        self._database = False
        self._serves = version or str(api.API.interface.latest)
        self._registration = registration.Registration(
            conf, recovery.BINARY, api.API.interface, self._serves
        )
        self._clock = clocks.Watch('the database', clock.read)

    def start(self) -> None:
        conf = self._conf
        if problem := broker_accounts.exposed(conf):
            LOG.warning(problem)
        guest_config.read(conf)
        database.configure(conf)
        self._database = True
        self._transport = peers.transport(
            conf,
            rejected=rejections.Recorder(conf, 'taskmanager'),
            group='taskmanager',
        )
        driver = self._cloud or clouds.load(conf)
        self._env = base.Environment(
            conf, self._transport, driver, owner.process(conf.host)
        )
        self._resume(driver)
        counting = census.Census(self._transport, api.API.interface)
        counting.begin()
        self._server = self._transport.server(
            manager.Manager(self._env),
            host=conf.host,
            version=self._version,
        )
        self._registration.report_before_start()
        rollback.wait(
            conf,
            api.API.interface,
            self._serves,
            self._registration.report_before_start,
        )
        self._server.start()
        self._recovery = recovery.Recovery(self._env)
        self._survey = survey.Survey(self._transport)
        interval = conf.service_report_interval
        self._sweeps = self._make_sweeps(self._env, interval)
        self._reports = [
            service.Periodic(self._registration.report, interval, 'report'),
            service.Periodic(counting.look, interval, 'census'),
            service.Periodic(self._clock.look, interval, 'database clock'),
            service.Periodic(self._survey.look, survey.INTERVAL, 'survey'),
        ]
        for periodic in self._sweeps + self._reports:
            periodic.start()
        LOG.info('Task manager %s started.', conf.host)

    def _make_sweeps(
        self, env: base.Environment, interval: float
    ) -> list[service.Periodic]:
        assert self._recovery
        return [
            service.Periodic(self._recovery.look, interval, 'recovery'),
            service.Periodic(
                deletions.Deletions(env).look, interval, 'deletions'
            ),
            service.Periodic(
                backup_schedules.BackupSchedules(env).look,
                interval,
                'backup schedules',
            ),
            service.Periodic(
                verifications.Verifications(env).look,
                interval,
                'verifications',
            ),
            service.Periodic(
                log_archives.LogArchives(env).look,
                interval,
                'log archives',
            ),
            service.Periodic(
                reapplying.Reapplying(env).look, interval, 'modules'
            ),
        ]

    def stop(self) -> None:
        if self._env is not None:
            self._env.draining.set()
        for periodic in self._sweeps:
            periodic.end()
        for periodic in self._sweeps[:1]:
            # It finds work for its threads.
            periodic.stop()
        if self._recovery is not None:
            self._recovery.stop()
        if self._survey is not None:
            self._survey.stop()
        # Meanwhile it reports: it would count as dead, and its work be taken.
        self._finish()
        service.stop_all(self._reports)
        self._sign_off()
        # Last, as they may wait for an object store.
        service.stop_all(self._sweeps)
        if self._transport is not None:
            self._transport.close()
        if self._database:
            database.dispose()
            self._database = False

    def reload(self) -> None:
        if self._transport is not None:
            self._transport.refresh()

    def _finish(self) -> None:
        """Wait up to ``stop_timeout`` for running workflows to end."""
        if self._env is None:
            return
        waiter = threading.Thread(target=self._wait, daemon=True)
        waiter.start()
        waiter.join(self._conf.taskmanager.stop_timeout)
        if not waiter.is_alive():
            return
        LOG.warning(
            'Stop timed out with %d unfinished workflows ([taskmanager] '
            'stop_timeout). Other task managers resume them, or this one '
            'after its restart.',
            len(self._env.running),
        )
        self._env.stopping.set()
        waiter.join(_STOP_GRACE)

    def _wait(self) -> None:
        if self._server is not None:
            # May hang while the message broker is unreachable, so it runs
            # in this thread.
            self._server.stop()
            self._server.wait()
        if self._recovery is not None:
            self._recovery.wait()

    def _resume(self, driver: cloud_base.Cloud) -> None:
        try:
            started = driver.resume()
        except Exception:
            LOG.exception(
                'Could not check which servers have to be started. Check '
                'the cloud, then restart the task manager.'
            )
            return
        if started:
            LOG.info(
                'Started the servers of instances %s.', ', '.join(started)
            )

    def _sign_off(self) -> None:
        if self._recovery is None or not self._registration.reported:
            return
        try:
            self._recovery.release()
        except exception.TroveError as error:
            LOG.warning(
                'Could not unregister: %s The other task managers adopt the '
                'jobs of this one after %s seconds (service_down_time).',
                error,
                self._conf.service_down_time,
            )
            return
        self._registration.sign_off()
