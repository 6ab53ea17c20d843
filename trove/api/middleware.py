# SPDX-License-Identifier: Apache-2.0
"""The filters of the pipelines in api-paste.ini that are ours.

What another project does well is taken from there (oslo.middleware,
keystonemiddleware) and only given our options, so that nothing here needs
the global ones.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import json
import re
import time
from typing import Any
from typing import TYPE_CHECKING
from urllib import parse

from oslo_log import log
import oslo_middleware
from oslo_middleware import sizelimit
import webob
import webob.dec

from trove.api import errors
from trove.api import identity
from trove.api import loading
from trove.api import paths
from trove.common import context as trove_context
from trove.common import exception
from trove.common import names

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

LOG = log.getLogger(__name__)

#: Where the context of a request is found in its environment.
CONTEXT = 'trove.context'

#: What no header may hold (RFC 9110, section 5.5), beside the tabulator.
_CONTROL = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]')

Filter = Callable[['WSGIApplication'], 'WSGIApplication']


class RequestId(oslo_middleware.RequestId):
    """Gives a request its id, under the name that older clients read too."""

    compat_headers = ['x-compute-request-id']


class Faults:
    """Gives every error a body of the released form, and logs each answer.

    It stands outside of filters that answer with HTML or text, and is the
    last resort for an exception that nobody expected.

    :param limit: how many bytes a body may have, for the error that says so
    """

    def __init__(self, application: WSGIApplication, limit: int) -> None:
        self.application = application
        self.limit = limit

    @webob.dec.wsgify  # type: ignore[untyped-decorator]
    def __call__(self, request: webob.Request) -> webob.Response:
        began = time.monotonic()
        # The filters behind this one change the path.
        environ = request.environ
        # For log lines until there is a context that says who asks; else
        # they would bear the id of this thread's last request.
        trove_context.TroveContext(
            request_id=environ.get('openstack.request_id')
        )
        path = f'{environ.get("SCRIPT_NAME", "")}{environ["PATH_INFO"]}'
        try:
            paths.check_target(environ)
            _check_headers(environ)
            _check_coding(environ)
            response = request.get_response(self.application)
        except Exception as error:  # noqa: BLE001
            response = _respond(errors.translate(error))
        if response.status_int >= 400 and not _is_fault(response):
            response = self._convert(response)
        LOG.info(
            '%s %r: %d in %.3f s',
            request.method,
            path,
            response.status_int,
            time.monotonic() - began,
        )
        return response

    def _convert(self, response: webob.Response) -> webob.Response:
        if response.status_int == 413:
            return _respond(exception.BodyTooLarge(limit=self.limit))
        code = response.status_int
        text = response.status.partition(' ')[2] or 'Request failed.'
        converted = webob.Response(
            status=code,
            content_type=errors.JSON,
            body=errors.encode(code, errors.fault(code), text),
        )
        # Not Retry-After: python-troveclient ends with a TypeError at it.
        for name in ('WWW-Authenticate', 'Allow'):
            if name in response.headers:
                converted.headers[name] = response.headers[name]
        return converted


def _check_headers(environ: WSGIEnvironment) -> None:
    """Return when the headers are such that they can be sent on.

    :raises BadRequest: one holds what ends a line, or ends a text
    """
    for name, value in environ.items():
        if name.startswith('HTTP_') and _CONTROL.search(value):
            header = name.removeprefix('HTTP_').replace('_', '-').title()
            raise exception.BadRequest(
                f'The header {header[:60]} contains a control character. '
                'Remove it.'
            )


def _check_coding(environ: WSGIEnvironment) -> None:
    """Return when a body comes as it is: nothing is ever unpacked.

    :raises BadMediaType: it is said to be compressed, or otherwise coded
    """
    coding = environ.get('HTTP_CONTENT_ENCODING', '')
    for each in coding.split(','):
        if each.strip().lower() not in ('', 'identity'):
            raise exception.BadMediaType(
                f'Content-Encoding {names.show(coding)} is not supported; '
                'send the body without Content-Encoding.'
            )


def _is_fault(response: webob.Response) -> bool:
    """Return whether an error already has a body of the released form.

    Filters of others answer with JSON of their own.
    """
    if response.content_type != errors.JSON:
        return False
    if not response.body:
        # To HEAD.
        return True
    try:
        [told] = response.json.values()
        return {'code', 'message'} <= set(told)
    except (ValueError, AttributeError, TypeError):
        return False


def _respond(error: exception.TroveError) -> webob.Response:
    return webob.Response(
        status=error.code,
        content_type=errors.JSON,
        body=errors.encode(error.code, error.fault, str(error)),
    )


class NoAuth:
    """Believes what a request says about itself.

    The token is ``user:project`` or ``user``; ``X-User-Id``,
    ``X-Project-Id`` and ``X-Roles`` say the same in headers of their own and
    go before. The project defaults to that of the URL. The user ``admin``
    has the role ``admin``, every other one ``member``.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        token = environ.get('HTTP_X_AUTH_TOKEN', '')
        user, _, project = token.partition(':')
        user = environ.get('HTTP_X_USER_ID') or user
        project = (
            environ.get('HTTP_X_PROJECT_ID')
            or project
            or _first_segment(environ)
        )
        if user:
            roles = environ.get('HTTP_X_ROLES')
            if not roles:
                roles = 'admin' if user == 'admin' else 'member'
            environ['HTTP_X_AUTH_TOKEN'] = token or f'{user}:{project}'
            environ['HTTP_X_USER_ID'] = user
            environ['HTTP_X_PROJECT_ID'] = project
            environ['HTTP_X_ROLES'] = roles
            environ['HTTP_X_IDENTITY_STATUS'] = 'Confirmed'
        else:
            environ.pop('HTTP_X_IDENTITY_STATUS', None)
        return self.application(environ, start_response)


