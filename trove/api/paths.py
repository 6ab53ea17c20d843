# SPDX-License-Identifier: Apache-2.0
"""The path of a request as it was sent, and what no path may look like.

Clients and proxies resolve dot segments, and merge or strip slashes, each by
its own rules. So a path that anybody would rewrite reaches no route: what it
names depends on who looked at it last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib import parse

from trove.api import errors
from trove.common import exception

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

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
            return answer_not_found(start_response)
        try:
            segments(environ)
        except exception.NotFound:
            return answer_not_found(start_response)
        return self.application(environ, start_response)


def answer_not_found(start_response: StartResponse) -> list[bytes]:
    """Answer where no filter makes a fault of an error."""
    body = errors.encode(404, errors.fault(404), errors.NO_RESOURCE)
    start_response(
        '404 Not Found',
        [('Content-Type', errors.JSON), ('Content-Length', str(len(body)))],
    )
    return [body]


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
    raw[1 : 1 + script.count(b'/')] = []
    return raw


def _sent(environ: WSGIEnvironment) -> bytes | None:
    """Return the path as it was sent; None when the server does not say."""
    raw: str = environ.get('REQUEST_URI') or environ.get('RAW_URI') or ''
    target = raw.encode('latin-1', 'replace')
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
    shown = path.decode('latin-1')
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'
    raise exception.NotFound(
        f'The path {ascii(shown)} has a segment that is empty, "." or "..", '
        'so there is no such resource. Leave out such segments and a slash '
        'at the end; the paths are listed in the API reference.'
    )
