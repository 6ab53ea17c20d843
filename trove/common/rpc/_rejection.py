# SPDX-License-Identifier: Apache-2.0
"""What a receiver could not take, and where that is written down."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import time
from typing import Any
from typing import Literal
from typing import Protocol
from typing import runtime_checkable
from typing import Self
import uuid

from trove.common import masking
from trove.common.rpc import _incoming

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
        if _incoming.is_deep(self.arguments):
            return _left_out(0)
        size = _incoming.size(self.arguments)
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