class Context:
    """Makes the context of a request, or refuses the request.

    A request without a valid token is answered with 401, one whose URL names
    another project than its token with 403. The version document at ``/``
    needs neither.

    :raises NotFound: the path is none that a route can have
    """

    def __init__(
        self, application: WSGIApplication, admin_roles: Iterable[str]
    ) -> None:
        self.application = application
        self.admin_roles = frozenset(role.lower() for role in admin_roles)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        # First, for the segments say whose project it is.
        paths.segments(environ)
        project = _first_segment(environ)
        if project:
            if environ.get('HTTP_X_IDENTITY_STATUS') != 'Confirmed':
                refusal = _respond(
                    exception.Unauthorized(
                        'The request needs a valid token in the header '
                        'X-Auth-Token.'
                    )
                )
                return _send(refusal, environ, start_response)
            context = self._make_context(environ)
            if context.project_id != project:
                refusal = _respond(
                    exception.Forbidden(
                        'The token is scoped to project '
                        f'{context.project_id}, but the URL names another '
                        'one. Request a token for that project, or correct '
                        'the URL.'
                    )
                )
                return _send(refusal, environ, start_response)
            environ[CONTEXT] = context
        return self.application(environ, start_response)

    def _make_context(
        self, environ: WSGIEnvironment
    ) -> trove_context.TroveContext:
        roles = [
            role.strip()
            for role in environ.get('HTTP_X_ROLES', '').split(',')
            if role.strip()
        ]
        return trove_context.TroveContext(
            auth_token=environ.get('HTTP_X_AUTH_TOKEN'),
            user_id=environ.get('HTTP_X_USER_ID'),
            user_name=environ.get('HTTP_X_USER_NAME'),
            project_id=environ.get('HTTP_X_PROJECT_ID'),
            project_name=environ.get('HTTP_X_PROJECT_NAME'),
            roles=roles,
            is_admin=not self.admin_roles.isdisjoint(
                role.lower() for role in roles
            ),
            request_id=environ.get('openstack.request_id'),
            global_request_id=environ.get('openstack.global_request_id'),
            service_catalog=_catalog(environ),
        )


