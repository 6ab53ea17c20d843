# SPDX-License-Identifier: Apache-2.0
"""Connections to the services, made from the options."""

from __future__ import annotations

import threading
import time
from typing import Any
import warnings

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import session as ks_session
from openstack import connection
from openstack import proxy
from openstack import warnings as sdk_warnings
from oslo_config import cfg

from trove.common import credentials

#: The services: what openstacksdk calls them, prefixes of their options, and
#: whether the id of the project is appended to their URL.
_SERVICES = (
    ('compute', 'nova_compute', 'nova', True),
    ('network', 'neutron', 'neutron', False),
    ('block_storage', 'cinder', 'cinder', True),
    ('image', 'glance', 'glance', False),
)


class Sessions:
    """The connections of a process, as the user in [service_credentials].

    They may be used by several threads. Nothing is sent before the first use.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        self._made: dict[bool, connection.Connection] = {}

    def pause(self, seconds: float) -> None:
        """Wait before the next request."""
        time.sleep(seconds)

    @property
    def project_id(self) -> str:
        """The id of the project in which everything is made."""
        return str(credentials.session(self._conf).get_project_id())

    def service(self, name: str) -> Any:
        """Return the proxy of a service, such as ``compute``.

        :raises ConnectFailure: it does not tell its versions
        """
        short = next(each[2] for each in _SERVICES if each[0] == name)
        insecure = bool(self._conf[f'{short}_api_insecure'])
        with self._lock:
            made = self._made.get(insecure)
            if made is None:
                made = self._connect(insecure)
                self._made[insecure] = made
            found = _proxy_of(made, name)
            if not hasattr(found, 'api_version'):
                # The library would never ask again.
                del self._made[insecure]
                raise ks_exceptions.ConnectFailure(
                    f'{short} refused to tell its versions, or is not in the '
                    'service catalog'
                )
            return found

    def _connect(self, insecure: bool) -> connection.Connection:
        shared = credentials.session(self._conf)
        session = ks_session.Session(
            auth=shared.auth,
            verify=False if insecure else shared.verify,
            timeout=self._conf.cloud_openstack.timeout,
        )
        return connection.Connection(
            session=session,
            region_name=(
                self._conf.os_region_name
                or self._conf.service_credentials.region_name
            ),
            app_name='trove',
            **self._settings(),
        )

    def _settings(self) -> dict[str, Any]:
        conf = self._conf
        found: dict[str, Any] = {
            'compute_default_microversion': conf.nova_client_version,
            'block_storage_default_microversion': (
                '3.42'
                if conf.cinder_client_version == '3'
                else conf.cinder_client_version
            ),
            # Repeated requests are the business of the driver.
            'connect_retries': 0,
            'status_code_retries': 0,
        }
        for name, prefix, _, appended in _SERVICES:
            kind = conf[f'{prefix}_endpoint_type']
            found[f'{name}_interface'] = kind.removesuffix('URL')
            kind = conf[f'{prefix}_service_type']
            if kind != 'volumev3':
                # The library finds this alias by the official type.
                found[f'{name}_service_type'] = kind
            url = conf[f'{prefix}_url']
            if url:
                url = url.rstrip('/')
                found[f'{name}_endpoint_override'] = (
                    f'{url}/{self.project_id}' if appended else url
                )
        return found


def _proxy_of(made: connection.Connection, name: str) -> Any:
    """Return the proxy of a service, or one that knows no version."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', sdk_warnings.UnsupportedServiceVersion)
        found = getattr(made, name)
    return found if isinstance(found, proxy.Proxy) else None
