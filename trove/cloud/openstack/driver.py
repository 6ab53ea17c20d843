# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack``: its parts, made from the options."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import copy

from oslo_config import cfg

from trove.cloud import base
from trove.cloud.openstack import calls
from trove.cloud.openstack import compute
from trove.cloud.openstack import flavors
from trove.cloud.openstack import inventory
from trove.cloud.openstack import network
from trove.cloud.openstack import readiness
from trove.cloud.openstack import session
from trove.cloud.openstack import volumes


class OpenStackCloud(base.Cloud):
    """Nova, Cinder, Neutron and Glance."""

    localities = frozenset({'affinity', 'anti-affinity'})

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        sessions: session.Sessions | None = None,
    ) -> None:
        if not conf.trove_security_groups_support:
            self.ignores = frozenset({'allowed_cidrs'})  # type: ignore[misc]
        seconds = conf.cloud_openstack.cache_time
        self._flavors = flavors.Cached[list[base.Flavor]](seconds)
        self._types = flavors.Cached[list[base.VolumeType]](seconds)
        self._use(calls.Calls(conf, sessions))

    def _use(self, api: calls.Calls) -> None:
        self._api = api
        ports = network.OpenStackNetwork(api)
        self.network = ports
        self.compute = compute.OpenStackCompute(api, ports, self._flavors)
        self.volumes = volumes.OpenStackVolumes(api, self._types)

    def inventory(self, context: base.Context) -> dict[str, list[str]]:
        return inventory.of(self._api)

    def problems(
        self, images: Mapping[str, tuple[str | None, Sequence[str]]]
    ) -> list[str]:
        return readiness.problems(self._api, images)

    def fenced(self, check: Callable[[], None]) -> base.Cloud:
        fenced = copy.copy(self)
        fenced._use(self._api.fenced(check))
        return fenced