def _send(
    response: webob.Response,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    chunks: Iterable[bytes] = response(environ, start_response)
    return chunks


def _catalog(environ: WSGIEnvironment) -> list[dict[str, Any]]:
    try:
        catalog = json.loads(environ.get('HTTP_X_SERVICE_CATALOG') or '[]')
    except (ValueError, RecursionError):
        LOG.warning('Ignoring X-Service-Catalog, which is not valid JSON.')
        return []
    return catalog if isinstance(catalog, list) else []


def _first_segment(environ: WSGIEnvironment) -> str:
    path = str(environ.get('PATH_INFO', ''))
    segment = path.lstrip('/').partition('/')[0]
    try:
        return parse.unquote(segment.encode('latin-1').decode('utf-8'))
    except UnicodeError:
        return segment


def request_id(global_conf: dict[str, str], **local: str) -> Filter:
    conf = loading.runtime(global_conf).conf
    return lambda application: RequestId(application, conf)


def faults(global_conf: dict[str, str], **local: str) -> Filter:
    conf = loading.runtime(global_conf).conf
    conf.register_opts(sizelimit.OPTS, group='oslo_middleware')
    limit = conf.oslo_middleware.max_request_body_size
    return lambda application: Faults(application, limit)


def proxy_headers(global_conf: dict[str, str], **local: str) -> Filter:
    """Believe a proxy, if the operator says so; else nothing is in the way."""
    conf = loading.runtime(global_conf).conf

    def make(application: WSGIApplication) -> WSGIApplication:
        proxied: WSGIApplication = oslo_middleware.HTTPProxyToWSGI(
            application, conf
        )
        believes = conf.oslo_middleware.enable_proxy_headers_parsing
        return proxied if believes else application

    return make


def cors(global_conf: dict[str, str], **local: str) -> Filter:
    """Let pages of other origins in, if there are any; see ``[cors]``."""
    conf = loading.runtime(global_conf).conf

    def make(application: WSGIApplication) -> WSGIApplication:
        shared = oslo_middleware.CORS(application, conf)
        return shared if shared.allowed_origins else application

    return make


def size_limit(global_conf: dict[str, str], **local: str) -> Filter:
    conf = loading.runtime(global_conf).conf
    return lambda application: sizelimit.RequestBodySizeLimiter(
        application, conf
    )


def keystone(global_conf: dict[str, str], **local: str) -> Filter:
    """Check tokens; what has none is refused by :class:`Context`."""
    runtime = loading.runtime(global_conf)
    conf = runtime.conf
    settings: dict[str, Any] = {
        **local,
        'oslo_config_config': conf,
        'delay_auth_decision': True,
    }

    def make(application: WSGIApplication) -> WSGIApplication:
        identity.set_defaults(conf)
        protocol: WSGIApplication = identity.Tokens(
            application, settings, runtime.gate
        )
        group = conf.keystone_authtoken
        if not group.auth_type and not group.auth_section:
            raise exception.ConfigurationError(
                option='[keystone_authtoken] auth_type',
                value='',
                remedy='set it to "password" and set auth_url, username, '
                'password, project_name and the domains of the service user '
                'that validates tokens; or set auth_strategy = noauth for '
                'tests.',
            )
        return protocol

    return make


def noauth(global_conf: dict[str, str], **local: str) -> Filter:
    LOG.warning(
        'auth_strategy is noauth: the API trusts everybody who reaches it. '
        'Use it for tests only, or set auth_strategy = keystone.'
    )
    return NoAuth


def context(global_conf: dict[str, str], **local: str) -> Filter:
    roles = loading.runtime(global_conf).conf.admin_roles
    return lambda application: Context(application, roles)
