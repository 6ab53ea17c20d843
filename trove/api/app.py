# SPDX-License-Identifier: Apache-2.0
"""The WSGI application: routes in, handlers out (Falcon).

The factories at the end are what etc/trove/api-paste.ini names.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import functools
import itertools
from typing import Any
from typing import TYPE_CHECKING
from urllib import parse

import falcon
from oslo_log import log
from oslo_middleware import sizelimit

from trove.api import absent
from trove.api import errors
from trove.api import loading
from trove.api import middleware
from trove.api import paths
from trove.api import request as api_request
from trove.api import routes
from trove.api import runtime as api_runtime
from trove.api import validation
from trove.common import context as trove_context
from trove.common import exception
from trove.common import names

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = log.getLogger(__name__)

#: Query parameters that a request may have.
_MOST_PARAMETERS = 100

prefix_map = loading.prefix_map
pipeline_by_auth_strategy = loading.pipeline_by_auth_strategy


class Resource:
    """All verbs of one path."""

    def __init__(
        self, runtime: api_runtime.Runtime, table: Iterable[routes.Route]
    ) -> None:
        self.runtime = runtime
        for route in table:
            responder = functools.partial(self.serve, route)
            setattr(self, f'on_{route.verb.lower()}', responder)
            if route.verb == 'GET':
                # The same, of which only the headers are sent.
                setattr(self, 'on_head', responder)  # noqa: B010

    def serve(
        self,
        route: routes.Route,
        req: falcon.Request,
        resp: falcon.Response,
        **params: str,
    ) -> None:
        """Answer one request: policy, schema, handler."""
        limit = self.runtime.conf.oslo_middleware.max_request_body_size
        request = api_request.Request(
            context=_context(req, params),
            runtime=self.runtime,
            rule=route.rule,
            params={k: _decode(k, v) for k, v in params.items()},
            query=_query(req),
            body=None,
            base_url=base_url(self.runtime, req),
            path=req.path,
        )
        if route.any_of:
            request.authorize_any(route.any_of)
        elif route.check:
            request.authorize(route.rule)
        _check_query(route, request.query)
        if route.schema is not None:
            request.body = route.schema.read(req, limit)
        else:
            validation.require_none(req, limit)
        with request.held:
            try:
                answer = route.handler(request)
            except exception.PeerTimeout:
                if request.asked is not None:
                    self.runtime.unanswered(request.asked)
                raise
        resp.status = route.status
        if answer is not None:
            resp.media = answer


def _context(
    req: falcon.Request, params: dict[str, str]
) -> trove_context.TroveContext:
    """Return the context of a request; its project is that of the URL.

    :raises Unauthorized: no filter made one, and the path needs one
    """
    context: trove_context.TroveContext | None = req.env.get(
        middleware.CONTEXT
    )
    if 'project_id' not in params:
        return context or trove_context.TroveContext()
    if context is None:
        raise exception.Unauthorized('The request needs a valid token.')
    if _decode('project', params['project_id']) != context.project_id:
        raise exception.NotFound('The project does not exist.')
    return context


def _decode(name: str, value: str) -> str:
    """Return a segment of the path as the user meant it.

    :raises NotFound: it is not UTF-8 or holds NUL, so nothing has that name
    """
    try:
        text = parse.unquote(value, errors='strict')
    except UnicodeDecodeError:
        text = '\x00'
    if '\x00' in text:
        raise exception.NotFound(
            f'The {name} in the path is not valid text, so there is no such '
            'resource.'
        )
    return text


def _query(req: falcon.Request) -> dict[str, str]:
    """Return the value of each query parameter.

    :raises BadRequest: there are too many, one holds NUL, or one has two
        values, of which one would be passed over
    """
    try:
        pairs = parse.parse_qsl(
            req.query_string,
            keep_blank_values=True,
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        raise exception.BadRequest(
            f'The query has more than {_MOST_PARAMETERS} parameters; omit '
            'undocumented ones.'
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if '\x00' in value:
            raise exception.BadRequest(
                'A query parameter contains the character U+0000. Remove it.'
            )
        if found.setdefault(name, value) != value:
            raise exception.BadRequest(
                f'The query has the parameter {names.show(name)} twice; '
                'provide one value.'
            )
    return found


def _check_query(route: routes.Route, query: Mapping[str, str]) -> None:
    """Return when all parameters are applied.

    :raises BadRequest: one would be passed over
    """
    if route.query is None:
        return
    for name in query:
        if name not in route.query:
            known = ', '.join(route.query) or 'none'
            raise exception.BadRequest(
                f'The query parameter {names.show(name)} is not supported '
                f'here; omit it. Supported: {known}.'
            )


def base_url(runtime: api_runtime.Runtime, req: falcon.Request) -> str:
    """Return the URL of version 1.0, without a slash at the end."""
    root = str(runtime.conf.public_endpoint or req.prefix).rstrip('/')
    return root.removesuffix('/v1.0') + '/v1.0'


def make_app(
    runtime: api_runtime.Runtime, table: Iterable[routes.Route]
) -> WSGIApplication:
    """Return an application that serves the routes of a table."""
    app: falcon.App[Any, Any] = falcon.App(
        media_type=falcon.MEDIA_JSON, cors_enable=False
    )
    _add_error_handlers(app)
    by_path = sorted(table, key=lambda route: route.path)
    for path, group in itertools.groupby(by_path, key=lambda r: r.path):
        app.add_route(path, Resource(runtime, group))
    return paths.RawPath(app)


def _add_error_handlers(app: falcon.App[Any, Any]) -> None:
    def answer(
        resp: falcon.Response, code: int, fault: str, message: str
    ) -> None:
        resp.status = code
        resp.content_type = errors.JSON
        resp.data = errors.encode(code, fault, message)
        resp.media = resp.text = None

    def on_http_error(
        req: falcon.Request,
        resp: falcon.Response,
        error: falcon.HTTPError,
        params: dict[str, Any],
    ) -> None:
        if error.headers:
            resp.set_headers(error.headers)
        answer(resp, *errors.from_falcon(error))

    def on_error(
        req: falcon.Request,
        resp: falcon.Response,
        error: Exception,
        params: dict[str, Any],
    ) -> None:
        known = errors.translate(error)
        answer(resp, known.code, known.fault, str(known))

    app.add_error_handler(Exception, on_error)
    app.add_error_handler(falcon.HTTPError, on_http_error)


def app_factory(global_conf: dict[str, str], **local: str) -> WSGIApplication:
    """Paste app: everything below ``/v1.0``."""
    runtime = loading.runtime(global_conf)
    runtime.conf.register_opts(sizelimit.OPTS, group='oslo_middleware')
    return make_app(runtime, (*routes.ROUTES, *absent.ROUTES))


def versions_factory(
    global_conf: dict[str, str], **local: str
) -> WSGIApplication:
    """Paste app: the list of versions at ``/``."""
    runtime = loading.runtime(global_conf)
    runtime.conf.register_opts(sizelimit.OPTS, group='oslo_middleware')
    return make_app(runtime, routes.VERSIONS)
