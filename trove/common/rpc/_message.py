# SPDX-License-Identifier: Apache-2.0
"""Received messages, parsed within limits.

oslo.messaging and kombu read what comes without any: they unpack what is
compressed, with any codec that is installed, and JSON of any depth, in any
character set. Everybody who has an account at the broker can send that.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import json
import marshal
import math
from typing import Any
from typing import Literal
from typing import TypeGuard

from trove.common import text as texts
from trove.common.rpc import _limits

UNKNOWN = 'unknown'

#: Entry of a context, between peers of ours: the latest revision of the
#: interface that the sender knows. It is counted, and nothing follows from it.
REVISION = 'rpc_revision'

#: Levels of lists and objects beyond which a message is not read. Much of
#: what has to do with it, here and elsewhere, goes down level by level.
_DEEPEST = 100

#: Values, or names with values, in one message. Each takes some 100 bytes.
MOST_VALUES = 262_144

#: Digits of a number, with sign, point and exponent.
MOST_DIGITS = 40

#: Bytes that a value takes besides its text, about.
_OF_A_VALUE = 100

#: Characters of a failure that a peer reports.
_MOST_OF_A_FAILURE = 16_384
_MOST_OF_A_NAME = 255

#: Remedy for messages of unknown senders.
WHO = 'Find out who else has access to the message broker'

_VERSION, _MESSAGE = 'oslo.version', 'oslo.message'
_CONTEXT = '_context_'

#: Fields that oslo.messaging uses without validation.
_NAMES = ('_msg_id', '_reply_q', '_unique_id')

#: The beginning of the names of all queues for replies.
_REPLIES = 'reply_'

#: Names of exceptions and texts in what oslo.messaging reports of a failure.
_FAILURE = {
    'class': _MOST_OF_A_NAME,
    'module': _MOST_OF_A_NAME,
    'message': _MOST_OF_A_FAILURE,
}


class Unreadable(ValueError):
    """This is no message; the text says what is wrong with it.

    :ivar counted: what it counts as, where the cause says too little
    """

    def __init__(
        self, cause: Literal['size', 'form'], reason: str, counted: str = ''
    ) -> None:
        super().__init__(reason)
        self.cause: Literal['size', 'form'] = cause
        self.counted = counted or cause


def properties(said: Mapping[str, Any]) -> None:
    """Hold what AMQP says of a body against what is read.

    :raises Unreadable: it is not plain JSON
    """
    if (said.get('application_headers') or {}).get('compression'):
        raise Unreadable(
            'form',
            'malformed message: compressed, which is not supported',
            'compressed',
        )
    if said.get('content_type') != 'application/json':
        raise Unreadable(
            'form', 'malformed message: the content type is not JSON', 'type'
        )
    encoding = said.get('content_encoding')
    if not isinstance(encoding, str) or encoding.lower() != 'utf-8':
        raise Unreadable(
            'form', 'malformed message: the encoding is not UTF-8', 'encoding'
        )


def unpack(body: bytes | str) -> tuple[dict[str, Any], int]:
    """Read the body of a message or a reply, as oslo.messaging writes it.

    :returns: what is in the envelope, and about how many bytes it takes
    :raises Unreadable: it is none
    """
    try:
        content, count = _unwrap(body)
        _check(content)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001
        # Whatever it stumbles over would come again.
        raise Unreadable(
            'form',
            f'malformed message: parsing failed ({type(error).__name__})',
        ) from None
    return content, len(body) + count * _OF_A_VALUE


def _unwrap(body: bytes | str) -> tuple[dict[str, Any], int]:
    content, count = _object(body)
    if _VERSION in content and _MESSAGE in content:
        if content[_VERSION] != '2.0':
            raise Unreadable(
                'form',
                'malformed message: unsupported version of the envelope',
            )
        content, count = _object(content[_MESSAGE])
        if _VERSION in content and _MESSAGE in content:
            raise Unreadable('form', 'malformed message: nested envelope')
    return content, count


def loads(text: str) -> Any:
    """Read JSON that may be of anybody.

    :raises Unreadable: it is none, nested too deeply, or has too much in it
    """
    if _count(text) > MOST_VALUES:
        raise Unreadable(
            'size', f'message with more than {MOST_VALUES} values'
        )
    try:
        value = _decode(text)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable('form', 'malformed message: invalid JSON') from None
    if isinstance(value, dict | list) and is_deep(value):
        raise Unreadable('form', 'malformed message: nested too deeply')
    return value


def _object(text: object) -> tuple[dict[str, Any], int]:
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise Unreadable(
                'form', 'malformed message: invalid UTF-8'
            ) from None
    if not isinstance(text, str):
        raise Unreadable('form', 'malformed message: not a text')
    value = loads(text)
    if not isinstance(value, dict):
        raise Unreadable('form', 'malformed message: not a JSON object')
    return value, _count(text)


def _count(text: str) -> int:
    """The most values that a text of JSON may have."""
    return text.count(',') + text.count('[') + text.count('{')


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable(
            'form', 'malformed message: an object has a key twice'
        )
    return found


def _int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise Unreadable(
            'form', 'malformed message: a number has too many digits'
        )
    return int(text)


def _float(text: str) -> float:
    if len(text) > MOST_DIGITS or not math.isfinite(value := float(text)):
        raise Unreadable('form', 'malformed message: a number is too large')
    return value


def _constant(text: str) -> None:
    raise Unreadable('form', 'malformed message: a number is NaN or infinite')


_decode = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_int,
    parse_float=_float,
    parse_constant=_constant,
).decode


def _check(content: dict[str, Any]) -> None:
    """Reject fields that would break oslo.messaging."""
    for name in _NAMES:
        value = content.get(name)
        if value is not None and not (
            isinstance(value, str) and len(value) <= _MOST_OF_A_NAME
        ):
            raise Unreadable('form', f'malformed message: invalid {name}')
    asks = content.get('_reply_q')
    if asks is not None and not asks.startswith(_REPLIES):
        # Other processes would accept such a reply as ours.
        raise Unreadable(
            'form', 'malformed message: it requests a reply to another queue'
        )
    timeout = content.get('_timeout')
    if timeout is not None and not isinstance(timeout, int | float):
        raise Unreadable('form', 'malformed message: invalid _timeout')
    if f'{_CONTEXT}self' in content:
        raise Unreadable('form', 'malformed message: invalid context')
    if content.get('failure') is not None:
        content['failure'] = _failure(content['failure'])


def _failure(text: object) -> str:
    """A failure that a peer reports, with as much of it as is of use."""
    said, _ = _object(text)
    kept = {}
    for name, most in _FAILURE.items():
        value = said.get(name)
        if not isinstance(value, str):
            raise Unreadable('form', 'malformed message: invalid failure')
        kept[name] = value[:most]
    return json.dumps(kept)


@dataclasses.dataclass(slots=True)
class Message:
    """Facts about a message, filled in during its dispatch.

    :param id: of a sealed one, when it may be a copy
    :param payer: whose turn it is that is to be given back
    """

    kind: Literal['call', 'cast']
    method: str = UNKNOWN
    version: str = UNKNOWN
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    context: dict[str, Any] = dataclasses.field(default_factory=dict)
    sender: str | None = None
    form: str = ''
    id: str | None = None
    payer: _limits.Payer | None = None


def size(value: Any) -> int:
    """About how many bytes a value of JSON has."""
    try:
        # The fastest way to walk through it.
        return len(marshal.dumps(value))
    except ValueError:
        # Nested too deeply, or no value of JSON.
        return len(repr(value))


def is_deep(value: Any) -> bool:
    """Whether a value of JSON is nested more deeply than anything honest."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list, tuple))
        ]
        if not level:
            return False
    return True


def text(value: object) -> str | None:
    """The beginning of a text, None when it is none."""
    return texts.printable(value[:64]) if isinstance(value, str) else None


class Malformed(ValueError):
    """This is no message; the text says what is wrong with it."""


def load(text: object) -> Any:
    """Read JSON.

    :raises Malformed: it is none
    """
    if not isinstance(text, str):
        raise Malformed('malformed message: not a text')
    try:
        return loads(text)
    except Unreadable as error:
        raise Malformed(str(error)) from None


def load_object(text: object) -> dict[str, Any]:
    """Read JSON that is an object.

    :raises Malformed: it is none
    """
    values = load(text)
    if not isinstance(values, dict):
        raise Malformed('malformed message: not a JSON object')
    return values


def is_name(value: object) -> TypeGuard[str]:
    """Whether it may be the name of something, for instance an identifier.

    JSON can hold text that no encoding has, which neither a database nor a
    cipher takes.
    """
    return (
        isinstance(value, str)
        and value.isascii()
        and len(value) <= _MOST_OF_A_NAME
    )
