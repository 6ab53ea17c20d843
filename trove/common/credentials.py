# SPDX-License-Identifier: Apache-2.0
"""The services as a user of Keystone, see ``[service_credentials]``."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import functools

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import generic
from oslo_config import cfg

from trove.common import exception

_TIMEOUT = 60


def session(conf: cfg.ConfigOpts) -> ks_session.Session:
    """Return the session of the services, which renews its token.

    There is one in a process for the same options; it may be used by several
    threads. Nothing is sent yet.

    :raises ConfigurationError: the options do not name a user
    """
    group = conf.service_credentials
    for name in 'auth_url', 'username', 'password':
        if not getattr(group, name):
            raise exception.ConfigurationError(
                option=f'[service_credentials] {name}',
                value='',
                remedy='set it to that of the user of the Trove services.',
            )
    return _session(
        group.auth_url,
        group.username,
        group.password,
        group.project_id,
        group.project_name,
        group.user_domain_name,
        group.project_domain_name,
        False if group.insecure else group.cafile or True,
    )


@functools.lru_cache(maxsize=4)
def _session(
    auth_url: str,
    username: str,
    password: str,
    project_id: str,
    project_name: str,
    user_domain_name: str,
    project_domain_name: str,
    verify: bool | str,
) -> ks_session.Session:
    return ks_session.Session(
        auth=generic.Password(
            auth_url=auth_url,
            username=username,
            password=password,
            user_domain_name=user_domain_name,
            project_id=project_id or None,
            project_name=None if project_id else project_name,
            project_domain_name=None if project_id else project_domain_name,
        ),
        verify=verify,
        timeout=_TIMEOUT,
    )


def endpoints(
    used: ks_session.Session, service_type: str, interface: str
) -> list[tuple[str, str]]:
    """Return the URLs of a service, with their regions.

    :param interface: such as ``public`` or ``publicURL``
    :raises ServiceUnavailable: Keystone does not answer
    :raises ConfigurationError: it refuses the user
    """
    auth = used.auth
    assert isinstance(auth, generic.Password)
    with explained():
        catalog = auth.get_access(used).service_catalog
        found = catalog.get_endpoints_data(
            service_type=service_type, interface=interface
        )
    return [
        (str(each.url), str(each.region_name))
        for entries in found.values()
        for each in entries
    ]


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Convert errors of Keystone.

    :raises ServiceUnavailable: Keystone does not answer
    :raises ConfigurationError: it refuses the user
    """
    try:
        yield
    except (ks_exceptions.Unauthorized, ks_exceptions.Forbidden) as error:
        raise exception.ConfigurationError(
            '[service_credentials] name a user whom Keystone refuses. '
            'Correct these options, or the user and its roles in Keystone.'
        ) from error
    except ks_exceptions.ClientException as error:
        raise exception.ServiceUnavailable(
            'Keystone gave no token for the user in [service_credentials]: '
            f'{type(error).__name__}. Check that auth_url is right and that '
            'Keystone runs, then repeat the request.'
        ) from error
