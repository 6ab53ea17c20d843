# SPDX-License-Identifier: Apache-2.0
"""The guest agent service: runs one database and serves its endpoint."""

from __future__ import annotations

import logging
import os
import pathlib
import signal
import threading
from typing import Any

from oslo_config import cfg

from trove.common import exception
from trove.common import rpc
from trove.common import service
from trove.conductor import api as conductor
from trove.guestagent import backups
from trove.guestagent import early
from trove.guestagent import following
from trove.guestagent import freezing
from trove.guestagent import guest_keys
from trove.guestagent import guest_transport
from trove.guestagent import heartbeat as heartbeats
from trove.guestagent import logs
from trove.guestagent import manager
from trove.guestagent import modules
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent import state as states
from trove.guestagent import supervisor as supervisors
from trove.guestagent.agents import upgrades as agents
from trove.guestagent.datastores import registry

LOG = logging.getLogger(__name__)

#: Timeout in seconds for orders in progress when the agent stops.
_STOP_TIMEOUT = 30


class GuestAgent(service.Component):
    """The guest agent of one instance.

    :param transport: to use instead of its own one; it is not closed
    :param version: the older version of the interface to serve, if any
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport | None = None,
        version: str | None = None,
    ) -> None:
        if not conf.guest_id:
            raise exception.ConfigurationError(
                option='[DEFAULT] guest_id',
                value='',
                remedy='the agent needs the id of its instance. Give it the '
                'guest_info.conf that the control plane wrote: '
                '--config-file /etc/trove/conf.d/guest_info.conf',
            )
        self._conf = conf
        self._given = transport
        self._version = version
        self._transport: rpc.Transport | None = None
        self._guest_transport: guest_transport.GuestTransport | None = None
        self._supervisor: supervisors.Supervisor | None = None
        self._backups: backups.Backups | None = None
        self._freezer: freezing.Freezer | None = None
        self._logs: logs.Logs | None = None
        self._agents: agents.Agents | None = None
        self._following: following.Following | None = None
        self._heartbeat: heartbeats.Heartbeat | None = None
        self._time_sent: monotonic_time.MonotonicTime | None = None
        self._server: Any = None

    def start(self) -> None:
        """Start the supervisor, the heartbeat and the server, in this order.

        The database starts even if the message broker is unreachable.

        :raises trove.common.exception.ConfigurationError: an option has an
            invalid value
        """
        conf = self._conf
        interface = manager.Manager.interface
        # Otherwise an invalid value would fail at the first message only.
        conductor.API.interface.pin(conf)
        if self._given is None:
            rpc.check(conf)
        early.begin(conf)
        state_dir = pathlib.Path(conf.guestagent.state_dir)
        # Its mode is that of its creator, since others may have to enter it.
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        own_keys = guest_keys.make(conf)
        self._transport = self._given or rpc.Transport(
            conf, own=_own_topic(conf)
        )
        self._guest_transport = guest_transport.GuestTransport(
            conf, self._transport, own_keys, state_dir
        )
        transport = self._guest_transport.transport
        self._supervisor = supervisors.Supervisor(
            registry.load(conf),
            state_dir,
            self._changed,
            conf.guestagent.boot_name or states.boot_id(),
        )
        self._time_sent = monotonic_time.MonotonicTime(
            state_dir / monotonic_time.FILE
        )
        self._following = following.Following(conf, self._supervisor)
        self._heartbeat = self._make_heartbeat(transport)
        self._freezer = freezing.Freezer(self._supervisor, state_dir)
        # The database writes to the volume.
        self._freezer.start()
        self._supervisor.start()
        self._following.start()
        self._heartbeat.start()
        self._server = self._make_server(transport, own_keys)
        self._server.start()
        # Last: the database and the heartbeat do not depend on it.
        self._guest_transport.start()
        assert self._agents
        self._agents.start()
        LOG.info(
            'Guest agent of instance %s started, interface version %s.',
            conf.guest_id,
            self._version or interface.latest,
        )

    def _make_heartbeat(
        self, transport: rpc.Transport
    ) -> heartbeats.Heartbeat:
        assert self._supervisor and self._time_sent and self._following
        assert self._guest_transport
        return heartbeats.Heartbeat(
            self._conf,
            transport,
            self._version or str(manager.Manager.interface.latest),
            self._supervisor.status,
            self._time_sent,
            self._supervisor.version,
            self._following.report,
            self._supervisor.trouble,
            first=self._guest_transport.meet,
        )

    def _make_server(
        self, transport: rpc.Transport, own_keys: guest_keys.GuestKeys | None
    ) -> Any:
        assert self._supervisor and self._heartbeat and self._guest_transport
        assert self._time_sent
        conf = self._conf
        reporting = reporter.Reporter(
            conf,
            conductor.API(transport),
            self._time_sent,
            self._guest_transport.conductors.confirm,
        )
        self._backups = backups.Backups(
            self._supervisor,
            reporting,
            pathlib.Path(conf.guestagent.state_dir),
        )
        # It ends what was begun before there are new orders.
        self._backups.start()
        self._logs = logs.Logs(
            conf, self._supervisor, pathlib.Path(conf.guestagent.state_dir)
        )
        self._logs.start()
        self._agents = agents.Agents(
            pathlib.Path(conf.guestagent.state_dir),
            reporting.reporting,
            self._supervisor.status,
            self._guest_transport.conductors.look,
            self._backups.doing,
            _end if self._given is None else None,
        )
        return transport.server(
            manager.Manager(
                self._supervisor,
                reporting,
                self._heartbeat.beat,
                self._backups,
                self._logs,
                modules.Modules(
                    pathlib.Path(conf.guestagent.state_dir) / 'modules'
                ),
                None if own_keys is None else own_keys.rotate,
                self._agents,
                self._freezer,
            ),
            host=conf.guest_id,
            peer=conf.guest_id,
            version=self._version,
        )

    def stop(self) -> None:
        """Stop the agent; the database keeps running."""
        if self._server is not None:
            self._server.stop()
            waiter = threading.Thread(target=self._server.wait, daemon=True)
            waiter.start()
            waiter.join(_STOP_TIMEOUT)
            self._server = None
        if self._freezer is not None:
            self._freezer.stop()
        if self._backups is not None:
            self._backups.stop()
        if self._logs is not None:
            self._logs.stop()
        if self._agents is not None:
            self._agents.stop()
        if self._following is not None:
            self._following.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._guest_transport is not None:
            self._guest_transport.stop()
        if self._supervisor is not None:
            self._supervisor.stop()
        if self._transport is not None and self._given is None:
            self._transport.close()

    def reload(self) -> None:
        if self._guest_transport is not None:
            self._guest_transport.refresh()

    def _changed(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.wake()


def _end() -> None:
    """End this process as its supervisor does, which starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


def _own_topic(conf: cfg.ConfigOpts) -> str | None:
    """Return the topic, if the broker account is limited to it."""
    if not conf.rpc_own_account:
        return None
    return manager.Manager.interface.topic(conf, conf.guest_id)
