# SPDX-License-Identifier: Apache-2.0
"""Object stores as configured by the options."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import importlib
from typing import Any

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.objectstore import access
from trove.objectstore import base
from trove.objectstore import local
from trove.objectstore import swift


def load(
    conf: cfg.ConfigOpts,
    kind: str | None = None,
    who: access.Access | None = None,
) -> base.Store:
    """Return a store.

    :param kind: as in the option ``storage_strategy``, which is the default
    :param who: the access, for Swift only
    :raises ConfigurationError: the store does not exist
    """
    name = kind or conf.storage_strategy
    if name not in _KINDS:
        raise exception.ConfigurationError(
            option='storage_strategy',
            value=name,
            remedy=f'no such store exists. Use one of {", ".join(_KINDS)}.',
        )
    return _KINDS[name](conf, who)


def container(conf: cfg.ConfigOpts, *wanted: str | None) -> str:
    """Return the first container that is set, else the default one."""
    named: str | None = next(filter(None, wanted), None)
    default: str = conf.backup_swift_container
    return named or default


def storage_url(
    conf: cfg.ConfigOpts, context: trove_context.TroveContext
) -> str:
    """Return the URL of the Swift account of the context's project.

    :raises ConfigurationError: neither the options nor the service catalog
        have it
    """
    if conf.swift_url:
        return f'{conf.swift_url}{context.project_id}'
    for service in context.service_catalog:
        if service.get('type') == conf.swift_service_type:
            for endpoint in service.get('endpoints', ()):
                region = conf.os_region_name or endpoint.get('region')
                url = endpoint.get(conf.swift_endpoint_type)
                if url and endpoint.get('region') == region:
                    return str(url)
    raise unknown_url(conf)


def unknown_url(conf: cfg.ConfigOpts) -> exception.ConfigurationError:
    """Return the error when nothing tells the URL of Swift."""
    return exception.ConfigurationError(
        option='swift_url',
        value=conf.swift_url or '',
        remedy=f'and the service catalog has no {conf.swift_endpoint_type} '
        f'of a service of type {conf.swift_service_type} in region '
        f'{conf.os_region_name or "(any)"}. Set swift_url, or add Swift to '
        'the catalog.',
    )


def swift_settings(conf: cfg.ConfigOpts) -> dict[str, Any]:
    """Return the options of Swift, for :func:`.swift.open_with`."""
    verify: bool | str = not conf.swift_api_insecure
    if verify and conf.objectstore.cafile:
        verify = conf.objectstore.cafile
    return {
        'part_size': conf.backup_segment_max_size,
        'attempts': conf.objectstore.attempts,
        'timeout': conf.objectstore.timeout,
        'verify': verify,
    }


def _local(
    conf: cfg.ConfigOpts, who: access.Access | None
) -> local.LocalStore:
    options = conf.objectstore
    return local.LocalStore(
        options.local_directory, options.local_min_free << 20
    )


def _swift(
    conf: cfg.ConfigOpts, who: access.Access | None
) -> swift.SwiftStore:
    if who is None:
        raise exception.ConfigurationError(
            option='storage_strategy',
            value='swift',
            remedy='but neither a token nor TempURLs for Swift were given.',
        )
    return swift.open_with(who, swift_settings(conf))


def _s3(conf: cfg.ConfigOpts, who: access.Access | None) -> Any:
    try:
        # An extra, and many MiB of memory.
        boto3 = importlib.import_module('boto3')
        module = importlib.import_module('trove.objectstore.s3')
    except ImportError as error:
        raise exception.ConfigurationError(
            option='storage_strategy',
            value='s3',
            remedy='but boto3 is not installed. Install trove[s3].',
        ) from error
    options = conf.objectstore
    session = boto3.session.Session(
        aws_access_key_id=options.s3_access_key,
        aws_secret_access_key=options.s3_secret_key,
        region_name=options.s3_region,
    )
    client = session.client(
        's3',
        endpoint_url=options.s3_endpoint,
        verify=options.cafile,
        config=module.settings(options.attempts, options.timeout),
    )
    return module.S3Store(
        client,
        options.s3_bucket,
        retry=swift.Retry(attempts=options.attempts),
        keys=session.get_credentials(),
    )


def sign_s3(
    conf: cfg.ConfigOpts, grants: Sequence[Any], *, expires: int
) -> dict[str, Any]:
    """Return signed URLs of S3; see :meth:`.s3.S3Store.sign`."""
    signed: dict[str, Any] = _s3(conf, None).sign(grants, expires=expires)
    return signed


_Make = Callable[[cfg.ConfigOpts, access.Access | None], base.Store]
_KINDS: dict[str, _Make] = {
    'local': _local,
    's3': _s3,
    'swift': _swift,
}
