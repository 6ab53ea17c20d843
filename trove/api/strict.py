# SPDX-License-Identifier: Apache-2.0
"""Parser of the HTTP request header, stricter than that of waitress.

Where a proxy and the server behind it may read the same bytes in two ways
(RFC 9112, sections 5.1, 5.2, 6.1 and 11.2), the request is refused. So is
what costs more than a request of a client of Trove ever needs.
"""

from __future__ import annotations

import re
from typing import Any

from waitress import parser
from waitress import utilities

from trove.common import exception

#: Lines of a header; released clients send some ten.
_MOST_LINES = 100

#: Bytes of what is between the method and the version.
_MAX_TARGET_BYTES = 8192

#: Digits of a length; int() refuses to read a very long number.
_MOST_DIGITS = 18

_Fields = dict[bytes, list[bytes]]

_CONTROL = re.compile(r'[\x00-\x20\x7f]')
_HOST = re.compile(r'[^\s,/@?#]*')

_BadRequest: Any = utilities.BadRequest


class RequestTimeout(_BadRequest):  # type: ignore[misc]
    code = 408
    reason = 'Request Timeout'

    def __init__(self) -> None:
        super().__init__('it was not complete in time')


class _TargetTooLong(_BadRequest):  # type: ignore[misc]
    code = 414
    reason = 'URI Too Long'


class _ExpectationFailed(_BadRequest):  # type: ignore[misc]
    code = 417
    reason = 'Expectation Failed'


class _TooManyLines(_BadRequest):  # type: ignore[misc]
    code = 431
    reason = 'Request Header Fields Too Large'


class _UnknownVersion(_BadRequest):  # type: ignore[misc]
    code = 505
    reason = 'HTTP Version Not Supported'


class _Refused(parser.ParsingError):  # type: ignore[misc]
    def __init__(self, error: Any) -> None:
        super().__init__(error.body)
        self.error = error


class Parser(parser.HTTPRequestParser):  # type: ignore[misc]
    """Reads a request; ``error`` says why it is refused."""

    #: waitress has neither until the header was read.
    path = ''
    command = ''

    _refusal: Any = None

    def refuse(self, error: Any) -> None:
        """Read no more of it."""
        self.error = error
        self.completed = True
        self.expect_continue = False

    def received(self, data: bytes) -> int:
        consumed = int(super().received(data))
        if self._refusal is not None:
            self.error = self._refusal
        if self.error is not None or self.body_rcv is None:
            # Nothing more is asked for.
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            lines = header_plus.split(b'\r\n')
            _check_lines(lines)
            fields = _fields(lines[1:])
            self._read(header_plus)
            self._check(fields)
        except _Refused as refused:
            self._refusal = refused.error
            raise

    def _read(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            _bad('its target is not a URL')

    def _check(self, fields: _Fields) -> None:
        if self.version not in ('1.0', '1.1'):
            raise _Refused(_UnknownVersion('only 1.0 and 1.1 are supported'))
        if _CONTROL.search(self.request_uri):
            _bad('its target contains a control character')
        encoding = fields.get(b'transfer-encoding')
        if encoding is not None:
            if self.version == '1.0':
                _bad('HTTP/1.0 has no Transfer-Encoding')
            if b'content-length' in fields:
                _bad('it has both Content-Length and Transfer-Encoding')
            if encoding != [b'chunked']:
                _bad('its Transfer-Encoding is not just chunked')
        if self.headers.get('EXPECT', '').lower() not in ('', '100-continue'):
            raise _Refused(_ExpectationFailed(''))
        host = self.headers.get('HOST')
        if host is None and self.version == '1.1':
            _bad('it has no Host')
        if host is not None and not _HOST.fullmatch(host):
            _bad('its Host is invalid')


def _bad(text: str) -> None:
    raise _Refused(_BadRequest(text))


def _fields(lines: list[bytes]) -> _Fields:
    """Return the values of each header, as often as it was sent."""
    fields: _Fields = {}
    for line in lines:
        name, _, value = line.partition(b':')
        fields.setdefault(name.lower(), []).append(value.strip().lower())
    for known in (b'host', b'content-length', b'transfer-encoding'):
        if len(fields.get(known, ())) > 1:
            _bad(f'it has more than one {known.decode().title()}')
    for length in fields.get(b'content-length', ()):
        if length.isdigit() and len(length) > _MOST_DIGITS:
            raise _Refused(utilities.RequestEntityTooLarge(''))
    return fields


def _check_lines(lines: list[bytes]) -> None:
    if len(lines) > _MOST_LINES:
        raise _Refused(_TooManyLines(f'it has more than {_MOST_LINES} lines'))
    if len(lines[0]) > _MAX_TARGET_BYTES:
        raise _Refused(
            _TargetTooLong(f'it is longer than {_MAX_TARGET_BYTES} bytes')
        )
    if any(line[:1] in (b' ', b'\t') for line in lines[1:]):
        _bad('a line of its header is folded')


def explain(error: Any, header: int, body: int) -> str:
    """Return what the client is told.

    :param header: bytes that the header may have
    :param body: bytes that the body may have
    """
    # waitress quotes what was sent, which may be a token.
    what = str(error.body).partition('"')[0].strip()
    match int(error.code):
        case 400:
            return f'The request is not valid HTTP: {what}.'
        case 408:
            return f'The request was aborted: {what}.'
        case 413:
            return str(exception.BodyTooLarge(limit=body))
        case 414:
            return f'The URL is too long: {what}.'
        case 417:
            return (
                'The header Expect is not 100-continue, the only supported '
                'value; omit it.'
            )
        case 431 if not isinstance(error, _TooManyLines):
            return f'The header of the request is larger than {header} bytes.'
        case 431:
            return f'The header of the request is too large: {what}.'
        case 501:
            return (
                'The Transfer-Encoding is not supported; send "chunked", or '
                'a Content-Length.'
            )
        case 505:
            return f'The version of HTTP is not supported: {what}.'
    return 'An unexpected error occurred. Repeat the request later.'
