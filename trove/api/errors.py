# SPDX-License-Identifier: Apache-2.0
"""Error responses of the REST API.

Every error, whoever raised it, becomes ``{"<fault>": {"code": <status>,
"message": <text>}}`` with the key that released Trove uses for the status.
"""

from __future__ import annotations

import json
from typing import Any

import falcon
from oslo_db import exception as db_exception
from oslo_log import log
from sqlalchemy import exc as sqlalchemy_exception

from trove.common import exception
from trove.common import text as texts

LOG = log.getLogger(__name__)

JSON = 'application/json'

#: The text of a path without a route.
NO_RESOURCE = (
    'There is no such resource. The paths are listed in the API reference.'
)

#: The fault of a status that no class of ours stands for.
_FAULTS = {
    400: 'badRequest',
    401: 'unauthorized',
    403: 'forbidden',
    404: 'itemNotFound',
    405: 'badMethod',
    409: 'conflict',
    413: 'overLimit',
    414: 'badRequest',
    415: 'badMediaType',
    422: 'unprocessableEntity',
    429: 'overLimit',
    501: 'notImplemented',
    503: 'serviceUnavailable',
}

_UNREACHABLE = (
    db_exception.DBConnectionError,
    db_exception.DBDeadlock,
    sqlalchemy_exception.InterfaceError,
    sqlalchemy_exception.OperationalError,
    sqlalchemy_exception.TimeoutError,
)


def is_database_gone(error: BaseException | None) -> bool:
    """Return whether an error means that the database is unavailable."""
    while error is not None:
        if isinstance(error, _UNREACHABLE):
            return True
        inner = getattr(error, 'inner_exception', None)
        error = inner if inner is not error else None
    return False


def translate(error: Exception) -> exception.TroveError:
    """Return the error of Trove that stands for any exception.

    What is not meant for users is logged here and answered with a text that
    names nothing of the inside.
    """
    if isinstance(error, exception.TroveError):
        if error.code >= 500 and error.code != 501:
            LOG.error(
                'Request failed: %(error)s',
                {'error': error},
                exc_info=type(error) is exception.TroveError,
            )
        return error
    if is_database_gone(error):
        LOG.error(
            'The database is unavailable: %s. Check that it is running and '
            'that [database] connection is correct; requests succeed again as '
            'soon as it is back.',
            error,
        )
        return exception.ServiceUnavailable(what='The database')
    LOG.error('Request failed unexpectedly.', exc_info=error)
    return exception.TroveError(
        'An unexpected error occurred. Report the request ID in the header '
        'X-Openstack-Request-Id to the administrator.'
    )


def fault(code: int) -> str:
    """Return the key of the body of an error with this status."""
    return _FAULTS.get(code, 'badRequest' if code < 500 else 'instanceFault')


def body(code: int, key: str, message: str) -> dict[str, Any]:
    """Return the body of an error."""
    said = texts.printable(message, lines=True)
    return {key: {'code': code, 'message': said}}


def encode(code: int, key: str, message: str) -> bytes:
    """Return the body of an error as it travels."""
    return json.dumps(body(code, key, message)).encode()


def from_falcon(error: falcon.HTTPError) -> tuple[int, str, str]:
    """Return status, fault and text of an error of the framework."""
    code = error.status_code
    if code == 404:
        text = NO_RESOURCE
    elif code == 405:
        headers = error.headers
        allowed = headers.get('Allow') if isinstance(headers, dict) else ''
        text = f'The method is not allowed; allowed methods: {allowed}.'
    else:
        text = error.description or error.title or str(code)
    return code, fault(code), text
