# SPDX-License-Identifier: Apache-2.0
"""Messages that are not taken: what their senders are told, and a record."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import logging
import time
from typing import Any
from typing import Literal
from typing import NoReturn
from typing import Protocol
from typing import runtime_checkable
from typing import Self
import uuid

import oslo_messaging

from trove.common import exception
from trove.common import masking
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc._released import encryption
from trove.common.rpc._released import probe
from trove.common.rpc._seal import envelope
from trove.common.rpc._seal import opener

LOG = logging.getLogger(__name__)

Cause = Literal[
    'version',
    'method',
    'arguments',
    'age',
    'unread',
    'seal',
    'replay',
    'size',
    'form',
    'limit',
    'downgrade',
]

#: With these it was no honest message. A later release may know more causes.
_HOSTILE = ('seal', 'replay', 'size', 'form', 'limit', 'downgrade')

#: Bytes of arguments beyond which they are not shown: so much is not kept.
_MOST_SHOWN = 65_536

_LONGEST_ID = 36


def new_id() -> str:
    return str(uuid.uuid4())


@dataclasses.dataclass(frozen=True)
class Rejection:
    """A message that its receiver could not take; nothing of it was done.

    :param peer: the instance whose guest received it, None for the services
    :param sender: the instance with whose key it was sealed, None for others
    :param method: as it was sent; whoever shows it is to expect anything
    :param cause: ``version``, ``method``, ``arguments``: from a sender of
        another release; ``age``: it waited too long; ``unread``: something
        failed here before it could be read, or told from a copy; ``seal``,
        ``replay``, ``size``, ``form``: broken, or from nobody who may send it;
        ``limit``: its sender sends too much; ``downgrade``: somebody has
        answered in the clear that the peer, which has sent what is sealed,
        does not know that
    :param reason: why, and what to do, for people
    :param arguments: in full, secrets included: only what :meth:`masked`
        gives may be shown or stored in the clear
    :param proven: it was opened with the key of who may send, or came in the
        clear where that is allowed; anybody may have written any other
    :param id: of the sealed message, so that copies are one; else its own
    :param time: of the rejection, in seconds since the epoch
    """

    interface: str
    peer: str | None
    sender: str | None
    method: str
    version: str
    kind: Literal['call', 'cast']
    cause: Cause
    reason: str
    arguments: dict[str, Any] = dataclasses.field(repr=False)
    request_id: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    proven: bool = False
    id: str = dataclasses.field(default_factory=new_id)
    time: float = dataclasses.field(default_factory=time.time)

    @property
    def honest(self) -> bool:
        """Whether it is of somebody who may send, as far as is known."""
        return self.cause not in _HOSTILE

    @property
    def replayable(self) -> bool:
        """Whether it makes sense to send it again, after an upgrade."""
        return self.kind == 'cast' and self.honest

    @property
    def instance_id(self) -> str | None:
        """The instance that it concerns, as far as that can be told."""
        if self.peer or self.sender:
            return self.peer or self.sender
        named = self.arguments.get('instance_id')
        if isinstance(named, str) and len(named) <= _LONGEST_ID:
            return named
        return None

    def masked(self) -> dict[str, Any]:
        """The arguments without secrets, or only their size; never fails."""
        if _message.is_deep(self.arguments):
            return _left_out(0)
        size = _message.size(self.arguments)
        if size > _MOST_SHOWN:
            return _left_out(size)
        masked: dict[str, Any] = masking.mask(self.arguments)
        return masked

    def without_arguments(self, size: int) -> Self:
        """Return it with nothing of its arguments but their size in bytes.

        The instance that they name is kept as well.

        :param size: 0 where they are nested too deeply to be measured
        """
        kept = _left_out(size)
        named = self.arguments.get('instance_id')
        if isinstance(named, str) and len(named) <= _LONGEST_ID:
            kept['instance_id'] = named
        return dataclasses.replace(self, arguments=kept)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; secrets included."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it of what :meth:`to_dict` gave, of another release as well.

        What only a later one knows is passed over.

        :raises TypeError: it did not give that
        """
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known})


#: Writes a rejection down; it must not raise.
Sink = Callable[[Rejection], None]


#: Takes back what was written down.
Settle = Callable[[], None]


