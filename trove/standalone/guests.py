# SPDX-License-Identifier: Apache-2.0
"""Guest agents as threads of this process."""

from __future__ import annotations

import threading

from oslo_config import cfg
from oslo_log import log

from trove import conf as trove_conf
from trove.cloud.local import home as homes
from trove.cloud.local import launcher
from trove.common import exception
from trove.common import rpc
from trove.guestagent import service

LOG = log.getLogger(__name__)

_FAILED = (
    'The guest agent of instance %s did not start: %s Once the cause is '
    'fixed, reboot the instance.'
)


class GuestThreads(launcher.Launcher):
    """Runs guest agents as threads of this process.

    They share one transport, but each has the options of its own files, like
    a process of its own.

    :param conf: the options of this process, with those of the transport
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._transport = rpc.Transport(conf)
        self._lock = threading.RLock()
        self._agents: dict[str, service.GuestAgent] = {}
        self._failures: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._homes: dict[str, homes.Home] = {}

    def serve_as(self, instance_id: str, version: str | None) -> None:
        """Serve an older version of the interface, from the next start on.

        :param version: for example ``1.3``; None for the latest
        """
        with self._lock:
            if version is None:
                self._versions.pop(instance_id, None)
            else:
                self._versions[instance_id] = version

    def restart(self, instance_id: str) -> None:
        """Restart a guest agent only, as its upgrade would."""
        with self._lock:
            home = self._homes[instance_id]
        self.stop(home, 0)
        self.start(home)

    def start(self, home: homes.Home) -> None:
        name = home.instance_id
        agent = None
        try:
            with self._lock:
                if name in self._agents:
                    return
                self._failures.pop(name, None)
                self._homes[name] = home
                agent = self._agents[name] = self._new(home)
            agent.start()
        except exception.TroveError as error:
            LOG.error(_FAILED, name, error)
            self._give_up(name, agent, error)
        except Exception as error:
            LOG.exception(_FAILED, name, repr(error))
            self._give_up(name, agent, error)

    def _new(self, home: homes.Home) -> service.GuestAgent:
        return service.GuestAgent(
            _options(home),
            transport=self._transport,
            version=self._versions.get(home.instance_id),
        )

    def _give_up(
        self, name: str, agent: service.GuestAgent | None, error: Exception
    ) -> None:
        with self._lock:
            self._failures[name] = str(error)
            self._agents.pop(name, None)
        if agent is not None:
            agent.stop()

    def stop(self, home: homes.Home, timeout: float) -> None:
        with self._lock:
            agent = self._agents.pop(home.instance_id, None)
            self._failures.pop(home.instance_id, None)
        if agent is not None:
            agent.stop()

    def alive(self, home: homes.Home) -> bool:
        with self._lock:
            return home.instance_id in self._agents

    def failure(self, home: homes.Home) -> str | None:
        with self._lock:
            return self._failures.get(home.instance_id)

    def close(self) -> None:
        """Close the transport, after the last guest agent has stopped."""
        self._transport.close()


def _options(home: homes.Home) -> cfg.ConfigOpts:
    options = cfg.ConfigOpts()
    trove_conf.register_opts(options)
    options(
        [],
        project='trove',
        prog='trove-guestagent',
        default_config_files=[str(path) for path in home.config_files()],
        default_config_dirs=[],
    )
    return options
