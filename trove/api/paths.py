# SPDX-License-Identifier: Apache-2.0
"""The path of a request as it was sent, and what no path may look like.

Clients and proxies resolve dot segments, and merge or strip slashes, each by
its own rules. So a path that anybody would rewrite reaches no route: what it
names depends on who looked at it last.
"""

from __future__ import annotations

from collections.abc import Iterable
import re
from typing import Any
from typing import TYPE_CHECKING
from urllib import parse

from oslo_context import context

from trove.api import errors
from trove.common import exception
from trove.common import text as texts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

#: By the scheme of a URL, the port that it need not name.
_PORTS = {'http': '80', 'https': '443'}

_AUTHORITY = re.compile(
    r'(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@?#\[\]]+)(:(?P<port>[0-9]{0,5}))?'
)

#: What some path of the API may be asked with.
_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

_NOT_FOUND = ('404 Not Found', errors.NO_RESOURCE)
_BAD = ('400 Bad Request',)

#: Characters of a path that are shown in an error.
_SHOWN = 200


class RawPath:
    """Routes by the path as it was sent, each segment quoted.

    A WSGI server decodes the path, and a name with ``%2F`` in it would fall
    apart into two segments. The servers that we know give the path as it was
    sent too; with any other one such a name is not found.

    :raises NotFound: the path has dot segments, empty ones, or a slash at
        its end
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        environ['PATH_INFO'] = '/'.join(
            parse.quote(segment, safe='') for segment in segments(environ)
        )
        return self.application(environ, start_response)


class Exact:
    """Serves an application at its own path and nowhere below."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ.get('PATH_INFO', '') not in ('', '/'):
            return _answer(environ, start_response, *_NOT_FOUND)
        try:
            check_target(environ)
            segments(environ)
        except exception.NotFound:
            return _answer(environ, start_response, *_NOT_FOUND)
        except exception.BadRequest as error:
            return _answer(environ, start_response, *_BAD, str(error))
        return self.application(environ, start_response)


def answer_no_path(
    environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    """Answer what no application is for, because it is no path, say.

    ``OPTIONS *`` asks the server itself what it takes (RFC 9110, section
    9.3.7), which some load balancers do to see that it lives.
    """
    target = _target(environ) or environ.get('PATH_INFO', '')
    if target == '*' and environ['REQUEST_METHOD'] == 'OPTIONS':
        start_response(
            '200 OK', [('Allow', _METHODS), ('Content-Length', '0')]
        )
        return [b'']
    try:
        check_target(environ)
    except exception.BadRequest as error:
        return _answer(environ, start_response, *_BAD, str(error))
    return _answer(environ, start_response, *_NOT_FOUND)


def _answer(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: str,
    text: str,
) -> list[bytes]:
    """Answer where no filter makes a fault of an error."""
    code = int(status[:3])
    body = errors.encode(code, errors.fault(code), text)
    start_response(
        status,
        [
            ('Content-Type', errors.JSON),
            ('Content-Length', str(len(body))),
            ('X-Openstack-Request-Id', context.generate_request_id()),
        ],
    )
    return [b'' if environ['REQUEST_METHOD'] == 'HEAD' else body]


def check_target(environ: WSGIEnvironment) -> None:
    """Return when the target is a path, or a URL of the host that is asked.

    Whoever stands in front of us may drop a fragment, or read a path out of
    what is no URL of this API (RFC 9112, section 3.2).

    :raises BadRequest: it is neither
    """
    target = _target(environ)
    if '#' in target:
        raise exception.BadRequest(
            f'The target {_show(target)} has a fragment. Send "#" as "%23" if '
            'it is part of a name; otherwise omit it.'
        )
    if not target or target.startswith('/'):
        return
    scheme, mark, rest = target.partition('://')
    port = _PORTS.get(scheme.lower())
    authority = re.split('[/?]', rest, maxsplit=1)[0]
    asked = _host(authority, port)
    named = _host(str(environ.get('HTTP_HOST', authority)).strip(), port)
    if not mark or port is None or asked is None or asked != named:
        raise exception.BadRequest(
            f'The target {_show(target)} does not belong to this API. Send a '
            'path such as "/v1.0", or a URL with the scheme http or https and '
            'the host in the header Host.'
        )


def _host(authority: str, default: str | None) -> tuple[Any, ...] | None:
    """Return host and port, None when it is not one.

    :param default: the port that is meant where none is named
    """
    found = _AUTHORITY.fullmatch(authority)
    return (found['host'].lower(), found['port'] or default) if found else None


def segments(environ: WSGIEnvironment) -> list[bytes]:
    """Return the segments of the path below ``SCRIPT_NAME``, decoded once.

    :raises NotFound: it is none that a route can have
    """
    script = environ.get('SCRIPT_NAME', '').encode('latin-1')
    decoded = environ.get('PATH_INFO', '').encode('latin-1')
    found: list[bytes] = decoded.split(b'/')
    _check(found, decoded)
    sent = _sent(environ)
    if sent is None:
        return found
    raw = [parse.unquote_to_bytes(segment) for segment in sent.split(b'/')]
    # The server in front may have resolved what is looked for.
    _check(raw, sent, root=not decoded.strip(b'/'))
    # Compared decoded to the end, for cheroot leaves %2F as it is. They
    # differ when something in front of us has rewritten the path.
    if parse.unquote_to_bytes(b'/'.join(raw)) != parse.unquote_to_bytes(
        script + decoded
    ):
        return found
    above = 1 + script.count(b'/')
    if script and raw[:above] != script.split(b'/'):
        # The server took a quoted slash for one between segments.
        raise exception.NotFound(
            f'The path {_show(sent.decode("latin-1"))} has an encoded slash '
            f'within {_show(script.decode("latin-1"))}, so there is no such '
            'resource. Send that slash unencoded.'
        )
    raw[1:above] = []
    return raw


def _target(environ: WSGIEnvironment) -> str:
    """Return the target of a request; empty when the server hides it."""
    return environ.get('REQUEST_URI') or environ.get('RAW_URI') or ''


def _sent(environ: WSGIEnvironment) -> bytes | None:
    """Return the path as it was sent; None when the server does not say."""
    target = _target(environ).encode('latin-1', 'replace')
    for mark in (b'#', b'?'):
        target = target.partition(mark)[0]
    if not target.startswith(b'/'):
        # The absolute form, which proxies are sent.
        rest = target.partition(b'://')[2]
        target = rest[rest.find(b'/') :] if b'/' in rest else b''
    return target or None


def _check(found: list[bytes], path: bytes, root: bool = False) -> None:
    """Return when no segment may mean anything but itself.

    :param root: whether the path may end in a slash
    :raises NotFound: naming the path
    """
    # As whoever decodes %2F sees them.
    parts = b'/'.join(found).split(b'/')[1:]
    if parts and not parts[-1] and (root or len(parts) == 1):
        parts.pop()
    if {b'', b'.', b'..'}.isdisjoint(parts):
        return
    raise exception.NotFound(
        f'The path {_show(path.decode("latin-1"))} has a segment that is '
        'empty, "." or "..", so there is no such resource. Omit such segments '
        'and a trailing slash; the API reference lists the paths.'
    )


def _show(text: str) -> str:
    return ascii(texts.start(text, _SHOWN))