@runtime_checkable
class Doubting(Protocol):
    """A sink that can write down what may be about to happen."""

    def doubt(self, rejection: Rejection) -> Settle:
        """Write it down, for good.

        :raises Exception: it is not written down
        """


def doubt(sink: object, rejection: Rejection) -> Settle:
    """Write down what may be about to happen, where a sink can do that.

    :raises Exception: it is not written down
    """
    return sink.doubt(rejection) if isinstance(sink, Doubting) else _nothing


def _nothing() -> None:
    pass


def _left_out(size: int) -> dict[str, Any]:
    return {'left out': size or 'nested too deeply'}


_UPGRADE = (
    '. Upgrade this service, then replay it: trove-rpc rejected replay'
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
        cause: Cause,
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
        self, message: _message.Message, error: opener.Unopened
    ) -> Cause:
        """The cause for which one is written down."""
        if not error.whole or message.kind == 'call':
            return error.cause
        named = message.context.get(encryption.SENDER, self._peer)
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
        'it could not be read, or checked for a replay, because of a local '
        f'failure: {error if ours else type(error).__name__}. Fix the failure '
        '(see the log of this service), check whether the message was carried '
        'out before, and if not, replay it: trove-rpc rejected replay',
        not_taken(),
    )


def again(
    interface: str, peer: str | None, queue: str, size: int
) -> Rejection:
    """Return what is left of a message if it ends who reads it again."""
    return Rejection(
        interface=interface,
        peer=peer,
        sender=None,
        method=_message.UNKNOWN,
        version=_message.UNKNOWN,
        # Nobody can send it again: what it says is not known.
        kind='call',
        cause='unread',
        reason=f'a message of {size} bytes in the queue {queue} was '
        'redelivered, and the process that read it ended before it was '
        'finished. The message is lost and is not redelivered. The logs of '
        'that process and its machine may show why it ended (for example out '
        'of memory); check who may publish to the queue, and repeat the '
        'requests that were not carried out. Then discard this record',
        arguments={},
    )


def given_up() -> Reject:
    """Return why a message is not carried out whose turn did not come."""
    return Reject(
        'unread',
        'the service was stopped before it processed the message. Check '
        'whether it is still wanted, and replay it: trove-rpc rejected replay',
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
    message: _message.Message,
    cause: Cause,
) -> bool:
    """Whether somebody only asks what is understood here.

    A probe ends where its version, method and arguments are looked at: what
    ends elsewhere is none, whatever it calls itself.
    """
    if message.kind != 'call' or cause not in _NEWER:
        return False
    if probe.NAME in (message.method, *message.arguments):
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
    message: _message.Message,
    rejected: Reject,
) -> Rejection:
    """Return what is to be written down."""
    newer = rejected.cause in _NEWER
    arguments = message.arguments
    if rejected.cause == 'unread' and not message.form:
        arguments = envelope.unopened(arguments, message.context)
    found = Rejection(
        interface=interface,
        peer=peer,
        sender=message.sender,
        method=message.method,
        version=message.version,
        kind=message.kind,
        cause=rejected.cause,
        reason=rejected.reason + (_UPGRADE if newer else ''),
        arguments=arguments,
        request_id=_message.text(message.context.get('request_id')),
        project_id=_message.text(message.context.get('project_id')),
        user_id=_message.text(message.context.get('user')),
        proven=bool(message.form),
        # Copies of one message are to be one record.
        id=new_id() if message.id is None else message.id,
    )
    deep = _message.is_deep(message.arguments)
    if deep or (arguments and not found.honest):
        # Nobody will send it again. To look through what strangers write for
        # secrets, and to store it, is work that they would choose.
        size = 0 if deep else _message.size(message.arguments)
        return found.without_arguments(size)
    return found


def write_down(
    sink: Sink, rejection: Rejection
) -> None:
    """Hand a rejection on; whatever becomes of it, nothing is raised."""
    try:
        sink(rejection)
    except Exception:
        LOG.exception(
            'Could not record the rejected message %s %r %s of request %r: '
            '%s. If it is still wanted, repeat the request.',
            rejection.interface,
            rejection.method,
            rejection.version,
            rejection.request_id,
            rejection.reason,
        )
