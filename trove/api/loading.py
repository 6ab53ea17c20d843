# SPDX-License-Identifier: Apache-2.0
"""Builds the application that api-paste.ini describes.

Factories named in that file get strings only. So the runtime waits here
under a key while the file is loaded, and the key is what they get.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import pathlib
import sys
from typing import Any
from typing import TYPE_CHECKING
import uuid

from oslo_config import cfg
from paste import deploy

from trove.api import paths
from trove.api import runtime as api_runtime
from trove.common import exception

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

_KEY = 'trove_runtime'
_waiting: dict[str, api_runtime.Runtime] = {}


def load(runtime: api_runtime.Runtime) -> WSGIApplication:
    """Return the application for a runtime.

    :raises ConfigurationError: the paste file is not found
    """
    key = uuid.uuid4().hex
    _waiting[key] = runtime
    try:
        application: WSGIApplication = deploy.loadapp(
            f'config:{_find(runtime.conf)}',
            name='trove',
            global_conf={_KEY: key},
        )
        return application
    finally:
        del _waiting[key]


def runtime(global_conf: Mapping[str, str]) -> api_runtime.Runtime:
    """Return the runtime that an application is being loaded for."""
    try:
        return _waiting[global_conf[_KEY]]
    except KeyError:
        raise exception.ConfigurationError(
            'api-paste.ini cannot be loaded directly, because it does not '
            'contain the options. Serve trove.api.wsgi:application.'
        ) from None


def _find(conf: cfg.ConfigOpts) -> str:
    name = conf.api_paste_config
    found = conf.find_file(name)
    if found:
        return str(found)
    source = pathlib.Path(__file__).resolve().parents[2]
    for root in (pathlib.Path(sys.prefix), source):
        path = root / 'etc' / 'trove' / name
        if path.is_file():
            return str(path)
    raise exception.ConfigurationError(
        option='api_paste_config',
        value=name,
        remedy='there is no such file. Copy etc/trove/api-paste.ini of the '
        'installation to the directory of trove.conf, or set the full path.',
    )


class PrefixMap:
    """Hands a request to the application that its path begins with.

    The longest prefix wins. The prefix moves from ``PATH_INFO`` to
    ``SCRIPT_NAME``.
    """

    def __init__(self, applications: Mapping[str, WSGIApplication]) -> None:
        self._applications = sorted(
            ((p.rstrip('/'), app) for p, app in applications.items()),
            key=lambda item: len(item[0]),
            reverse=True,
        )

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        path = environ.get('PATH_INFO', '')
        for prefix, application in self._applications:
            if path == prefix or path.startswith(prefix + '/'):
                script = environ.get('SCRIPT_NAME', '')
                environ['SCRIPT_NAME'] = script + prefix
                environ['PATH_INFO'] = path[len(prefix) :]
                return application(environ, start_response)
        # It is no path, or the file has no application for "/".
        return paths.answer_no_path(environ, start_response)


def prefix_map(
    loader: Any, global_conf: dict[str, str], **local: str
) -> PrefixMap:
    """Paste composite: each ``<prefix> = <name>`` is an application."""
    return PrefixMap(
        {
            prefix: loader.get_app(name, global_conf=global_conf)
            for prefix, name in local.items()
        }
    )


def pipeline_by_auth_strategy(
    loader: Any, global_conf: dict[str, str], **local: str
) -> WSGIApplication:
    """Paste composite: the pipeline that ``auth_strategy`` names."""
    strategy = runtime(global_conf).conf.auth_strategy
    if strategy not in local:
        raise exception.ConfigurationError(
            option='auth_strategy',
            value=strategy,
            remedy='the paste file has no pipeline with this name.',
        )
    *names, last = local[strategy].split()
    filters = [loader.get_filter(n, global_conf=global_conf) for n in names]
    application: WSGIApplication = loader.get_app(
        last, global_conf=global_conf
    )
    for make in reversed(filters):
        application = make(application)
    return application
