# SPDX-License-Identifier: Apache-2.0
"""Hands a message to oslo.messaging, and makes sense of what comes back."""

from __future__ import annotations

import logging
from typing import Any
from typing import NamedTuple
from typing import NoReturn

import oslo_messaging

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _endpoint
from trove.common.rpc import _interface
from trove.common.rpc import _rejection
from trove.common.rpc._broker import connection as broker
from trove.common.rpc._seal import sealer

LOG = logging.getLogger(__name__)

#: By these a peer says that it does not know a message; nothing was run.
_REFUSALS = (
    'UnsupportedVersion',
    'NoSuchMethod',
    _endpoint.ArgumentsRefused.__name__,
)


#: Unencrypted errors of a peer for a sealed message; nothing was run.
_UNSEALED = (*_REFUSALS, _rejection.NotTaken.__name__)


class Refused(Exception):
    """The peer does not know the version, the method or an argument."""


class To(NamedTuple):
    """Destination of a message.

    :param version: on the wire
    :param timeout: seconds to wait for the reply; None: there is none
    """

    interface: _interface.Interface
    peer: str | None
    topic: str
    version: str
    timeout: float | None

    @property
    def who(self) -> str:
        return self.interface.describe(self.peer)


def send(
    connection: broker.Connection,
    to: To,
    method: _contract.Method,
    request: sealer.Request,
) -> Any:
    """Send a request; return the reply as it came, None if there is none.

    :raises Refused: the peer does not know it; nothing was run
    :raises trove.common.exception.SealError: anybody may have sent the reply
    :raises trove.common.exception.TroveError: see :class:`Client`
    """
    client = connection.prepared(
        to.interface.name, to.topic, to.version, to.timeout
    )
    sent = False
    try:
        if to.timeout is None:
            client.cast(request.context, method.name, **request.arguments)
            return None
        connection.reach()
        sent = True
        return client.call(request.context, method.name, **request.arguments)
    except oslo_messaging.MessagingTimeout:
        raise exception.PeerTimeout(
            peer=to.who, method=method.name, timeout=to.timeout
        ) from None
    except oslo_messaging.MessageUndeliverable:
        raise exception.PeerUnreachable(
            peer=to.who, method=method.name
        ) from None
    except oslo_messaging.RemoteError as error:
        _believe(to, request, str(error.exc_type))
        fail(to, method, str(error.exc_type), str(error.value))
    except Exception as error:  # noqa: BLE001
        _failed(connection, to, method, request, error, sent)


def _failed(
    connection: broker.Connection,
    to: To,
    method: _contract.Method,
    request: sealer.Request,
    error: Exception,
    sent: bool,
) -> NoReturn:
    built_in = type(error).__module__ == 'builtins'
    if built_in and to.timeout is not None:
        # oslo.messaging makes the built-in exceptions of the peer anew;
        # their text goes on with the peer's traceback.
        text = str(error).partition('\n')[0]
        _believe(to, request, type(error).__name__)
        fail(to, method, type(error).__name__, text)
    if built_in or isinstance(error, exception.TroveError):
        raise error
    if not connection.note(error):
        LOG.error(
            'The message broker did not accept %s %s: %s. Check that it is '
            'running and that transport_url, and [oslo_messaging_rabbit] ssl '
            'for its port, are correct.',
            to.interface.name,
            method.name,
            error,
        )
    if sent:
        raise exception.NotConfirmed(
            peer=to.who, method=method.name
        ) from error
    raise exception.ServiceUnavailable(what='The message broker') from error


def _believe(to: To, request: sealer.Request, remote_type: str) -> None:
    """Check that an unencrypted failure may come from the peer.

    :raises trove.common.exception.SealError: anybody may have said that
    """
    if request.form == 'sealed' and remote_type not in _UNSEALED:
        raise exception.SealError(
            reason=f'The {to.who} may have carried out {request.method}, but '
            f'its failure ({remote_type[:80]!r}) was not sealed, so anybody '
            'may have sent it. Check the log of the peer; if it has no such '
            'error, find out who else has access to the message broker.'
        )


def fail(
    to: To, method: _contract.Method, remote_type: str, text: str
) -> NoReturn:
    """Raise what a peer's failure means here.

    :raises Refused: it did not know the message; nothing was run
    """
    if remote_type in _REFUSALS:
        raise Refused
    known = getattr(exception, remote_type, None)
    if isinstance(known, type) and issubclass(known, exception.TroveError):
        raise known(text)
    raise exception.PeerError(
        peer=to.who,
        method=method.name,
        remote_type=remote_type,
        reason=text,
    )
