# SPDX-License-Identifier: Apache-2.0
"""What becomes of a message that is not taken: for its sender, and here."""

from __future__ import annotations

from collections.abc import Iterable
import logging
from typing import Any
from typing import NoReturn

import oslo_messaging

from trove.common import exception
from trove.common.rpc import _forms
from trove.common.rpc import _incoming
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _opening
from trove.common.rpc import _probe
from trove.common.rpc import _rejection

LOG = logging.getLogger(__name__)

_UPGRADE = (
    '. Upgrade this service, then send it again: trove-rpc rejected replay'
)

#: With these it was sent by a newer release.
_NEWER = ('version', 'method', 'arguments')

#: Of messages in the released form that nobody has tried to open, so many of
#: a sender are kept in full within an hour: an operator may permit them yet.
_MOST_WHOLE = 20


class Reject(Exception):
    """Ends the way of a message that cannot be taken.

    :param error: what a sender that waits is told
    :param answer: the same, sealed; None where that cannot be
    :param counted: what it counts as, where the cause says too little
    """

    def __init__(
        self,
        cause: _rejection.Cause,
        reason: str,
        error: Exception,
        answer: Any | None = None,
        counted: str = '',
    ) -> None:
        super().__init__(reason)
        self.counted = counted or cause
        self.cause = cause
        self.reason = reason
        self.error = error
        self.answer = answer


class Unopened:
    """Says what becomes of messages that were not opened.

    :param peer: the instance whose guest this is, None for the services
    """

    def __init__(self, peer: str | None) -> None:
        self._peer = peer
        self._whole = _limits.Limit(lambda: _MOST_WHOLE)

    def cause(
        self, message: _incoming.Message, error: _opening.Unopened
    ) -> _rejection.Cause:
        """The cause for which one is written down."""
        if not error.whole or message.kind == 'call':
            return error.cause
        named = message.context.get(_forms.SENDER, self._peer)
        return 'unread' if self._whole.take(str(named)) else error.cause


class NotTaken(Exception):
    """A sender is told by it that its message was not taken."""


def not_taken() -> Exception:
    """Return what senders are told: no more, for they may be no friends."""
    return NotTaken('The message was not taken.')


def failed(error: Exception) -> Reject:
    """Something of ours failed: the message may well be honest."""
    ours = isinstance(error, exception.TroveError)
    return Reject(
        'unread',
        'it could not be read, or told from a copy, because something '
        f'failed here: {error if ours else type(error).__name__}. Repair '
        'that (the log of this service says more), look whether it was '
        'carried out before, and if not, send it again: trove-rpc '
        'rejected replay',
        not_taken(),
    )


def again(
    interface: str, peer: str | None, queue: str, size: int
) -> _rejection.Rejection:
    """Return what is left of a message if it ends who reads it again."""
    return _rejection.Rejection(
        interface=interface,
        peer=peer,
        sender=None,
        method=_incoming.UNKNOWN,
        version=_incoming.UNKNOWN,
        # Nobody can send it again: what it says is not known.
        kind='call',
        cause='unread',
        reason=f'a message of {size} bytes in the queue {queue} came a second '
        'time, and who read it has ended before that was done. It is gone, '
        'and does not come again. The log of that process, and of its '
        'machine, may say why it ended (out of memory, for instance); see '
        'who may publish there, and ask anew for what was not done. Then '
        'discard this',
        arguments={},
    )


def given_up() -> Reject:
    """Return why a message is not carried out whose turn did not come."""
    return Reject(
        'unread',
        'the service was stopped before its turn came. Look whether it is '
        'still wanted, and send it again: trove-rpc rejected replay',
        not_taken(),
    )


def tell(error: Exception) -> NoReturn:
    """Answer with an error, and nothing of where in here it was raised."""
    error.__cause__ = error.__context__ = None
    expected = oslo_messaging.ExpectedException()
    expected.exc_info = (type(error), error, None)
    raise expected


def is_probe(
    interfaces: Iterable[_interface.Interface],
    message: _incoming.Message,
    cause: _rejection.Cause,
) -> bool:
    """Whether somebody only asks what is understood here.

    A probe ends where its version, method and arguments are looked at: what
    ends elsewhere is none, whatever it calls itself.
    """
    if message.kind != 'call' or cause not in _NEWER:
        return False
    if _probe.NAME in (message.method, *message.arguments):
        return True
    said = [message.method, *message.arguments]
    return any(
        revision.probe is not None
        and said == [revision.probe.method, revision.probe.argument]
        for interface in interfaces
        for revision in interface.history
    )


def rejection(
    interface: str,
    peer: str | None,
    message: _incoming.Message,
    rejected: Reject,
) -> _rejection.Rejection:
    """Return what is to be written down."""
    newer = rejected.cause in _NEWER
    arguments = message.arguments
    if rejected.cause == 'unread' and not message.form:
        arguments = _forms.unopened(arguments, message.context)
    found = _rejection.Rejection(
        interface=interface,
        peer=peer,
        sender=message.sender,
        method=message.method,
        version=message.version,
        kind=message.kind,
        cause=rejected.cause,
        reason=rejected.reason + (_UPGRADE if newer else ''),
        arguments=arguments,
        request_id=_incoming.text(message.context.get('request_id')),
        project_id=_incoming.text(message.context.get('project_id')),
        user_id=_incoming.text(message.context.get('user')),
        proven=bool(message.form),
        # Copies of one message are to be one record.
        id=_rejection.new_id() if message.id is None else message.id,
    )
    deep = _incoming.is_deep(message.arguments)
    if deep or (arguments and not found.honest):
        # Nobody will send it again. To look through what strangers write for
        # secrets, and to store it, is work that they would choose.
        size = 0 if deep else _incoming.size(message.arguments)
        return found.without_arguments(size)
    return found


def write_down(
    sink: _rejection.Sink, rejection: _rejection.Rejection
) -> None:
    """Hand a rejection on; whatever becomes of it, nothing is raised."""
    try:
        sink(rejection)
    except Exception:
        LOG.exception(
            'Could not write down that %s %r %s of request %r could not be '
            'taken: %s. If it is still wanted, ask for it anew.',
            *(rejection.interface, rejection.method, rejection.version),
            *(rejection.request_id, rejection.reason),
        )
