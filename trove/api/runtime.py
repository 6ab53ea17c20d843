# SPDX-License-Identifier: Apache-2.0
"""What every request needs and the process has one of."""

from __future__ import annotations

import threading
import time

from oslo_config import cfg

from trove import cloud as trove_cloud
from trove import peers
from trove import policies
from trove.cloud import base as cloud_base
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.peers import versions
from trove.taskmanager import api as task_api

#: Seconds for which a guest that did not answer is not asked again for
#: something that an answer can do without.
SILENCE = 60.0

#: Stands for all guests: the message broker does not answer.
EVERYBODY = ''


class Runtime:
    """Holds options, rules, cloud and clients; opens nothing by itself.

    :param conf: the options
    :param transport: for the messages; made from ``conf`` by default, and
        closed with this only then
    :param cloud: the cloud driver; loaded as ``conf`` says by default
    :raises ConfigurationError: an option has a value that cannot be
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport | None = None,
        cloud: cloud_base.Cloud | None = None,
    ) -> None:
        self.conf = conf
        # A pin that is wrong shows now, not at the first message.
        versions.check_pins(conf)
        self.enforcer = policies.Enforcer(conf)
        self.cloud = cloud or trove_cloud.load(conf)
        self._own_transport = transport is None
        self.transport = transport or peers.transport(conf)
        self._silent: dict[str, float] = {}
        self._lock = threading.Lock()

    def taskmanager(self) -> task_api.API:
        return task_api.API(self.transport)

    def guest(
        self, instance_id: str, timeout: float | None = None
    ) -> guest_api.API:
        """Return the client of a guest, with an own timeout if need be."""
        if timeout is None:
            return guest_api.API(self.transport, instance_id)
        return guest_api.API(self.transport, instance_id, timeout=timeout)

    def is_silent(self, instance_id: str) -> bool:
        """Tell whether a guest, or any, could not be asked a moment ago."""
        now = time.monotonic()
        with self._lock:
            return any(
                self._silent.get(key, 0.0) > now
                for key in (instance_id, EVERYBODY)
            )

    def mark_silent(self, instance_id: str) -> None:
        """Remember that a guest, or :data:`EVERYBODY`, did not answer."""
        with self._lock:
            now = time.monotonic()
            for key in [k for k, v in self._silent.items() if v <= now]:
                del self._silent[key]
            self._silent[instance_id] = now + SILENCE

    def refresh(self) -> None:
        """Look up anew what the peers speak."""
        self.transport.refresh()

    def close(self) -> None:
        """Close what was opened; the next request opens it again."""
        if self._own_transport:
            self.transport.close()
